/** One pass over everything, as a tick starts it, and what it took. */
import type { FunctionInstance } from "../../infra/lab/function.ts";
import { sumOf } from "../lab/metric.ts";
import { postTick } from "../lab/tick.ts";
import { bytesReadBy, cpuMsOf } from "../process.ts";

export interface Pass {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly requests: number;
  readonly mibRead: number;
}

const BYTES_PER_MIB = 1024 * 1024;

/** @throws when a group was not at rest, because the pass is then not all that was measured. */
export const measurePass = async (instance: FunctionInstance): Promise<Pass> => {
  const { pid } = instance.process;
  const before = { metrics: await instance.metrics(), cpuMs: await cpuMsOf(pid), bytes: await bytesReadBy(pid) };
  const begun = performance.now();
  await postTick(instance.url);
  const wallMs = performance.now() - begun;
  const [cpuMs, bytes] = [await cpuMsOf(pid), await bytesReadBy(pid)];
  const after = await instance.metrics();
  const more = (name: string): number => sumOf(after, name) - sumOf(before.metrics, name);
  const runs = more("bellwether_runs_total");
  if (runs > 0) throw new Error(`${runs} groups were not at rest`);
  return {
    wallMs,
    cpuMs: cpuMs - before.cpuMs,
    requests: more("bellwether_api_requests_total"),
    mibRead: (bytes - before.bytes) / BYTES_PER_MIB,
  };
};
