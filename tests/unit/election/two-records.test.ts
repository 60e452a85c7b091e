/** Two passes over one group that know different Lease names: then the record is no arbiter between them. */
import { expect, test } from "vitest";
import { LOCKS } from "../../../functions/election/labels.ts";
import { LEASES } from "../../../functions/kit/kube/request.ts";
import { NAMESPACE } from "../support/builders.ts";
import { addLock, addPod, addSet, countPods, createWorld, type World } from "../support/world.ts";
import { listsPods, startInstance, writesPod, writesStatus } from "../support/instance.ts";

/** One pod, no record; the pod that the slow pass will not know of comes while it is stopped. */
const race = async (
  world: World,
  { fast, slow, edit }: { fast: string; slow: string; edit: () => void },
): Promise<void> => {
  const one = startInstance(world, listsPods, writesStatus);
  void world.feature.run(`${NAMESPACE}/${fast}`, one.send);
  await one.stopped;
  edit();
  const other = startInstance(world, writesPod);
  const done = world.feature.run(`${NAMESPACE}/${slow}`, other.send);
  await other.stopped;
  addPod(world, "db-0");
  one.goOn();
  await one.died;
  expect(world.mostWriters()).toBe(1);
  other.goOn();
  await done;
};

const createYoungGroup = (): World => {
  const world = createWorld();
  addSet(world);
  addPod(world, "db-1");
  countPods(world, 1);
  return world;
};

test("a Lease name that is edited during a first election makes no second writer", async () => {
  const world = createYoungGroup();
  addLock(world);
  await race(world, {
    fast: "db-lock",
    slow: "db-lock",
    edit: () => world.change(LOCKS, "db-lock", { spec: { leaseName: "other-lease" } }),
  });
  expect(world.mostWriters()).toBe(1);
});

test("an older lock that is edited onto the set of a younger one makes no second writer", async () => {
  const world = createYoungGroup();
  addLock(world, { name: "older-lock", statefulSetName: "elsewhere", leaseName: "older-lease" });
  await world.clock.advance(5000);
  addLock(world);
  await race(world, {
    fast: "db-lock",
    slow: "older-lock",
    edit: () => world.change(LOCKS, "older-lock", { spec: { statefulSetName: "db" } }),
  });
  expect(world.mostWriters()).toBe(1);
});

test("a pass that read an older spec leaves no Lease behind under the former name", async () => {
  const world = createYoungGroup();
  addLock(world);
  const old = startInstance(world, listsPods);
  const first = world.feature.run(`${NAMESPACE}/db-lock`, old.send);
  await old.stopped;
  world.change(LOCKS, "db-lock", { spec: { leaseName: "other-lease" } });
  await world.run();
  old.goOn();
  await first;
  await world.run();
  await world.sweep();
  expect(world.get(LEASES, "other-lease")).toBeDefined();
  expect(world.get(LEASES, "db-lease")).toBeUndefined();
});
