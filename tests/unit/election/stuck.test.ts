/** Groups that do not come to rest although nothing hinders them any more. */
import { expect, test } from "vitest";
import { LOCKS, ROLES } from "../../../functions/election/labels.ts";
import { LEASES, PODS } from "../../../functions/kit/kube/request.ts";
import {
  type World,
  addLock,
  conditionOf,
  createGroupAtRest,
  createTwoGroups,
  leaseOf,
  rolesOf,
  setReady,
  statusOf,
} from "../support/world.ts";

const runBoth = async (world: World): Promise<void> => {
  for (const name of ["one-lock", "two-lock", "one-lock", "two-lock"]) {
    // oxlint-disable-next-line no-await-in-loop
    await world.run(name);
  }
};

test("two locks whose Lease names are swapped are both served again", async () => {
  const world = await createTwoGroups();
  world.change(LOCKS, "one-lock", { spec: { leaseName: "two-lease" } });
  world.change(LOCKS, "two-lock", { spec: { leaseName: "one-lease" } });
  await runBoth(world);
  expect([statusOf(world, "one-lock").writerPod, statusOf(world, "two-lock").writerPod]).toEqual(["one-0", "two-0"]);
});

test("a Lease that its lock does not name any more, because that lock cannot be served, is free for another lock", async () => {
  const world = await createTwoGroups();
  world.change(LOCKS, "one-lock", { spec: { leaseName: "third-lease", statefulSetName: "missing" } });
  world.change(LOCKS, "two-lock", { spec: { leaseName: "one-lease" } });
  await runBoth(world);
  expect(statusOf(world, "two-lock").writerPod).toBe("two-0");
});

test("an older lock that has ended, and is kept by another's finalizer, does not stop a younger one", async () => {
  const world = await createGroupAtRest();
  const { finalizers = [] } = world.get(LOCKS, "db-lock")?.metadata ?? {};
  world.change(LOCKS, "db-lock", { metadata: { finalizers: [...finalizers, "example.test/keep"] } });
  await world.clock.advance(5000);
  addLock(world, { name: "next-lock", leaseName: "next-lease" });
  world.remove(LOCKS, "db-lock");
  await world.run();
  await world.run("next-lock");
  expect(rolesOf(world)).toMatchObject({ "db-0": ROLES.leader });
});

test("a second writer label that somebody adds while nobody can lead is taken off", async () => {
  const world = await createGroupAtRest();
  for (const name of ["db-0", "db-1", "db-2"]) setReady(world, name, false);
  await world.run();
  world.change(PODS, "db-1", { metadata: { labels: { [ROLES.roleLabel]: ROLES.leader } } });
  await world.run();
  expect(Object.values(rolesOf(world)).filter((role) => role === ROLES.leader)).toHaveLength(1);
});

test("a Lease whose holder is a very long text does not keep the status from being written", async () => {
  const world = await createGroupAtRest();
  world.remove(LEASES, "db-lease");
  world.create(LEASES, {
    metadata: { name: "db-lease" },
    spec: { holderIdentity: "x".repeat(40_000), acquireTime: "2026-01-01T00:00:00.000000Z" },
  });
  await world.run();
  expect(leaseOf(world)).toBeDefined();
  expect(conditionOf(world, "Available")).toBe("False/LeaseForeign");
});
