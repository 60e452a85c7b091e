/**
 * Compares cold starts in rounds: each variant once a round, in a new order each time, so that drifts of the host hit
 * all alike. CPU time is what to trust; wall time on a shared machine says little.
 */
import { none, type Bench, type BenchReport, type Figure } from "../report.ts";
import { median, shuffled } from "../statistics.ts";
import { measureColdStart } from "./measure.ts";
import type { ColdStart } from "./measure.ts";
import { setStage } from "./variants.ts";
import type { Stage, Variant } from "./variants.ts";

const VARIANTS: readonly Variant[] = ["floor", "https", "kit", "faas", "function", "checker"];
const CPU_RATIO_MAX = 1.15;
const RSS_MORE_MIB_MAX = 10;

type Results = ReadonlyMap<Variant, readonly ColdStart[]>;

const runRounds = async (stage: Stage, runs: number): Promise<Results> => {
  const results = new Map<Variant, ColdStart[]>(VARIANTS.map((variant) => [variant, []]));
  for (let round = 0; round < runs; round += 1) {
    for (const variant of shuffled(VARIANTS)) {
      // oxlint-disable-next-line no-await-in-loop -- one process at a time
      const result = await measureColdStart(stage.begin(variant));
      results.get(variant)?.push(result);
    }
  }
  return results;
};

type Quantity = Pick<Figure, "name" | "unit" | "ours"> & { readonly floor: number };

const least = (all: readonly number[]): number => Math.min(...all);

/** The least CPU time is the one that other work on the machine has disturbed least. */
const quantities = (results: Results, ours: Variant, floor: Variant): readonly Quantity[] => {
  const values = (variant: Variant, field: keyof ColdStart): readonly number[] =>
    (results.get(variant) ?? []).map((result) => result[field]);
  const pair = (
    field: keyof ColdStart,
    of: (values: readonly number[]) => number,
  ): { ours: number; floor: number } => ({
    ours: of(values(ours, field)),
    floor: of(values(floor, field)),
  });
  return [
    { name: "CPU, median", unit: "ms", ...pair("cpuMs", median) },
    { name: "CPU, least", unit: "ms", ...pair("cpuMs", least) },
    { name: "RSS, median", unit: "MiB", ...pair("rssMiB", median) },
    { name: "wall, median", unit: "ms", ...pair("wallMs", median) },
    { name: "second event, median", unit: "ms", ...pair("secondEventMs", median) },
  ];
};

const withTarget = (quantity: Quantity): Figure => {
  const { name, ours, floor } = quantity;
  if (name === "CPU, median") return { ...quantity, target: "<= 1.15 x floor", met: ours <= CPU_RATIO_MAX * floor };
  if (name === "RSS, median")
    return { ...quantity, target: "<= floor + 10 MiB", met: ours <= floor + RSS_MORE_MIB_MAX };
  return quantity;
};

const reportsOf = (results: Results, runs: number): readonly BenchReport[] => [
  {
    bench: "cold-start",
    scope: `one LIST and one PATCH on our host, ${runs} starts; floor: bare node:http that calls nobody`,
    figures: quantities(results, "kit", "floor").map(withTarget),
  },
  {
    bench: "cold-start",
    scope: "the same; floor: bare node:https that does the same two calls",
    figures: quantities(results, "kit", "https"),
    notes: ["loading node:https and a first TLS connection is the distance between the two floors"],
  },
  {
    bench: "cold-start",
    scope: "the same beside the same handler on faas-js-runtime with @kubernetes/client-node",
    comparedWith: "faas",
    figures: quantities(results, "kit", "faas"),
    notes: ["that one runs from its modules, as `kn func` deploys it, and ours from its bundle"],
  },
  {
    bench: "cold-start",
    scope: "the whole function with a first election (5 pods, about 30 calls); floor: bare node:http that calls nobody",
    figures: quantities(results, "function", "floor"),
  },
];

const GRPC = "grpc.js";

/** What only those pay who have a checker, and that nobody else loads it. @throws when it is not seen with one either. */
const reportChecker = async (stage: Stage, results: Results): Promise<BenchReport> => {
  const [without, withOne] = [await stage.loaded("function"), await stage.loaded("checker")];
  if (!withOne.includes(GRPC)) throw new Error(`a start that asks pods was seen to load only ${withOne.join(", ")}`);
  return {
    bench: "cold-start",
    scope: "the same with a LeaderStatusChecker instead of the lock: each pod is asked over gRPC",
    comparedWith: "no checker",
    figures: [
      ...quantities(results, "checker", "function"),
      none("gRPC loaded without a checker", without.filter((file) => file === GRPC).length),
    ],
    notes: [`loaded without: ${without.join(", ")}; with: ${withOne.join(", ")}`],
  };
};

export const runColdStart: Bench = async ({ runs }) => {
  const stage = await setStage();
  try {
    const results = await runRounds(stage, runs);
    return [...reportsOf(results, runs), await reportChecker(stage, results)];
  } finally {
    await stage.close();
  }
};
