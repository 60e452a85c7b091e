/**
 * How a pod that lost its enrolment to a late end returns to whoever still knows the record as it named that pod, while another is about to be
 * promoted. No Lease is deleted by hand, and nobody else writes our labels.
 */
import type { RoleNames } from "../../../functions/kit/handover/names.ts";
import { PODS, type Resource } from "../../../functions/kit/kube/request.ts";
import { NAMESPACE } from "./builders.ts";
import { followsStrips, listsPods, promotes, runsOf, strips, writesPod, writesStatus } from "./instance.ts";
import { addSet, type World } from "./world.ts";

export interface LateEnd {
  readonly roles: RoleNames;
  /** What the group is served for. */
  readonly owner: { readonly resource: Resource; readonly name: string };
  /** From now on that pod is to lead. */
  readonly choose: (pod: string) => void;
}

/** From a group at rest under db-0, until all are done. */
export const playLateEnd = async (world: World, { roles, owner, choose }: LateEnd): Promise<void> => {
  const { clock } = world;
  const runs = runsOf(world, (send) => world.feature.run(`${NAMESPACE}/${owner.name}`, send));
  const point = (statefulSetName: string): void =>
    void world.change(owner.resource, owner.name, { spec: { statefulSetName } });
  addSet(world, { name: "elsewhere" });
  await clock.advance(5_000);
  // The owner is edited onto another set. The end is late: the record names nobody, all are fenced, the notice is given.
  point("elsewhere");
  const late = await runs.stopAt(strips(roles), followsStrips(roles));
  // It is edited back. The record names db-0 again, the others are fenced under it, and the instance dies.
  point("db");
  await runs.dieAt(promotes(roles));
  // Another has read that record, and is about to list the pods.
  const knows = await runs.stopAt(listsPods, writesStatus);
  // Whoever is to make db-1 the leader has seen db-0 enrolled, moves the record, and dies before it fences anybody.
  choose("db-1");
  await runs.dieAt(writesPod);
  // The late end takes the enrolment off db-0; the others have changed.
  late.goOn();
  await clock.settle(late.died);
  // db-0 leaves its set: whoever finishes what was begun does not find it.
  const ownerReferences = world.get(PODS, "db-0")?.metadata.ownerReferences;
  world.change(PODS, "db-0", { metadata: { labels: { app: "away" }, ownerReferences: null } });
  const finishing = await runs.runUntil(writesPod);
  // It returns, and whoever knows the old record finds it as a member.
  world.change(PODS, "db-0", { metadata: { labels: { app: "db" }, ownerReferences } });
  world.forget();
  choose("db-0");
  knows.goOn();
  await clock.advance(50);
  finishing.goOn();
  await clock.advance(50);
};
