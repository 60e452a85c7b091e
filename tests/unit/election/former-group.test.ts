/** A StatefulSet that was deleted without its pods and made anew, while another lock keeps the record of its former group. */
import { expect, test } from "vitest";
import { LOCKS, ROLES } from "../../../functions/election/labels.ts";
import { LEASES, PODS, STATEFUL_SETS } from "../../../functions/kit/kube/request.ts";
import { addLock, addPod, addSet, createGroupAtRest, rolesOf, type World } from "../support/world.ts";

const NAMES = ["db-0", "db-1", "db-2"];

const adopt = (world: World, uid: string, names: readonly string[]): void => {
  const owner = { apiVersion: "apps/v1", kind: "StatefulSet", name: "db", uid, controller: true };
  for (const name of names) world.change(PODS, name, { metadata: { ownerReferences: [owner] } });
};

/** The pods are nobody's, db-0 is the writer, and the lock keeps its record. */
const createOrphans = async (): Promise<World> => {
  const world = await createGroupAtRest();
  world.remove(STATEFUL_SETS, "db");
  for (const name of NAMES) world.change(PODS, name, { metadata: { ownerReferences: null } });
  return world;
};

test("a lock on the new StatefulSet fences the former writer, whose record the lock of a missing set keeps", async () => {
  const world = await createOrphans();
  world.change(LOCKS, "db-lock", { spec: { statefulSetName: "missing" } });
  await world.run();
  addLock(world, { name: "next-lock", leaseName: "next-lease" });
  adopt(world, addSet(world), ["db-1"]);
  await world.run("next-lock");
  expect(world.mostWriters()).toBe(1);
  expect(rolesOf(world, ["db-1"])).toEqual({ "db-1": ROLES.leader });
});

test("pods that were orphaned on purpose keep their writer as long as no set of the name is made anew", async () => {
  const world = await createOrphans();
  await world.run();
  await world.sweep();
  expect(rolesOf(world)).toEqual({ "db-0": ROLES.leader, "db-1": ROLES.follower, "db-2": ROLES.follower });
  expect(world.get(LEASES, "db-lease")).toBeDefined();
});

test("pods of a living StatefulSet that another set's selector finds too keep their writer, whatever becomes of their lock", async () => {
  const world = await createGroupAtRest();
  world.change(LOCKS, "db-lock", { spec: { statefulSetName: "missing" } });
  await world.run();
  const selector = { matchExpressions: [{ key: "app", operator: "Exists" }] };
  const template = { metadata: { labels: { app: "all" } }, spec: { containers: [{ name: "main", image: "main" }] } };
  world.create(STATEFUL_SETS, { metadata: { name: "all" }, spec: { serviceName: "all", selector, template } });
  addPod(world, "all-0", { set: "all" });
  addLock(world, { name: "all-lock", leaseName: "all-lease", statefulSetName: "all" });
  await world.run("all-lock");
  expect(rolesOf(world, ["db-0", "db-1", "all-0"])).toEqual({
    "db-0": ROLES.leader,
    "db-1": ROLES.follower,
    "all-0": ROLES.leader,
  });
  expect(world.get(LEASES, "db-lease")).toBeDefined();
});
