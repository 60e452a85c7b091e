/** A checker at rest costs no API request: its pods are asked from what the sweep has read, and only an answer that says something else is worth a run. */
import { expect, test } from "vitest";
import { createFunction, type RunningFunction } from "../../../functions/function.ts";
import { CHECKERS } from "../../../functions/roles/labels.ts";
import { cloudEvent, LIMITS, TICK } from "../support/fake-function.ts";
import { addSet, countPods } from "../support/world.ts";
import {
  addApp,
  addChecker,
  conditionOf,
  createRolesAtRest,
  createRolesWorld,
  labels,
  say,
  statusOf,
  writes,
  type RolesWorld,
} from "./world.ts";

const INTERVAL_MS = 10_000;
const TICK_MS = 2_000;
const ASK = "ask:default/db";
/** What every tick reads. */
const LISTS = ["list leaderstatuscheckers", "list statefulsets", "list leases", "list pods"];
const SECRET = { status: 200, body: { metadata: {}, data: { "ca.crt": "YQ==" } } };

const functionOf = ({ feature, send, clock, log, metrics }: RolesWorld): RunningFunction =>
  createFunction({ ...LIMITS, features: [feature], send, clock, log, metrics });

const requested = (world: RolesWorld): readonly string[] =>
  world.requests.map(({ verb, resource }) => `${verb} ${resource.plural}`);

const runsOf = (world: RolesWorld): number =>
  requested(world).filter((request) => request === "get statefulsets").length;

/** Lets time pass, then one tick and whatever comes of it. Forgets what was before. */
const tick = async (world: RolesWorld, fn: RunningFunction, afterMs = INTERVAL_MS): Promise<void> => {
  await world.clock.advance(afterMs);
  world.forget();
  expect(await world.clock.settle(fn.handle(TICK))).toBeUndefined();
  await world.clock.settle(fn.idle());
};

test("a tick with twenty checkers at rest, all to be asked, reads what every tick reads and writes nothing", async () => {
  const world = createRolesWorld();
  for (let index = 0; index < 20; index += 1) {
    const set = `s${index}`;
    addSet(world, { name: set });
    for (let pod = index * 3; pod < index * 3 + 3; pod += 1) {
      addApp(world, `${set}-${pod}`, { leads: pod % 3 === 1 }, { set });
    }
    countPods(world, 3, set);
    addChecker(world, { name: set, statefulSetName: set });
  }
  const fn = functionOf(world);
  await tick(world, fn, 0);
  await tick(world, fn);
  expect([requested(world), world.questions.length]).toEqual([LISTS, 20]);
  expect(world.questions.flatMap(({ targets }) => targets)).toHaveLength(60);
  await tick(world, fn, TICK_MS);
  expect([requested(world), world.questions.length]).toEqual([LISTS, 0]);
});

test("an instance that knows nothing begins by asking, without a run", async () => {
  const world = await createRolesAtRest();
  const other = createRolesWorld();
  for (const [name, app] of world.apps) other.apps.set(name, app);
  const found: string[] = [];
  await other.feature.sweep(world.send, (groups) => found.push(...groups));
  expect(found).toEqual([ASK]);
  expect(await other.feature.run(ASK, world.send)).toEqual({ kind: "done", reason: "LeaderConfirmed", waited: false });
  expect([requested(world), other.questions.length]).toEqual([LISTS, 1]);
});

test("an answer that changed: one run, which reads and asks again, and the label moves", async () => {
  const world = await createRolesAtRest();
  const fn = functionOf(world);
  say(world, [false, true, false]);
  await tick(world, fn);
  expect([labels(world), statusOf(world).leaderNode]).toEqual(["follower leader follower", "db-1"]);
  expect([runsOf(world), world.questions.length, world.mostWriters()]).toEqual([1, 2, 1]);
});

test("by what a sweep has read nothing is done but asked, whatever the answer", async () => {
  const world = await createRolesAtRest();
  await world.clock.advance(INTERVAL_MS);
  expect((await world.sweep()).found).toEqual([ASK]);
  say(world, [false, true, false]);
  world.forget();
  const outcome = await world.feature.run(ASK, world.send);
  expect(outcome).toEqual({ kind: "done", reason: "AnswersChanged", waited: false, next: ["default/db"] });
  expect([requested(world), world.questions.length]).toEqual([[], 1]);
});

test("a leader that is silent is reported once, then asked on every tick without a run, until it answers", async () => {
  const world = await createRolesAtRest();
  const fn = functionOf(world);
  say(world, [undefined, false, false]);
  await tick(world, fn);
  expect([runsOf(world), conditionOf(world, "Unreachable")]).toEqual([1, "True/LeaderSilent"]);
  for (let round = 0; round < 2; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- time is one thing after the other
    await tick(world, fn, TICK_MS);
    expect([requested(world), world.questions.length]).toEqual([LISTS, 1]);
  }
  say(world, [true, false, false]);
  await tick(world, fn, TICK_MS);
  expect([runsOf(world), conditionOf(world, "Unreachable")]).toEqual([1, undefined]);
});

test("a follower that is silent is reported once, and asked again after each interval without a run", async () => {
  const world = await createRolesAtRest();
  const fn = functionOf(world);
  say(world, [true, false, undefined]);
  await tick(world, fn);
  expect([runsOf(world), conditionOf(world, "Unreachable")]).toEqual([1, "True/PodsSilent"]);
  await tick(world, fn, TICK_MS);
  expect([requested(world), world.questions.length]).toEqual([LISTS, 0]);
  await tick(world, fn);
  expect(writes(world)).toEqual([expect.stringMatching(/^patch leases/)]);
  expect([runsOf(world), world.questions.length]).toEqual([0, 1]);
});

