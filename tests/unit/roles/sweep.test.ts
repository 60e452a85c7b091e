/** What a sweep does for checkers: it asks nobody, renews what is due, and tells which need a run, or have to be asked. */
import { expect, test } from "vitest";
import { CHECKERS } from "../../../functions/roles/labels.ts";
import { LEASES, PODS, STATEFUL_SETS } from "../../../functions/kit/kube/request.ts";
import { setReady } from "../support/world.ts";
import {
  addChecker,
  createRolesAtRest,
  createRolesGroup,
  createRolesWorld,
  labels,
  say,
  writes,
  type RolesWorld,
} from "./world.ts";

const RENEWAL = expect.stringMatching(/^patch leases bellwether-roles-/) as unknown;

const ASK = "ask:default/db";

const found = async (world: RolesWorld): Promise<readonly string[]> => (await world.sweep()).found;

test("a checker that was never run is run by the first sweep", async () => {
  const world = createRolesGroup();
  expect(await found(world)).toEqual(["default/db"]);
});

test("a warm one asks again once the interval has passed, at the nearest tick", async () => {
  const world = await createRolesAtRest([true, false, false], { intervalSeconds: 20 });
  await world.clock.advance(18_900);
  expect(await found(world)).toEqual([]);
  await world.clock.advance(200);
  expect(await found(world)).toEqual([ASK]);
  await world.feature.run(ASK, world.send);
  expect(await found(world)).toEqual([]);
});

test("localDev needs no asking", async () => {
  const world = await createRolesAtRest([undefined, undefined, undefined], { localDev: true });
  await world.clock.advance(10_000);
  expect(await found(world)).toEqual([]);
});

test("idle means silent: over two minutes of ticks and askings only the renewals that are due are written", async () => {
  const world = await createRolesAtRest();
  for (let tick = 0; tick < 60; tick += 1) {
    // oxlint-disable-next-line no-await-in-loop -- time is one thing after the other
    await world.clock.advance(2_000);
    // oxlint-disable-next-line no-await-in-loop
    for (const key of await found(world)) await world.feature.run(key, world.send);
  }
  expect(world.questions.length).toBeGreaterThanOrEqual(11);
  // 120 s, a Lease of 30 s, renewed once per half of it.
  expect(writes(world)).toEqual(Array.from({ length: 7 }, () => RENEWAL).concat(writes(world).slice(7)));
  expect(writes(world).length).toBeLessThanOrEqual(8);
});

test.each<[string, (world: RolesWorld) => void]>([
  ["the leader is not Ready", (world) => setReady(world, "db-0", false)],
  [
    "a label was changed",
    (world) => void world.change(PODS, "db-1", { metadata: { labels: { "node-role": "leader" } } }),
  ],
  ["a pod is not counted", (world) => void world.change(STATEFUL_SETS, "db", { status: { replicas: 4 } }, "status")],
  ["the spec was edited", (world) => void world.change(CHECKERS, "db", { spec: { rpcPort: 8001 } })],
  ["the status was edited", (world) => void world.change(CHECKERS, "db", { status: { leaderNode: "db-1" } }, "status")],
  ["the finalizer is gone", (world) => void world.change(CHECKERS, "db", { metadata: { finalizers: null } })],
])("a run is needed when %s", async (_title, disturb) => {
  const world = await createRolesAtRest();
  expect(await found(world)).toEqual([]);
  disturb(world);
  expect(await found(world)).toEqual(["default/db"]);
});

test.each<[string, readonly (boolean | undefined)[], string]>([
  ["it is silent", [undefined, false, false], ASK],
  ["several claim", [true, true, false], ASK],
  ["nobody claims", [false, false, false], "default/db"],
])("while it is not known for sure who leads, each sweep has it asked: %s", async (_title, says, key) => {
  const world = await createRolesAtRest();
  say(world, says);
  await world.run();
  expect(await found(world)).toEqual([key]);
});

test("what a checker left behind that went without us is ended", async () => {
  const world = await createRolesAtRest();
  world.change(CHECKERS, "db", { metadata: { finalizers: null } });
  world.remove(CHECKERS, "db");
  const [orphan = "", ...others] = await found(world);
  expect(others).toEqual([]);
  await world.clock.settle(world.feature.run(orphan, world.send));
  expect(labels(world)).toBe("- - -");
  expect(await found(world)).toEqual([]);
});

test("a record that was made late, after its checker had gone, goes; the group is another checker's by then and stays as it is", async () => {
  const world = await createRolesAtRest();
  const leaseName = `bellwether-roles-${world.get(CHECKERS, "db")?.metadata.uid}`;
  const { labels: marks, annotations } = world.get(LEASES, leaseName)?.metadata ?? {};
  world.create(LEASES, { metadata: { name: "bellwether-roles-gone", labels: marks, annotations } });
  const [orphan = "", ...others] = await found(world);
  expect(others).toEqual([]);
  expect(await world.clock.settle(world.feature.run(orphan, world.send))).toMatchObject({ kind: "done" });
  expect(world.get(LEASES, "bellwether-roles-gone")).toBeUndefined();
  expect(world.get(LEASES, leaseName)).toBeDefined();
  expect(labels(world)).toBe("leader follower follower");
  expect(await found(world)).toEqual([]);
});

test("a checker that names another namespace leaves its group, which ends though the new one is refused", async () => {
  const world = await createRolesAtRest();
  await world.run();
  const group = world.get(STATEFUL_SETS, "db")?.metadata.uid ?? "";
  world.change(CHECKERS, "db", { spec: { namespace: "elsewhere" } });
  const next = [`orphan:default/${group}`];
  expect(await world.run()).toEqual({ kind: "done", reason: "NamespaceNotAllowed", next });
  // A cold instance finds it by its sweep.
  expect(await found(world)).toEqual(["default/db", ...next]);
  await world.clock.settle(world.feature.run(next[0] ?? "", world.send));
  expect(labels(world)).toBe("- - -");
});

test("what a sweep remembers of a StatefulSet is what its events show: only news costs a run", async () => {
  const world = await createRolesAtRest();
  const shown = (spec: object): readonly string[] => {
    const set = world.change(STATEFUL_SETS, "db", { spec });
    const event = { type: "object", id: "1", source: "s", change: "update", apiVersion: "apps/v1" } as const;
    const about = { kind: STATEFUL_SETS.kind, namespace: "default", name: "db", object: set };
    return world.feature.groupsOf({ ...event, ...about });
  };
  world.change(STATEFUL_SETS, "db", { spec: { ordinals: { start: 2 } } });
  await world.sweep();
  expect(shown({ minReadySeconds: 1 })).toEqual([]);
  expect(shown({ ordinals: { start: 3 } })).toEqual(["default/db"]);
});

test("a cluster without the CRD has no checkers, and nothing is taken for left behind", async () => {
  const world = await createRolesAtRest();
  world.intercept(({ resource }) =>
    resource.plural === CHECKERS.plural ? { status: 404, body: "404 page not found" } : undefined,
  );
  expect(await world.sweep()).toEqual({ outcome: { kind: "swept", groups: 0, renewed: 0 }, found: [] });
  expect(labels(world)).toBe("leader follower follower");
});

test("an answer that is missing fails the sweep", async () => {
  const world = createRolesWorld();
  addChecker(world);
  world.intercept(({ resource }) => (resource.plural === "leases" ? { status: 503, body: {} } : undefined));
  expect(await world.sweep()).toMatchObject({ outcome: { kind: "failed" }, found: [] });
});
