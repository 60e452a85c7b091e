/**
 * Goal: a pod that the record has named, and that lost its enrolment to a late end, is never made active beside another, although the record does
 * not name it any more: a second end has seen it enrolled, has made the record nobody's, and has died.
 */
import { expect, test } from "vitest";
import { MODE_VALUE, ROLES } from "../../../functions/standby/labels.ts";
import { followsStrips, listsPods, promotes, strips, writesPod } from "../support/instance.ts";
import { activePods, createGroupAtRest, relabel, setMode } from "./cluster.ts";
import { runs } from "./world.ts";

test("a pod that returns after a late end is not made active beside the one that replaces it", async () => {
  const world = await createGroupAtRest();
  const { stopAt, runUntil, dieAt } = runs(world);
  // The end is late: the record names nobody, all are fenced, the notice is given.
  await setMode(world, null);
  const late = await stopAt(strips(ROLES), followsStrips(ROLES));
  // The group is served again: the record names store-a, store-b is fenced under it, and the instance dies.
  await setMode(world, MODE_VALUE);
  await dieAt(promotes(ROLES, "store-a"));
  // Another has read that record, and is about to list the pods.
  const knows = await stopAt(listsPods);
  // A second end has seen store-a enrolled, makes the record nobody's, and dies before it fences anybody.
  await setMode(world, null);
  await dieAt(writesPod);
  // The late end takes the enrolment off store-a; store-b has changed.
  late.goOn();
  await world.clock.settle(late.died);
  // store-a leaves, so that whoever serves the group again does not find it, and is about to promote store-b.
  relabel(world, "store-a", "other");
  await setMode(world, MODE_VALUE);
  const replacing = await runUntil(promotes(ROLES, "store-b"));
  // It returns, and whoever knows the old record finds it.
  relabel(world, "store-a", "store");
  knows.goOn();
  await world.clock.advance(900);
  replacing.goOn();
  await world.clock.advance(3_000);
  expect([world.mostActive(), activePods(world).length]).toEqual([1, 1]);
});
