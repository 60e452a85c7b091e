/** One pass over everything, as a tick starts it, and what it took. */
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { request } from "node:http";
import type { FunctionInstance } from "../../infra/lab/function.ts";
import { sumOf } from "../lab/metric.ts";
import { bytesReadBy, cpuMsOf } from "../process.ts";

export interface Pass {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly requests: number;
  readonly mibRead: number;
}

const BYTES_PER_MIB = 1024 * 1024;

const readTick = (): { readonly headers: Readonly<Record<string, string>>; readonly body: unknown } =>
  JSON.parse(readFileSync(new URL("../../events/samples/ping.json", import.meta.url), "utf8"));

/** Not by `fetch`, which gives up before a long pass ends. */
const postTick = (url: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const { headers, body } = readTick();
    const payload = JSON.stringify(body);
    const own = { ...headers, host: new URL(url).host, "content-length": Buffer.byteLength(payload) };
    request(url, { method: "POST", headers: own }, (response) => {
      const done = async (): Promise<void> => {
        const said = await text(response);
        if (response.statusCode === 204) resolve();
        else reject(new Error(`the tick was answered with ${response.statusCode}: ${said}`));
      };
      void done();
    })
      .once("error", reject)
      .end(payload);
  });

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
