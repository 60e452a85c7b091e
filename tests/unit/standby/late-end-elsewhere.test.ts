/**
 * Goal: a pod that the record names, and that another group has made its leader since a late end took its enrolment, is fenced all the same where
 * its stamp is below that record's epoch: it may return to whoever knows the record, and must not be made active beside another.
 */
import { expect, test } from "vitest";
import { stampEpochAnnotation } from "../../../functions/kit/handover/names.ts";
import { PODS } from "../../../functions/kit/kube/request.ts";
import { MODE_VALUE, ROLES } from "../../../functions/standby/labels.ts";
import { groupOf } from "../../../functions/standby/model.ts";
import { NAMESPACE } from "../support/builders.ts";
import { followsStrips, listsPods, promotes, strips } from "../support/instance.ts";
import { activePods, addService, createGroupAtRest, relabel, setMode } from "./cluster.ts";
import { runs, type World } from "./world.ts";

const QUEUE = `${NAMESPACE}/${groupOf({ app: "queue" })}`;
const EPOCH = stampEpochAnnotation(ROLES.feature);

/** The group's epochs run ahead of those of others: somebody has edited a stamp, or the clock was set back. */
const runAhead = (world: World, seconds: number): void => {
  const epoch = Number(world.get(PODS, "store-b")?.metadata.annotations?.[EPOCH]);
  world.change(PODS, "store-b", { metadata: { annotations: { [EPOCH]: String(epoch + seconds) } } });
};

test.each([0, 1000])(
  "a pod that has led another group is not made active beside the one that replaces it: epochs %i s ahead",
  async (seconds) => {
    const world = await createGroupAtRest();
    addService(world, "queue", { selector: { app: "queue" } });
    const { stopAt, runUntil, dieAt } = runs(world);
    // The end is late: the record names nobody, all are fenced, the notice is given.
    await setMode(world, null);
    const late = await stopAt(strips(ROLES), followsStrips(ROLES));
    // The group is served again: the record names store-a, store-b is fenced under it, and the instance dies.
    runAhead(world, seconds);
    await setMode(world, MODE_VALUE);
    await dieAt(promotes(ROLES, "store-a"));
    // Another has read that record, and is about to list the pods.
    const knows = await stopAt(listsPods);
    // The late end takes the enrolment off store-a; store-b has changed.
    late.goOn();
    await world.clock.settle(late.died);
    // The other group takes store-a, and makes it active; here somebody is about to promote store-b.
    relabel(world, "store-a", "queue");
    await world.run(QUEUE);
    expect(activePods(world)).toEqual(["store-a"]);
    const replacing = await runUntil(promotes(ROLES, "store-b"));
    // It returns, and the other group lets it go: whoever knows the record finds it.
    relabel(world, "store-a", "store");
    await world.run(QUEUE);
    knows.goOn();
    await world.clock.advance(900);
    replacing.goOn();
    await world.clock.advance(3_000);
    expect([world.mostActive(), activePods(world).length]).toEqual([1, 1]);
  },
);
