/** The function and the bare client side by side in one lab: a lock's group for each, fail-overs in turn. */
import { ROLES } from "../../functions/election/labels.ts";
import type { FunctionInstance } from "../../infra/lab/function.ts";
import type { BenchOptions } from "../report.ts";
import { addSetsApart, allBut } from "./apart.ts";
import { startScript, startServed, whileAlive } from "./contender.ts";
import { addLocks, addSets } from "./groups.ts";
import { failOver, untilLeader, type HandOver } from "./hand-over.ts";
import { groupNames, type GroupName } from "./names.ts";
import type { OpenLab } from "./open.ts";
import { inTurn, warmUp, type Pair } from "./rounds.ts";
import { startStopwatch } from "./stopwatch.ts";

export interface Race {
  readonly served: FunctionInstance;
  /** So many fail-overs of each, in a new order each time. */
  run(options: Pick<BenchOptions, "runs" | "say">): Promise<Pair<HandOver>>;
}

const FLOOR: GroupName = { namespace: "floor", name: "floor" };

/** The first group of `groupNames` is the one that is measured. Both have been through the warm-up. */
export const startRace = async (lab: OpenLab): Promise<Race> => {
  const { kubelet, kubeConfig, signal } = lab;
  const [ours = FLOOR] = groupNames(0, 1);
  const served = await startServed(lab, { selector: allBut([FLOOR]) });
  await addSetsApart(lab, [FLOOR]);
  await addSets(lab, [ours]);
  await addLocks(lab, [ours]);
  const { namespace, name } = FLOOR;
  const env = { BENCH_NAMESPACE: namespace, BENCH_GROUP: name, BENCH_FEATURE: ROLES.feature };
  const floor = startScript(lab, "failover/floor.ts", env);
  const watches = {
    ours: await startStopwatch(kubeConfig, { namespace: ours.namespace, names: ROLES }, signal),
    floor: await startStopwatch(kubeConfig, { namespace, names: ROLES }, signal),
  };
  const attempts = {
    ours: () => failOver(kubelet, watches.ours, ours),
    floor: () => failOver(kubelet, watches.floor, FLOOR),
  };
  const alive = <T>(work: Promise<T>): Promise<T> => whileAlive(floor, whileAlive(served.process, work));
  await alive(Promise.all([untilLeader(watches.ours, ours), untilLeader(watches.floor, FLOOR)]));
  await alive(warmUp(attempts));
  return { served, run: (options) => alive(inTurn(attempts, options)) };
};
