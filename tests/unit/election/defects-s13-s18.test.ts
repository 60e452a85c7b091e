/** The defects S13 to S18 of the operator that this replaces; see defects.test.ts. */
import { expect, test } from "vitest";
import { LOCKS, SWITCHOVER_ANNOTATION } from "../../../functions/election/labels.ts";
import { ELECTIONS, ELECTION_METRICS, LEADER_INFO } from "../../../functions/election/metrics.ts";
import { PODS, STATEFUL_SETS } from "../../../functions/kit/kube/request.ts";
import { PRIORITY_ANNOTATION } from "../../../functions/kit/pods/candidate.ts";
import {
  addLock,
  conditionOf,
  countPods,
  createGroup,
  createGroupAtRest,
  rolesOf,
  setReady,
  type World,
} from "../support/world.ts";

const LED_BY_0 = { "db-0": "writer", "db-1": "reader", "db-2": "reader" };
const LED_BY_1 = { "db-0": "reader", "db-1": "writer", "db-2": "reader" };

test("defect S13: labels come off also when the StatefulSet went first", async () => {
  const world = await createGroupAtRest();
  world.remove(STATEFUL_SETS, "db");
  world.remove(LOCKS, "db-lock");
  await world.run();
  expect([rolesOf(world), world.get(LOCKS, "db-lock")]).toEqual([
    { "db-0": undefined, "db-1": undefined, "db-2": undefined },
    undefined,
  ]);
});

test("defect S14: a selector of expressions only is a selector", async () => {
  const world = createGroup();
  const set = world.get(STATEFUL_SETS, "db");
  const selector = { matchExpressions: [{ key: "app", operator: "In", values: ["db"] }] };
  const body = { ...set, spec: { replicas: 3, selector } };
  world.intercept(({ verb, resource }) =>
    verb === "get" && resource.plural === "statefulsets" ? { status: 200, body } : undefined,
  );
  await world.run();
  expect(rolesOf(world)).toEqual(LED_BY_0);
  expect(world.requests.some(({ path }) => path.includes("labelSelector=app+in+%28db%29"))).toBe(true);
});

const series = (world: World, name: string): readonly string[] =>
  world.metrics
    .render()
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`));

test("defect S15: one series per lock, no pod names in labels, an election counted once, and a gauge that can be 0", async () => {
  const lock = 'namespace="default",statefulsetlock="db-lock"';
  const world = await createGroupAtRest();
  await world.clock.advance(15_000);
  await world.run();
  expect(series(world, ELECTIONS.name)).toEqual([`${ELECTIONS.name}{${lock},reason="FirstElection"} 1`]);
  expect(series(world, "statefulsetlock_lease_renewals_total")).toEqual([
    `statefulsetlock_lease_renewals_total{${lock}} 1`,
  ]);
  for (const pod of ["db-0", "db-1", "db-2"]) setReady(world, pod, false);
  await world.run();
  expect(series(world, LEADER_INFO.name)).toEqual([`${LEADER_INFO.name}{${lock}} 0`]);
  const lines = ELECTION_METRICS.flatMap(({ name }) => series(world, name));
  expect(lines.filter((line) => /db-\d/.test(line))).toEqual([]);
});

test("defect S16: nothing is promised that is not there: no metric speaks of tracing, and every one of them is documented by its help", () => {
  expect(ELECTION_METRICS.filter(({ name, help }) => /trac|span/i.test(name + help) || help === "")).toEqual([]);
});

test("defect S17: an event finds its lock by an index: a pod of no lock costs no call, a pod of one lock one run", async () => {
  const world = createGroup();
  for (let count = 0; count < 50; count += 1)
    addLock(world, { name: `lock-${count}`, statefulSetName: `set-${count}`, leaseName: `lease-${count}` });
  await world.sweep();
  world.forget();
  const event = (name: string): readonly string[] =>
    world.feature.groupsOf({
      type: "object",
      id: "1",
      source: "s",
      change: "update",
      apiVersion: "v1",
      kind: "Pod",
      namespace: "default",
      name,
      object: undefined,
    });
  expect([event("set-7-0"), event("db-1"), event("unknown-0"), world.requests.length]).toEqual([
    ["default/lock-7"],
    ["default/db-lock"],
    [],
    0,
  ]);
});

test("defect S18: a switchover moves the writer and takes its annotation off", async () => {
  const world = await createGroupAtRest();
  world.change(LOCKS, "db-lock", { metadata: { annotations: { [SWITCHOVER_ANNOTATION]: "db-1" } } });
  await world.run();
  expect([rolesOf(world), world.get(LOCKS, "db-lock")?.metadata.annotations ?? {}, world.mostWriters()]).toEqual([
    LED_BY_1,
    {},
    1,
  ]);
});

test("defect S18: a priority decides before the ordinal", async () => {
  const world = createGroup();
  world.change(PODS, "db-1", { metadata: { annotations: { [PRIORITY_ANNOTATION]: "1" } } });
  await world.run();
  expect(rolesOf(world)).toEqual(LED_BY_1);
});

test("defect S18: a paused lock keeps its writer where it is, and goes on afterwards", async () => {
  const world = await createGroupAtRest();
  world.change(LOCKS, "db-lock", { spec: { paused: true } });
  setReady(world, "db-0", false);
  await world.run();
  expect([rolesOf(world), conditionOf(world, "Paused"), conditionOf(world, "Available")]).toEqual([
    LED_BY_0,
    "True/SpecPaused",
    "False/Paused",
  ]);
  world.change(LOCKS, "db-lock", { spec: { paused: false } });
  await world.run();
  expect(rolesOf(world)).toEqual(LED_BY_1);
});

test("defect S18: locks of many namespaces are served by one function", async () => {
  const world = createGroup();
  countPods(world, 3);
  expect(await world.sweep()).toMatchObject({ outcome: { groups: 1 }, found: ["default/db-lock"] });
  const [list] = world.requests;
  expect(list?.namespace).toBeUndefined();
});
