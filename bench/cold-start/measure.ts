/**
 * One cold start: from spawning the process to its reply to a first event. CPU time and memory are the kernel's,
 * because wall time on a shared machine says little.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../infra/lab/ports.ts";
import { podEvent } from "../group.ts";

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

/** CPU time of all threads, https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat */
const cpuMsOf = async (pid: number): Promise<number> => {
  const threads = await readdir(`/proc/${pid}/task`);
  const texts = await Promise.all(
    threads.map(async (thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, "utf8")),
  );
  return texts.reduce((sum, text) => sum + Number(text.split(" ", 1)[0]), 0) / 1e6;
};

const rssMiBOf = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
};

const firstSuccess = async (port: number, agent: Agent, child: ChildProcess): Promise<void> => {
  const deadline = performance.now() + START_DEADLINE_MS;
  while (performance.now() < deadline && child.exitCode === null) {
    // oxlint-disable-next-line no-await-in-loop -- polling
    const status = await post(port, agent);
    if (status !== undefined && status < 300) return;
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

/** Starts the script with this environment and PORT added, and ends it. Linux only. */
export const measureColdStart = async (
  script: string,
  environment: Readonly<Record<string, string>>,
): Promise<ColdStart> => {
  const port = await freePort();
  const agent = new Agent({ keepAlive: true });
  const startedAt = performance.now();
  const child = spawn(process.execPath, [script], {
    env: { ...environment, PORT: String(port) },
    stdio: ["ignore", "ignore", "inherit"],
  });
  try {
    await firstSuccess(port, agent, child);
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