test("several that claim while the leader stays are reported once as well, and a view that settles it is worth a run", async () => {
  const world = await createRolesAtRest();
  const fn = functionOf(world);
  say(world, [true, true, false]);
  await tick(world, fn);
  expect([runsOf(world), conditionOf(world, "Conflict")]).toEqual([1, "True/SeveralLeaders"]);
  await tick(world, fn, TICK_MS);
  expect([requested(world), world.questions.length]).toEqual([LISTS, 2]);
  world.apps.set("db-2", { leads: false, sees: ["db-1"] });
  await tick(world, fn, TICK_MS);
  expect([runsOf(world), labels(world)]).toEqual([1, "follower leader follower"]);
});

test("over TLS an asking costs the Secret, and nothing else", async () => {
  const world = await createRolesAtRest([true, false, false], { tls: { secretName: "db-tls" } });
  world.intercept(({ resource }) => (resource.plural === "secrets" ? SECRET : undefined));
  const fn = functionOf(world);
  await tick(world, fn);
  await tick(world, fn);
  expect(requested(world)).toEqual([...LISTS, "get secrets"]);
  expect(world.questions.map(({ options }) => options.tls?.ca.toString())).toEqual(["a"]);
});

test("by DNS name they are asked from the sweep too", async () => {
  const world = await createRolesAtRest([true, false, false], { addressing: "DNS" });
  await tick(world, functionOf(world));
  expect(requested(world)).toEqual(LISTS);
  expect(world.questions[0]?.targets[0]).toEqual({ host: "db-0.db.default.svc.cluster.local", port: 8000 });
});

test("a pod that hangs delays neither the renewal nor another checker, and the reply by no more than its timeout", async () => {
  const world = await createRolesAtRest();
  addSet(world, { name: "web" });
  addApp(world, "web-7", { leads: true }, { set: "web" });
  countPods(world, 1, "web");
  addChecker(world, { name: "web", statefulSetName: "web" });
  await world.run("web");
  const fn = functionOf(world);
  await tick(world, fn, 0);
  await world.clock.advance(20_000);
  world.forget();
  world.apps.set("db-2", { leads: undefined, hangs: true });
  let replied = false;
  const reply = async (): Promise<void> => {
    await fn.handle(TICK);
    replied = true;
  };
  const replying = reply();
  await world.clock.flush();
  expect(requested(world)).toEqual([...LISTS, "patch leases"]);
  expect(world.questions).toHaveLength(2);
  // The second renewal of a tick has its own time.
  await world.clock.advance(999);
  expect([requested(world), replied]).toEqual([[...LISTS, "patch leases", "patch leases"], false]);
  await world.clock.advance(1);
  expect(replied).toBe(true);
  await world.clock.settle(replying);
  await world.clock.settle(fn.idle());
  expect(conditionOf(world, "Unreachable")).toBe("True/PodsSilent");
});

test("while a checker is run it asks by itself, and is not asked for beside that", async () => {
  const world = await createRolesAtRest([true, false, false], { intervalSeconds: 1 });
  const fn = functionOf(world);
  await tick(world, fn, 0);
  world.forget();
  world.apps.set("db-2", { leads: undefined, hangs: true });
  const claim = fn.handle(cloudEvent("dev.bellwether.role.claimed.v1", { namespace: "default", name: "db-0" }));
  await world.clock.flush();
  expect(world.questions).toHaveLength(1);
  const ticked = fn.handle(TICK);
  await world.clock.settle(Promise.all([claim, ticked, fn.idle()]));
  expect(requested(world).filter((request) => request === "list statefulsets")).toHaveLength(1);
  expect(world.questions).toHaveLength(1);
});

test("in observe mode an answer that changed is told as well, and nothing is moved", async () => {
  const world = await createRolesAtRest();
  const observer = createRolesWorld({ mode: "observe" });
  for (const name of world.apps.keys()) observer.apps.set(name, { leads: name === "db-1" });
  const keys: string[] = [];
  await observer.feature.sweep(world.send, (groups) => keys.push(...groups));
  expect(keys).toEqual([ASK]);
  expect(await observer.feature.run(ASK, world.send)).toMatchObject({ next: ["default/db"] });
  await observer.feature.run("default/db", world.send);
  expect([writes(world), labels(world)]).toEqual([["create events"], "leader follower follower"]);
});

test("a run that has asked since the sweep has asked for it", async () => {
  const world = await createRolesAtRest();
  await world.clock.advance(INTERVAL_MS);
  expect((await world.sweep()).found).toEqual([ASK]);
  await world.run();
  world.forget();
  expect(await world.feature.run(ASK, world.send)).toEqual({ kind: "done", reason: "AskedMeanwhile" });
  expect([world.questions, world.requests]).toEqual([[], []]);
});

test("a checker that went meanwhile is not asked for", async () => {
  const world = await createRolesAtRest();
  await world.clock.advance(INTERVAL_MS);
  expect((await world.sweep()).found).toEqual([ASK]);
  world.change(CHECKERS, "db", { metadata: { finalizers: null } });
  world.remove(CHECKERS, "db");
  await world.sweep();
  expect(await world.feature.run(ASK, world.send)).toEqual({ kind: "done", reason: "AskedMeanwhile" });
  expect(world.questions).toEqual([]);
});
