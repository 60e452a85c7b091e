/** Runs of one checker on the memory API: what is read before what, what is refused, what is left alone, and how it ends. */
import { expect, test } from "vitest";
import { CHECKERS } from "../../../functions/roles/labels.ts";
import { LEASES, patchRequest, PODS, STATEFUL_SETS } from "../../../functions/kit/kube/request.ts";
import { addPod, addSet, countPods, setReady } from "../support/world.ts";
import {
  addApp,
  addChecker,
  conditionOf,
  createRolesAtRest,
  createRolesGroup,
  createRolesWorld,
  holderOf,
  labels,
  messageOf,
  say,
  statusOf,
  writes,
  type RolesWorld,
} from "./world.ts";

const uidOf = (world: RolesWorld, checker = "db"): string => world.get(CHECKERS, checker)?.metadata.uid ?? "";
const setUid = (world: RolesWorld): string => world.get(STATEFUL_SETS, "db")?.metadata.uid ?? "";

test("the record is read before the pods, and the pods before they are asked", async () => {
  const world = await createRolesAtRest();
  const before: string[] = [];
  world.whileAsking(() => before.push(...world.requests.map(({ verb, resource }) => `${verb} ${resource.plural}`)));
  await world.run();
  expect(before.indexOf("get leases")).toBeGreaterThanOrEqual(0);
  expect(before.indexOf("list pods")).toBeGreaterThan(before.indexOf("get leases"));
});

test("a record that somebody else changed meanwhile discards the answers: everything is read and asked again", async () => {
  const world = await createRolesAtRest();
  say(world, [false, true, false]);
  const name = `bellwether-roles-${uidOf(world)}`;
  world.whileAsking(() => {
    world.whileAsking(undefined);
    world.change(LEASES, name, { metadata: { annotations: { raced: "yes" } } });
    // What is true by the time of the second asking.
    say(world, [false, false, true]);
  });
  await world.run();
  expect(world.questions).toHaveLength(2);
  expect([labels(world), world.mostWriters()]).toEqual(["follower follower leader", 1]);
});

test("a pod that stops being Ready while it is asked is not promoted", async () => {
  const world = await createRolesAtRest();
  say(world, [false, true, false]);
  world.whileAsking(() => {
    world.whileAsking(undefined);
    setReady(world, "db-1", false);
  });
  await world.run();
  expect(labels(world)).toBe("follower follower follower");
  expect(conditionOf(world, "Available")).toBe("False/NobodyLeads");
});

test("of two checkers on one set the older is served; the other says so, and takes over when the older is gone", async () => {
  const world = await createRolesAtRest();
  await world.clock.advance(1_000);
  addChecker(world, { name: "second" });
  await world.run("second");
  expect(messageOf(world, "Available", "second")).toBe(
    "StatefulSet db is served by the older LeaderStatusChecker default/db",
  );
  expect(labels(world)).toBe("leader follower follower");
  world.remove(CHECKERS, "db");
  await world.run();
  await world.run("second");
  expect([labels(world), holderOf(world, "second")]).toEqual(["leader follower follower", "db-0"]);
});

test("the end of the younger checker leaves the group of the older alone", async () => {
  const world = await createRolesAtRest();
  await world.clock.advance(1_000);
  addChecker(world, { name: "second" });
  world.change(CHECKERS, "second", { metadata: { finalizers: ["bellwether.dev/roles"] } });
  world.remove(CHECKERS, "second");
  world.forget();
  await world.run("second");
  expect(writes(world)).toEqual(["patch leaderstatuscheckers second"]);
  expect(labels(world)).toBe("leader follower follower");
});

test("a checker that names another set ends the group of the first", async () => {
  const world = await createRolesAtRest();
  addSet(world, { name: "web" });
  world.change(CHECKERS, "db", { spec: { statefulSetName: "web" } });
  await world.run();
  expect(labels(world)).toBe("- - -");
  expect(world.get(PODS, "db-0")?.metadata.labels).toEqual({ app: "db" });
  expect(conditionOf(world, "Available")).toBe("False/PodsNotFound");
});

