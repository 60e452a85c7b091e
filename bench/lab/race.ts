/** The function and the bare client side by side in one lab: a group for each, fail-overs in turn. */
import { STATEFUL_SETS, listRequest } from "../../functions/kit/kube/request.ts";
import { succeed } from "../../infra/lab/api.ts";
import type { FunctionInstance } from "../../infra/lab/function.ts";
import type { BenchOptions } from "../report.ts";
import { shuffled } from "../statistics.ts";
import { startScript, startServed, whileAlive } from "./contender.ts";
import { addLocks, addSets } from "./groups.ts";
import { failOver, untilWriter, type HandOver } from "./hand-over.ts";
import { groupNames, type GroupName } from "./names.ts";
import type { OpenLab } from "./open.ts";
import { startStopwatch, type Stopwatch } from "./stopwatch.ts";

const CONTENDERS = ["ours", "floor"] as const;
type Contender = (typeof CONTENDERS)[number];

export type Samples = Readonly<Record<Contender, readonly HandOver[]>>;

export interface Race {
  readonly served: FunctionInstance;
  /** So many fail-overs of each, in a new order each time. */
  run(options: Pick<BenchOptions, "runs" | "say">): Promise<Samples>;
}

const PROGRESS_EVERY = 50;
/** Fail-overs of each that do not count: compiled code and open connections are no part of the comparison. */
const WARM_UP_ROUNDS = 20;

const FLOOR: GroupName = { namespace: "floor", name: "floor" };

/**
 * The source leaves the bare client's group out: the function would else be told of it, on the same cores and at the moment in
 * which the bare client works. By a label, so that all the rest comes through one watch for all namespaces, as it is shipped.
 */
const ALL_BUT_FLOOR = `app!=${FLOOR.name}`;

/** Pods have the label from their set; the set gets it here. */
const addFloor = async (lab: OpenLab): Promise<void> => {
  const { namespace, name } = FLOOR;
  await addSets(lab, [FLOOR]);
  const body = { metadata: { labels: { app: name } } };
  const options = { body, contentType: "application/merge-patch+json" };
  await succeed(lab.api, "PATCH", `${listRequest(STATEFUL_SETS, { namespace }).path}/${name}`, options);
};

/** The first group of `groupNames` is the one that is measured. Both have been through the warm-up. */
export const startRace = async (lab: OpenLab): Promise<Race> => {
  const { kubelet, kubeConfig, signal } = lab;
  const [ours = FLOOR] = groupNames(0, 1);
  const groups: Readonly<Record<Contender, GroupName>> = { ours, floor: FLOOR };
  const served = await startServed(lab, { selector: ALL_BUT_FLOOR });
  await addFloor(lab);
  await addSets(lab, [ours]);
  await addLocks(lab, [ours]);
  const { namespace, name } = FLOOR;
  const floor = startScript(lab, "failover/floor.ts", { BENCH_NAMESPACE: namespace, BENCH_GROUP: name });
  const watches: Readonly<Record<Contender, Stopwatch>> = {
    ours: await startStopwatch(kubeConfig, ours.namespace, signal),
    floor: await startStopwatch(kubeConfig, namespace, signal),
  };
  const rounds = async (count: number, say: (line: string) => void): Promise<Samples> => {
    const samples: Record<Contender, HandOver[]> = { ours: [], floor: [] };
    for (let round = 1; round <= count; round += 1) {
      for (const contender of shuffled(CONTENDERS)) {
        // oxlint-disable-next-line no-await-in-loop -- one fail-over at a time
        samples[contender].push(await failOver(kubelet, watches[contender], groups[contender]));
      }
      if (round % PROGRESS_EVERY === 0) say(`${round} of ${count} rounds`);
    }
    return samples;
  };
  const run: Race["run"] = ({ runs, say }) => whileAlive(floor, whileAlive(served.process, rounds(runs, say)));
  const elected = CONTENDERS.map((contender) => untilWriter(watches[contender], groups[contender]));
  await whileAlive(floor, Promise.all(elected));
  await run({ runs: WARM_UP_ROUNDS, say: () => undefined });
  return { served, run };
};
