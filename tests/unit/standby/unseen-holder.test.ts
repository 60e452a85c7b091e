/**
 * Goal: a pod that the record names although it is not enrolled any more (a group that ended was served again, a Lease was deleted by hand) is never
 * made active beside the one that replaces it, although whoever replaces it has not found it.
 */
import { expect, test } from "vitest";
import { LEASES, PODS } from "../../../functions/kit/kube/request.ts";
import { MODE_VALUE, ROLES } from "../../../functions/standby/labels.ts";
import { createsRecord, deletesRecord, promotes, strips, writesPod, writesRecord } from "../support/instance.ts";
import { activePods, addPod, addService, createGroupAtRest, holderOf, relabel, setMode, setReady } from "./cluster.ts";
import { createWorld, KEY, LEASE, runs, type World } from "./world.ts";

/** The record names `pod`, which is not enrolled and outside the selector: it returns just before somebody else replaces it. */
const replaceWhileItReturns = async (world: World, pod: string): Promise<void> => {
  expect([holderOf(world), world.get(PODS, pod)?.metadata.labels]).toEqual([pod, { app: "other" }]);
  const replacing = await runs(world).stopAt(writesRecord);
  relabel(world, pod, "store");
  await world.run(KEY, world.instance());
  replacing.goOn();
  await world.clock.advance(3_000);
};

test("a group that ends while it is served again, and its end is late", async () => {
  const world = await createGroupAtRest();
  await setMode(world, null);
  const ending = await runs(world).stopAt(strips(ROLES), deletesRecord);
  await setMode(world, MODE_VALUE);
  await runs(world).dieAt(writesPod);
  ending.goOn();
  await world.clock.settle(ending.died);
  relabel(world, "store-a", "other");
  await replaceWhileItReturns(world, "store-a");
  expect([world.mostActive(), activePods(world).length]).toEqual([1, 1]);
});

test("a Lease that is deleted, and made anew by whoever has not seen it", async () => {
  const world = createWorld();
  for (const pod of ["store-a", "store-b"]) addPod(world, pod);
  addService(world);
  const first = await runs(world).stopAt(createsRecord, promotes(ROLES, "store-a"));
  setReady(world, "store-a", false);
  await world.clock.advance(1_500);
  const second = await runs(world).stopAt(createsRecord, (request) => writesPod(request) && request.name === "store-b");
  first.goOn();
  await world.clock.advance(300);
  relabel(world, "store-b", "other");
  await world.run(KEY, world.instance());
  world.remove(LEASES, LEASE);
  second.goOn();
  await world.clock.advance(300);
  setReady(world, "store-a", true);
  await replaceWhileItReturns(world, "store-b");
  expect([world.mostActive(), activePods(world).length]).toEqual([1, 1]);
});
