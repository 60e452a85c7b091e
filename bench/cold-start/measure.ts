/**
 * One cold start: from spawning the process until a first event was replied to and its work is done. CPU time and memory are
 * the kernel's, because wall time on a shared machine says little.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../infra/lab/ports.ts";
import { podEvent } from "../group.ts";
import { cpuMsOf, rssMiBOf } from "../process.ts";

const START_DEADLINE_MS = 20_000;
const POLL_MS = 1;

export interface ColdStart {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly rssMiB: number;
  readonly secondEventMs: number;
}

/** The status of the reply; undefined when nothing listens yet. */
const post = async (port: number, agent: Agent): Promise<number | undefined> => {
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const call = request({ port, host: "127.0.0.1", method: "POST", agent, headers: podEvent.headers }, (response) => {
    response.resume();
    response.once("end", () => resolve(response.statusCode));
  });
  call.once("error", () => resolve(undefined));
  call.end(podEvent.body);
  return promise;
};

const until = async (isSo: () => boolean | Promise<boolean>, child: ChildProcess): Promise<void> => {
  const deadline = performance.now() + START_DEADLINE_MS;
  while (performance.now() < deadline && child.exitCode === null) {
    // oxlint-disable-next-line no-await-in-loop -- polling
    if (await isSo()) return;
    // oxlint-disable-next-line no-await-in-loop -- polling
    await sleep(POLL_MS);
  }
  throw new Error(`no success within ${START_DEADLINE_MS} ms, exit code ${child.exitCode}`);
};

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
};

export interface Start {
  readonly script: string;
  /** PORT is added. */
  readonly environment: Readonly<Record<string, string>>;
  /** What the event has to lead to beyond its reply. */
  readonly isDone: () => boolean;
}

/** Starts the script, and ends it. Linux only. */
export const measureColdStart = async ({ script, environment, isDone }: Start): Promise<ColdStart> => {
  const port = await freePort();
  const agent = new Agent({ keepAlive: true });
  const startedAt = performance.now();
  const child = spawn(process.execPath, [script], {
    env: { ...environment, PORT: String(port) },
    stdio: ["ignore", "ignore", "inherit"],
  });
  try {
    await until(async () => ((await post(port, agent)) ?? Number.POSITIVE_INFINITY) < 300, child);
    await until(isDone, child);
    const wallMs = performance.now() - startedAt;
    const pid = child.pid ?? 0;
    const [cpuMs, rssMiB] = await Promise.all([cpuMsOf(pid), rssMiBOf(pid)]);
    const secondEventMs = await timed(async () => post(port, agent));
    return { wallMs, cpuMs, rssMiB, secondEventMs };
  } finally {
    agent.destroy();
    if (child.exitCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  }
};
