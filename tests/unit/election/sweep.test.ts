/** The sweep: finds what events lost, renews what is due, ends what has no owner, and costs no write where all is well. */
import { expect, test } from "vitest";
import type { ObjectEvent } from "../../../events/types.ts";
import { LOCKS } from "../../../functions/election/labels.ts";
import { LEASES, PODS, STATEFUL_SETS, type Transport } from "../../../functions/kit/kube/request.ts";
import {
  addLock,
  addPod,
  addSet,
  countPods,
  createGroupAtRest,
  leaseOf,
  rolesOf,
  setReady,
  writesOf,
  type World,
} from "../support/world.ts";

const KEY = "default/db-lock";
const WEB_EVENT: ObjectEvent = {
  type: "object",
  id: "1",
  source: "test",
  change: "update",
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  namespace: "default",
  name: "web",
  object: undefined,
};

const foundBy = async (world: World): Promise<readonly string[]> => (await world.sweep()).found;

test("a group at rest needs nothing, and the sweep reads four lists", async () => {
  const world = await createGroupAtRest();
  expect(await world.sweep()).toEqual({ outcome: { kind: "swept", groups: 1, renewed: 0 }, found: [] });
  expect(world.requests.map(({ verb, resource }) => `${verb} ${resource.plural}`)).toEqual([
    "list statefulsetlocks",
    "list statefulsets",
    "list leases",
    "list pods",
  ]);
});

test.each<[string, (world: World) => void]>([
  ["the writer is not Ready", (world) => setReady(world, "db-0", false)],
  ["the writer terminates", (world) => world.remove(PODS, "db-0")],
  [
    "a second pod got the writer label",
    (world) => world.change(PODS, "db-1", { metadata: { labels: { "sts-role": "writer" } } }),
  ],
  [
    "the writer lost its token",
    (world) => world.change(PODS, "db-0", { metadata: { annotations: { "bellwether.dev/election.token": null } } }),
  ],
  [
    "a pod lost its enrolment",
    (world) => world.change(PODS, "db-1", { metadata: { labels: { "bellwether.dev/election": null } } }),
  ],
  [
    "a new pod came",
    (world) => {
      addPod(world, "db-3");
      countPods(world, 4);
    },
  ],
  ["the Lease was deleted", (world) => world.remove(LEASES, "db-lease")],
  ["the Lease names another holder", (world) => world.change(LEASES, "db-lease", { spec: { holderIdentity: "db-2" } })],
  [
    "the epoch was tampered with",
    (world) => world.change(LEASES, "db-lease", { metadata: { annotations: { "bellwether.dev/epoch": "x" } } }),
  ],
  [
    "a switchover is asked for",
    (world) =>
      world.change(LOCKS, "db-lock", { metadata: { annotations: { "bellwether.dev/switchover-to": "db-1" } } }),
  ],
  [
    "a switchover to the present writer is asked for",
    (world) =>
      world.change(LOCKS, "db-lock", { metadata: { annotations: { "bellwether.dev/switchover-to": "db-0" } } }),
  ],
  ["the spec changed", (world) => world.change(LOCKS, "db-lock", { spec: { paused: true } })],
  ["the lock is being deleted", (world) => world.remove(LOCKS, "db-lock")],
  [
    "the status was changed by hand",
    (world) => world.change(LOCKS, "db-lock", { status: { writerPod: "db-2" } }, "status"),
  ],
  ["our finalizer was taken off", (world) => world.change(LOCKS, "db-lock", { metadata: { finalizers: null } })],
])("without any event the sweep notices: %s; a run mends it, and then nothing is left", async (_title, happen) => {
  const world = await createGroupAtRest();
  happen(world);
  world.forget();
  expect(await foundBy(world)).toEqual([KEY]);
  expect(writesOf(world)).toEqual([]);
  await world.run();
  await world.run();
  if (world.get(LOCKS, "db-lock") === undefined) return;
  world.forget();
  await world.run();
  expect(writesOf(world)).toEqual([]);
});

test("a renewal that is due is written by the sweep itself, on the version that it read", async () => {
  const world = await createGroupAtRest();
  await world.clock.advance(15_000);
  expect(await world.sweep()).toMatchObject({ outcome: { renewed: 1 }, found: [] });
  expect(writesOf(world)).toMatchObject([
    { verb: "patch", name: "db-lease", body: { metadata: { resourceVersion: expect.any(String) } } },
  ]);
});

test("a renewal that is refused hands the group to its run", async () => {
  const world = await createGroupAtRest();
  await world.clock.advance(15_000);
  world.intercept(({ method }) =>
    method === "PATCH" ? { status: 409, body: { kind: "Status", reason: "Conflict" } } : undefined,
  );
  expect(await world.sweep()).toEqual({ outcome: { kind: "swept", groups: 1, renewed: 0 }, found: [KEY] });
});

