/**
 * One cold start: from spawning the process until a first event was replied to and its work is done. CPU time and memory are
 * the kernel's, because wall time on a shared machine says little.
 */
import { podEvent } from "../group.ts";
import { cpuMsOf, rssMiBOf } from "../process.ts";
import { spawnServing } from "../serving.ts";

const POLL_MS = 1;

export interface ColdStart {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly rssMiB: number;
  readonly secondEventMs: number;
}

export interface Start {
  readonly script: string;
  /** PORT is added. */
  readonly environment: Readonly<Record<string, string>>;
  /** What the event has to lead to beyond its reply. */
  readonly isDone: () => boolean;
}

/** Starts the script, and ends it. Linux only. */
export const measureColdStart = async ({ script, environment, isDone }: Start): Promise<ColdStart> => {
  const serving = await spawnServing(script, environment, 1);
  const { pid, begunAt } = serving;
  /** Undefined when nothing listens yet. */
  const status = (): Promise<number | undefined> => serving.post(podEvent).catch(() => undefined);
  try {
    await serving.until(async () => ((await status()) ?? Number.POSITIVE_INFINITY) < 300, POLL_MS);
    await serving.until(isDone, POLL_MS);
    const wallMs = performance.now() - begunAt;
    const [cpuMs, rssMiB] = await Promise.all([cpuMsOf(pid), rssMiBOf(pid)]);
    const secondAt = performance.now();
    await status();
    return { wallMs, cpuMs, rssMiB, secondEventMs: performance.now() - secondAt };
  } finally {
    await serving.stop();
  }
};
