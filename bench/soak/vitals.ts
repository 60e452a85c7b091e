/** Memory and descriptors of a process over time, and whether they grow. */
import { setInterval as everyMs } from "node:timers/promises";
import { descriptorsOf, rssMiBOf } from "../process.ts";
import type { Figure } from "../report.ts";
import { median } from "../statistics.ts";

const SAMPLE_MS = 2_000;
const RSS_GROWTH_MAX = 1.05;

export interface Vitals {
  readonly rssMiB: number;
  readonly descriptors: number;
}

/** Until the signal is aborted. */
export const recordVitals = async (pid: number, signal: AbortSignal): Promise<readonly Vitals[]> => {
  const samples: Vitals[] = [];
  try {
    for await (const _ of everyMs(SAMPLE_MS, undefined, { signal })) {
      samples.push({ rssMiB: await rssMiBOf(pid), descriptors: await descriptorsOf(pid) });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return samples;
};

/**
 * The last third beside the one before it: the first is the time in which caches fill and code is compiled. Memory by its median;
 * descriptors by their least, which a burst of connections does not change and a leak does.
 */
export const growth = (samples: readonly Vitals[]): readonly Figure[] => {
  const third = Math.floor(samples.length / 3);
  const [middle, last] = [samples.slice(third, 2 * third), samples.slice(2 * third)];
  const rss = (part: readonly Vitals[]): number => median(part.map(({ rssMiB }) => rssMiB));
  const least = (part: readonly Vitals[]): number => Math.min(...part.map(({ descriptors }) => descriptors));
  return [
    {
      name: "RSS, median",
      unit: "MiB",
      ours: rss(last),
      floor: rss(middle),
      target: "flat: <= 1.05 x",
      met: rss(last) <= RSS_GROWTH_MAX * rss(middle),
    },
    { name: "RSS, most", unit: "MiB", ours: Math.max(...samples.map(({ rssMiB }) => rssMiB)) },
    {
      name: "descriptors, fewest",
      unit: "",
      ours: least(last),
      floor: least(middle),
      target: "no growth",
      met: least(last) <= least(middle),
    },
  ];
};