test.each([0, 429, 500, 503])(
  "a renewal that is answered %i waits for the next tick and costs no run",
  async (status) => {
    const world = await createGroupAtRest();
    await world.clock.advance(15_000);
    world.intercept(({ method }) =>
      method === "PATCH" ? { status, body: { kind: "Status", reason: "R" } } : undefined,
    );
    expect(await world.sweep()).toEqual({ outcome: { kind: "swept", groups: 1, renewed: 0 }, found: [] });
    world.intercept(undefined);
    expect(await world.sweep()).toMatchObject({ outcome: { renewed: 1 } });
  },
);

test("an edited duration reaches the Lease", async () => {
  const world = await createGroupAtRest();
  world.change(LOCKS, "db-lock", { spec: { leaseDurationSeconds: 20 } });
  await world.run();
  expect(leaseOf(world)?.["leaseDurationSeconds"]).toBe(20);
});

test("a Lease is not renewed while its holder is not healthy", async () => {
  const world = await createGroupAtRest();
  for (const pod of ["db-0", "db-1", "db-2"]) setReady(world, pod, false);
  await world.clock.advance(15_000);
  expect((await world.sweep()).outcome).toMatchObject({ renewed: 0 });
});

test.each([
  ["statefulsetlocks", 500],
  ["statefulsets", 500],
  ["leases", 500],
  ["pods", 500],
  // Unlike a kind of ours these are always installed.
  ["statefulsets", 404],
  ["leases", 404],
  ["pods", 404],
])("when %s cannot be listed (%i) nothing is concluded from the rest", async (plural, status) => {
  const world = await createGroupAtRest();
  setReady(world, "db-0", false);
  world.intercept(({ verb, resource }) =>
    verb === "list" && resource.plural === plural ? { status, body: { kind: "Status", reason: "R" } } : undefined,
  );
  const { outcome, found } = await world.sweep();
  expect([outcome.kind, found]).toEqual(["failed", []]);
});

test("a group whose lock went without us is ended: labels and Lease go, stamps stay", async () => {
  const world = await createGroupAtRest();
  world.change(LOCKS, "db-lock", { metadata: { finalizers: null } });
  world.remove(LOCKS, "db-lock");
  const [orphan = ""] = await foundBy(world);
  expect(orphan).toMatch(/^orphan:default\//);
  await world.clock.settle(world.feature.run(orphan, world.send));
  expect(world.events.filter(({ partitionkey }) => partitionkey === "")).toEqual([]);
  expect([world.get(LEASES, "db-lease"), rolesOf(world)["db-0"], world.mostWriters()]).toEqual([
    undefined,
    undefined,
    1,
  ]);
  expect(world.get(PODS, "db-0")?.metadata.annotations).toHaveProperty(["bellwether.dev/election.epoch"]);
  expect(await foundBy(world)).toEqual([]);
});

test("a group that got a lock again meanwhile is not ended", async () => {
  const world = await createGroupAtRest();
  const group = world.get(STATEFUL_SETS, "db")?.metadata.uid ?? "";
  world.forget();
  expect(await world.clock.settle(world.feature.run(`orphan:default/${group}`, world.send))).toMatchObject({
    reason: "GroupServed",
  });
  expect(writesOf(world)).toEqual([]);
});

test("a StatefulSet that was recreated is another group: the old one ends, a new epoch begins above it", async () => {
  const world = await createGroupAtRest();
  const epoch = (): number => Number(world.get(LEASES, "db-lease")?.metadata.annotations?.["bellwether.dev/epoch"]);
  const before = epoch();
  world.remove(STATEFUL_SETS, "db");
  for (const pod of ["db-0", "db-1"]) {
    world.change(PODS, pod, { metadata: { labels: { app: "orphaned" } } });
  }
  addSet(world);
  addPod(world, "db-9");
  countPods(world, 1);
  await world.run();
  expect(epoch()).toBeGreaterThan(before);
  expect(rolesOf(world, ["db-0", "db-1", "db-9"])).toEqual({ "db-0": undefined, "db-1": undefined, "db-9": "writer" });
});

test("an edited leaseName deletes the old record before the new one is made, and keeps the writer", async () => {
  const world = await createGroupAtRest();
  setReady(world, "db-0", false);
  await world.run();
  setReady(world, "db-0", true);
  world.change(LOCKS, "db-lock", { spec: { leaseName: "renamed" } });
  await world.run();
  expect([world.get(LEASES, "db-lease"), leaseOf(world, "renamed")?.["holderIdentity"], world.mostWriters()]).toEqual([
    undefined,
    "db-1",
    1,
  ]);
});

test("a lock that a run learnt while a sweep was reading is still known after it", async () => {
  const world = await createGroupAtRest();
  let learnt: readonly string[] = [];
  const slow: Transport = async (request) => {
    if (request.resource.plural === "pods") {
      addSet(world, { name: "web" });
      addLock(world, { name: "web-lock", statefulSetName: "web", leaseName: "web-lease" });
      await world.feature.run("default/web-lock", world.send);
      learnt = world.feature.groupsOf(WEB_EVENT);
    }
    return world.send(request);
  };
  await world.clock.settle(world.feature.sweep(slow, () => undefined));
  expect(learnt).toEqual(["default/web-lock"]);
  expect(world.feature.groupsOf(WEB_EVENT)).toEqual(["default/web-lock"]);
});
