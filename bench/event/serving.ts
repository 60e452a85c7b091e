/** A process that takes events, and a client that posts them as the sources do: over connections that are kept open. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../infra/lab/ports.ts";
import type { BenchEvent } from "../group.ts";

export interface Serving {
  readonly pid: number;
  /** The status of the reply. Rejects without one. */
  post(event: BenchEvent): Promise<number>;
  stop(): Promise<void>;
}

const START_DEADLINE_MS = 20_000;
const POLL_MS = 20;

const untilListening = async (port: number, child: ChildProcess): Promise<void> => {
  const deadline = performance.now() + START_DEADLINE_MS;
  while (performance.now() < deadline && child.exitCode === null) {
    // oxlint-disable-next-line no-await-in-loop -- polling
    const answer = await fetch(`http://127.0.0.1:${port}/health/liveness`).catch(() => undefined);
    if (answer?.ok === true) return;
    // oxlint-disable-next-line no-await-in-loop -- polling
    await sleep(POLL_MS);
  }
  throw new Error(`not live within ${START_DEADLINE_MS} ms, exit code ${child.exitCode}`);
};

/** Starts the script with PORT added to its environment; resolves when it is live. `connections`: at most. */
export const startServing = async (
  script: string,
  environment: Readonly<Record<string, string>>,
  connections: number,
): Promise<Serving> => {
  const port = await freePort();
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const child = spawn(process.execPath, [script], {
    env: { ...environment, PORT: String(port) },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const stop = async (): Promise<void> => {
    agent.destroy();
    if (child.exitCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  try {
    await untilListening(port, child);
  } catch (error) {
    await stop();
    throw error;
  }
  const post = ({ headers, body }: BenchEvent): Promise<number> =>
    new Promise((resolve, reject) => {
      const length = { "content-length": Buffer.byteLength(body) };
      const options = { host: "127.0.0.1", port, method: "POST", agent, headers: { ...headers, ...length } };
      const call = request(options, (response) => {
        response.resume().once("end", () => resolve(response.statusCode ?? 0));
      });
      call.once("error", reject);
      call.end(body);
    });
  return { pid: child.pid ?? 0, post, stop };
};