test("a deleted checker: nobody leads, labels go, the Lease goes, the finalizer last; stamps stay", async () => {
  const world = await createRolesAtRest();
  world.remove(CHECKERS, "db");
  await world.run();
  expect([labels(world), world.get(CHECKERS, "db")]).toEqual(["- - -", undefined]);
  expect(writes(world).slice(-2)).toEqual([expect.stringMatching(/^delete leases/), "patch leaderstatuscheckers db"]);
  const { labels: left, annotations } = world.get(PODS, "db-0")?.metadata ?? {};
  expect([left, Object.keys(annotations ?? {})]).toEqual([
    { app: "db" },
    ["bellwether.dev/roles.epoch", "bellwether.dev/roles.record"],
  ]);
});

test("labels that the replaced operator left on a set without a record go with the checker too", async () => {
  const world = createRolesWorld();
  addSet(world);
  addPod(world, "db-0");
  world.change(PODS, "db-0", { metadata: { labels: { "node-role": "leader" } } });
  addChecker(world);
  world.change(CHECKERS, "db", { metadata: { finalizers: ["bellwether.dev/roles"] } });
  world.remove(CHECKERS, "db");
  await world.run();
  expect([labels(world, 1), world.get(CHECKERS, "db")]).toEqual(["-", undefined]);
});

test("two leaders that the replaced operator left become one, fenced first", async () => {
  const world = createRolesGroup([false, true, false]);
  for (const pod of ["db-0", "db-1"]) world.change(PODS, pod, { metadata: { labels: { "node-role": "leader" } } });
  await world.run();
  expect(labels(world)).toBe("follower leader follower");
  const pods = writes(world).filter((write) => write.startsWith("patch pods"));
  expect(pods.slice(-1)).toEqual(["patch pods db-1"]);
});

test("leaders that the replaced operator left and that deny lose the label, without a leader in their place", async () => {
  const world = createRolesGroup([false, false, false]);
  world.change(PODS, "db-1", { metadata: { labels: { "node-role": "leader" } } });
  await world.run();
  expect([labels(world), holderOf(world)]).toEqual(["follower follower follower", ""]);
  world.forget();
  await world.run();
  expect(writes(world)).toEqual([]);
});

test("where nobody leads nothing is written at rest, though a label is missing that only a record would bring back", async () => {
  const world = await createRolesAtRest([false, false, false]);
  world.change(PODS, "db-1", { metadata: { labels: { "node-role": null } } });
  const { lastUpdated } = statusOf(world);
  for (let tick = 0; tick < 3; tick += 1) {
    // oxlint-disable-next-line no-await-in-loop -- time is one thing after the other
    await world.clock.advance(2_000);
    // oxlint-disable-next-line no-await-in-loop
    await world.run();
  }
  expect([writes(world), statusOf(world).lastUpdated]).toEqual([[], lastUpdated]);
});

test("where nobody ever led no record is made", async () => {
  const world = await createRolesAtRest([false, false, false]);
  expect([labels(world), holderOf(world)]).toEqual(["follower follower follower", undefined]);
});

test("a foreign label is repaired, and its author is named", async () => {
  const world = await createRolesAtRest();
  world.change(PODS, "db-2", { metadata: { labels: { "node-role": "leader" } } });
  await world.run();
  expect(labels(world)).toBe("leader follower follower");
  expect(messageOf(world, "Contested")).toContain('pod db-2: label node-role was made "leader" by "tester"');
});

test("the Lease deleted by hand: a new record with a higher epoch, the same leader", async () => {
  const world = await createRolesAtRest();
  const epoch = statusOf(world).epoch ?? 0;
  world.remove(LEASES, `bellwether-roles-${uidOf(world)}`);
  await world.run();
  expect([labels(world), holderOf(world)]).toEqual(["leader follower follower", "db-0"]);
  expect(statusOf(world).epoch).toBeGreaterThan(epoch);
});

test("lastUpdated is the time of the last change of a label, not of the last asking", async () => {
  const world = await createRolesAtRest();
  const first = statusOf(world).lastUpdated;
  await world.clock.advance(20_000);
  await world.run();
  expect(statusOf(world).lastUpdated).toBe(first);
  say(world, [false, true, false]);
  await world.run();
  expect(statusOf(world).lastUpdated).toBe("2026-01-01T00:00:20Z");
});

