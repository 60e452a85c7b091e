/** A process that takes events, and a client that posts them as the sources do: over connections that are kept open. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { poll } from "../infra/lab/poll.ts";
import { freePort } from "../infra/lab/ports.ts";
import type { BenchEvent } from "./group.ts";

export interface Serving {
  readonly pid: number;
  /** Ends with a slash. */
  readonly url: string;
  /** performance.now() just before the process was started. */
  readonly begunAt: number;
  /** The status of the reply. Rejects without one. */
  post(event: BenchEvent): Promise<number>;
  /** Resolves once it is so. @throws when the process has ended, and after 20 s. */
  until(isSo: () => boolean | Promise<boolean>, everyMs: number): Promise<void>;
  stop(): Promise<void>;
}

const startDeadlineMs = 20_000;
const pollMs = 20;

/** Starts the script with PORT added to its environment; it may not listen yet. `connections`: at most. */
export const spawnServing = async (
  script: string,
  environment: Readonly<Record<string, string>>,
  connections: number,
): Promise<Serving> => {
  const port = await freePort();
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const begunAt = performance.now();
  const child = spawn(process.execPath, [script], {
    env: { ...environment, PORT: String(port) },
    stdio: ["ignore", "ignore", "inherit"],
  });
  return {
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${port}/`,
    begunAt,
    post: ({ headers, body }) =>
      new Promise((resolve, reject) => {
        const length = { "content-length": Buffer.byteLength(body) };
        const options = { host: "127.0.0.1", port, method: "POST", agent, headers: { ...headers, ...length } };
        const call = request(options, (response) => {
          response.resume().once("end", () => resolve(response.statusCode ?? 0));
        });
        call.once("error", reject);
        call.end(body);
      }),
    until: async (isSo, everyMs) => {
      const probe = async (): Promise<true | undefined> => {
        if (child.exitCode !== null) throw new Error(`${script} ended with exit code ${child.exitCode}`);
        return (await isSo()) ? true : undefined;
      };
      await poll(probe, { what: `${script} is as it should be`, everyMs, deadlineMs: startDeadlineMs });
    },
    stop: async () => {
      agent.destroy();
      if (child.exitCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
};

/** As `spawnServing`; resolves when it is live. */
export const startServing = async (
  script: string,
  environment: Readonly<Record<string, string>>,
  connections: number,
): Promise<Serving> => {
  const serving = await spawnServing(script, environment, connections);
  const isLive = async (): Promise<boolean> => {
    const answer = await fetch(new URL("health/liveness", serving.url)).catch(() => undefined);
    return answer?.ok === true;
  };
  try {
    await serving.until(isLive, pollMs);
    return serving;
  } catch (error) {
    await serving.stop();
    throw error;
  }
};
