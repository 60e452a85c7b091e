/** The function and the bare client side by side in one lab: a group for each, fail-overs in turn. */
import type { FunctionInstance } from "../../infra/lab/function.ts";
import type { BenchOptions } from "../report.ts";
import { shuffled } from "../statistics.ts";
import { startScript, startServed } from "./contender.ts";
import { addLocks, addSets } from "./groups.ts";
import { failOver, untilWriter, type FailOver } from "./hand-over.ts";
import { groupNames, type GroupName } from "./names.ts";
import type { OpenLab } from "./open.ts";
import { startStopwatch, type Stopwatch } from "./stopwatch.ts";

const CONTENDERS = ["ours", "floor"] as const;
type Contender = (typeof CONTENDERS)[number];

export type Samples = Readonly<Record<Contender, readonly FailOver[]>>;

export interface Race {
  readonly served: FunctionInstance;
  /** So many fail-overs of each, in a new order each time. */
  run(options: BenchOptions): Promise<Samples>;
}

const PROGRESS_EVERY = 50;

/** The first group of `groupNames` is the one that is measured. */
export const startRace = async (lab: OpenLab): Promise<Race> => {
  const { kubelet, kubeConfig, signal } = lab;
  const floor: GroupName = { namespace: "floor", name: "db" };
  const [ours = floor] = groupNames(0, 1);
  const groups: Readonly<Record<Contender, GroupName>> = { ours, floor };
  const served = await startServed(lab);
  await addSets(lab, [ours, floor]);
  await addLocks(lab, [ours]);
  startScript(lab, "failover/floor.ts", { BENCH_NAMESPACE: floor.namespace });
  const watches: Readonly<Record<Contender, Stopwatch>> = {
    ours: await startStopwatch(kubeConfig, ours.namespace, signal),
    floor: await startStopwatch(kubeConfig, floor.namespace, signal),
  };
  await Promise.all(CONTENDERS.map((contender) => untilWriter(watches[contender], groups[contender])));
  return {
    served,
    run: async ({ runs, say }) => {
      const samples: Record<Contender, FailOver[]> = { ours: [], floor: [] };
      for (let round = 1; round <= runs; round += 1) {
        for (const contender of shuffled(CONTENDERS)) {
          // oxlint-disable-next-line no-await-in-loop -- one fail-over at a time
          samples[contender].push(await failOver(kubelet, watches[contender], groups[contender]));
        }
        if (round % PROGRESS_EVERY === 0) say(`${round} of ${runs} rounds`);
      }
      return samples;
    },
  };
};
