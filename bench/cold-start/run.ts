/**
 * Compares cold starts in rounds: each variant once a round, in a new order each time, so that drifts of the host hit
 * all alike.
 */
import { loadavg } from "node:os";
import { measureColdStart } from "./measure.ts";
import type { ColdStart } from "./measure.ts";
import { setStage } from "./variants.ts";
import type { Stage, Variant } from "./variants.ts";
import { median, shuffled } from "../statistics.ts";

const VARIANTS: readonly Variant[] = ["floor", "kit", "function"];

type Results = ReadonlyMap<Variant, readonly ColdStart[]>;

const runRounds = async (stage: Stage, runs: number): Promise<Results> => {
  const results = new Map<Variant, ColdStart[]>(VARIANTS.map((variant) => [variant, []]));
  for (let round = 0; round < runs; round += 1) {
    for (const variant of shuffled(VARIANTS)) {
      stage.api.reset();
      // oxlint-disable-next-line no-await-in-loop -- one process at a time
      const result = await measureColdStart(stage.script(variant), stage.environment);
      results.get(variant)?.push(result);
    }
  }
  return results;
};

const report = (results: Results): string => {
  const of = (variant: Variant, field: keyof ColdStart): readonly number[] =>
    (results.get(variant) ?? []).map((result) => result[field]);
  const floor = median(of("floor", "cpuMs"));
  const rows = VARIANTS.map((variant) => {
    const cpu = median(of(variant, "cpuMs"));
    const cells = [
      cpu.toFixed(0),
      (cpu / floor).toFixed(2),
      median(of(variant, "wallMs")).toFixed(0),
      Math.min(...of(variant, "wallMs")).toFixed(0),
      median(of(variant, "rssMiB")).toFixed(0),
      median(of(variant, "secondEventMs")).toFixed(1),
    ];
    return `${variant.padEnd(9)}${cells.map((cell) => cell.padStart(10)).join("")}`;
  });
  const head = ["CPU ms", "to floor", "wall ms", "min ms", "RSS MiB", "2nd ms"]
    .map((cell) => cell.padStart(10))
    .join("");
  return [`${"".padEnd(9)}${head}`, ...rows].join("\n");
};

const load = (): string =>
  loadavg()
    .map((value) => value.toFixed(2))
    .join(" ");

/** Prints medians over the rounds, and the load average before and after. */
export const runColdStart = async (runs: number): Promise<void> => {
  const before = load();
  const stage = await setStage();
  try {
    const results = await runRounds(stage, runs);
    process.stdout.write(`${report(results)}\n\nrounds ${runs}, load average ${before} before, ${load()} after\n`);
  } finally {
    await stage.close();
  }
};