test.each([
  ["does not exist in namespace default", { status: 404, body: {} }],
  ["cannot be read: 403 Forbidden", { status: 403, body: { kind: "Status", reason: "Forbidden" } }],
  ["has no ca.crt", { status: 200, body: { metadata: {}, data: {} } }],
  [
    "has only one of tls.crt and tls.key",
    { status: 200, body: { metadata: {}, data: { "ca.crt": "YQ==", "tls.key": "YQ==" } } },
  ],
])("a Secret that %s: nobody is asked, the leader keeps its label, the condition says why", async (why, answer) => {
  const world = await createRolesAtRest();
  world.change(CHECKERS, "db", { spec: { tls: { secretName: "db-tls" } } });
  world.intercept(({ resource }) => (resource.plural === "secrets" ? answer : undefined));
  await world.run();
  expect(world.questions).toEqual([]);
  expect(labels(world)).toBe("leader follower follower");
  expect(messageOf(world, "Unreachable")).toContain(`it is not asked, because Secret db-tls ${why}`);
});

test("a run in which a pod did not answer says that it waited, so that it keeps no other group from running", async () => {
  const world = await createRolesAtRest();
  expect(await world.run()).toEqual({ kind: "done", reason: "LeaderConfirmed", waited: false });
  say(world, [true, false, undefined]);
  expect(await world.run()).toEqual({ kind: "done", reason: "LeaderConfirmed", waited: true });
});

test("a timeout that leaves no time to write is cut, and the condition says so", async () => {
  const world = await createRolesAtRest([true, false, false], { timeoutMilliseconds: 10_000 });
  await world.run();
  expect(world.questions[0]?.options.deadlineMs).toBe(2_500);
  expect(messageOf(world, "TimeoutCut")).toContain("spec.timeoutMilliseconds: got 10000, 2500 is used");
});

test("a spec that the schema would refuse, stored before there was one, is refused with every reason", async () => {
  const world = createRolesGroup();
  const stored = world.get(CHECKERS, "db");
  const listed = {
    ...stored,
    spec: { statefulSetName: "", namespace: "default", rpcPort: 0, tls: {}, addressing: "IP" },
  };
  world.intercept(({ verb, resource }) =>
    verb === "list" && resource.plural === CHECKERS.plural
      ? { status: 200, body: { metadata: {}, items: [listed] } }
      : undefined,
  );
  await world.run();
  expect(messageOf(world, "Available")).toBe(
    [
      'spec.statefulSetName: got "", accepted is the name of an object (lower-case DNS subdomain, 1 to 253 characters)',
      "spec.rpcPort: got 0, accepted is a whole number from 1 to 65535",
      "spec.localDev: got nothing, accepted is true or false",
      "spec.tls.secretName: got nothing, accepted is the name of an object (lower-case DNS subdomain, 1 to 253 characters)",
      'spec.addressing: got "IP", accepted is PodIP or DNS',
    ].join("; "),
  );
  expect(writes(world).filter((write) => write.includes("pods"))).toEqual([]);
});

test("observe mode asks, says what it would do, and writes nothing but Events", async () => {
  const world = createRolesWorld({ mode: "observe" });
  addSet(world);
  addApp(world, "db-0", { leads: true });
  addChecker(world);
  await world.run();
  expect([writes(world), labels(world, 1)]).toEqual([["create events"], "-"]);
});

test("CloudEvents tell who leads, and that nobody does", async () => {
  const world = await createRolesAtRest();
  say(world, [false, true, false]);
  await world.run();
  say(world, [false, false, false]);
  await world.run();
  expect(world.events.map(({ type, subject }) => `${type} ${subject}`)).toEqual([
    "dev.bellwether.leader.elected.v1 /apis/v1/namespaces/default/pods/db-0",
    "dev.bellwether.leader.elected.v1 /apis/v1/namespaces/default/pods/db-1",
    "dev.bellwether.leader.lost.v1 /apis/v1/namespaces/default/pods/db-1",
  ]);
  expect(world.events[0]?.data).toMatchObject({ feature: "roles", group: setUid(world) });
});

test("when the set is made anew and adopts its pods, their former group ends before another leads", async () => {
  const world = await createRolesAtRest();
  const old = setUid(world);
  for (const pod of ["db-0", "db-1", "db-2"]) world.change(PODS, pod, { metadata: { ownerReferences: null } });
  world.api.handle(
    patchRequest(
      STATEFUL_SETS,
      {
        namespace: "default",
        on: world.get(STATEFUL_SETS, "db")?.metadata ?? { name: "db", uid: "", resourceVersion: "" },
      },
      {},
    ),
  );
  world.remove(STATEFUL_SETS, "db");
  addSet(world);
  countPods(world, 3);
  await world.run();
  expect(setUid(world)).not.toBe(old);
  expect(labels(world)).toBe("- - -");
});
