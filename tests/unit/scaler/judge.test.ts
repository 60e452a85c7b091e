/** What counts as work is what the function would do: no more, so that it can sleep, and no less, so that nothing is missed. */
import { expect, test } from "vitest";
import type { ClaimEvent } from "../../../events/types.ts";
import { CHECKERS } from "../../../functions/roles/labels.ts";
import { LOCKS } from "../../../functions/election/labels.ts";
import { LEASES, PODS, STATEFUL_SETS } from "../../../functions/kit/kube/request.ts";
import { createRolesAtRest, createRolesGroup } from "../roles/world.ts";
import {
  addLock,
  addPod,
  addSet,
  createGroup,
  createGroupAtRest,
  setReady,
  writesOf,
  type World,
} from "../support/world.ts";
import { judgeOf, sweepWith, verdictOf, watched } from "./support.ts";

const QUIET = { work: false, problem: undefined, barred: [] };
const WORK = { work: true, problem: undefined, barred: [] };

test("a sweep of groups at rest finds no work, and reads no more than the function's", async () => {
  const world = await createGroupAtRest();
  expect(await sweepWith(world, judgeOf(world))).toEqual(QUIET);
  expect(writesOf(world)).toEqual([]);
});

test.each<[string, (world: World) => unknown]>([
  ["the writer is not Ready", (world) => setReady(world, "db-0", false)],
  ["the writer is gone", (world) => world.remove(PODS, "db-0")],
  ["the Lease is gone", (world) => world.remove(LEASES, "db-lease")],
  ["a Lease has to be renewed", (world) => world.clock.advance(15_000)],
  ["a lock is new", (world) => addLock(world, { name: "other", statefulSetName: "none", leaseName: "other" })],
])("a sweep finds work, and does none of it: %s", async (_, happens) => {
  const world = await createGroupAtRest();
  await happens(world);
  expect(await sweepWith(world, judgeOf(world))).toEqual(WORK);
  expect(writesOf(world)).toEqual([]);
});

test("a sweep that cannot read says so, and leaves the rest to the function", async () => {
  const world = await createGroupAtRest();
  world.intercept(({ resource }) => (resource === LOCKS ? { status: 503, body: {} } : undefined));
  const { work, problem } = await sweepWith(world, judgeOf(world));
  expect([work, problem]).toEqual([true, expect.stringContaining("statefulsetlocks")]);
});

test("what may not be read is said, and wakes nobody: the function may not read it either", async () => {
  const world = await createGroupAtRest();
  world.intercept(({ resource }) => (resource === LOCKS ? { status: 403, body: { reason: "Forbidden" } } : undefined));
  const { work, problem, barred } = await sweepWith(world, judgeOf(world));
  expect([work, problem, barred]).toEqual([false, undefined, [expect.stringContaining("statefulsetlocks")]]);
});

test("a lock that the function can do nothing for, and has said so, wakes nobody", async () => {
  const world = createGroup({ statefulSetName: "none" });
  expect(await sweepWith(world, judgeOf(world))).toEqual(WORK);
  await world.run();
  expect(await sweepWith(world, judgeOf(world))).toEqual(QUIET);
});

test("a pod of no group concerns nobody, and costs no read", async () => {
  const world = await createGroupAtRest();
  const judge = judgeOf(world);
  await sweepWith(world, judge);
  world.create(PODS, { metadata: { name: "web-1" }, spec: { containers: [{ name: "web", image: "web" }] } });
  world.forget();
  expect(verdictOf(world, judge, { object: watched(world, PODS, "web-1"), change: "add" })).toBeUndefined();
  expect(world.requests).toEqual([]);
});

test("a new pod of a StatefulSet that no lock names is looked up, and wakes nobody", async () => {
  const world = await createGroupAtRest();
  const judge = judgeOf(world);
  await sweepWith(world, judge);
  addSet(world, { name: "web" });
  addPod(world, "web-0", { set: "web" });
  expect(await verdictOf(world, judge, { object: watched(world, PODS, "web-0"), change: "add" })).toBe(false);
});

test("the loss of a writer is work; that of a reader, which nobody has to act on, is not", async () => {
  const world = await createGroupAtRest();
  const judge = judgeOf(world);
  await sweepWith(world, judge);
  setReady(world, "db-2", false);
  expect(await verdictOf(world, judge, { object: watched(world, PODS, "db-2") })).toBe(false);
  setReady(world, "db-0", false);
  expect(await verdictOf(world, judge, { object: watched(world, PODS, "db-0") })).toBe(true);
  expect(writesOf(world)).toEqual([]);
});

test("the function's own writes, coming back, are no work", async () => {
  const world = await createGroupAtRest();
  const judge = judgeOf(world);
  await sweepWith(world, judge);
  setReady(world, "db-0", false);
  await world.run();
  for (const name of ["db-0", "db-1", "db-2"]) {
    // oxlint-disable-next-line no-await-in-loop -- each verdict by itself
    expect(await verdictOf(world, judge, { object: watched(world, PODS, name) })).toBe(false);
  }
});

test("what a new lock is about is known from its own event on, before the next sweep", async () => {
  const world = await createGroupAtRest();
  const judge = judgeOf(world);
  await sweepWith(world, judge);
  addSet(world, { name: "web" });
  addLock(world, { name: "web", statefulSetName: "web", leaseName: "web" });
  expect(await verdictOf(world, judge, { object: watched(world, LOCKS, "web"), change: "add" })).toBe(true);
  addPod(world, "web-0", { set: "web" });
  expect(await verdictOf(world, judge, { object: watched(world, PODS, "web-0") })).toBe(true);
});

test("several events of one group at once cost one more rehearsal, not one each", async () => {
  const world = await createGroupAtRest();
  const judge = judgeOf(world);
  await sweepWith(world, judge);
  world.forget();
  const object = watched(world, PODS, "db-1");
  await Promise.all(Array.from({ length: 20 }, async () => verdictOf(world, judge, { object })));
  expect(world.requests.filter(({ verb, resource }) => verb === "get" && resource === LOCKS).length).toBeLessThan(4);
});

test("pods that have to be asked are work: the scaler itself asks nobody", async () => {
  const world = createRolesGroup();
  expect(await sweepWith(world, judgeOf(world))).toEqual(WORK);
  expect(world.questions).toEqual([]);
});

test("a checker is work once in its interval, not at each tick", async () => {
  const world = await createRolesAtRest();
  const judge = judgeOf(world);
  const { intervalSeconds = 10 } = (world.get(CHECKERS, "db")?.spec ?? {}) as { readonly intervalSeconds?: number };
  expect(await sweepWith(world, judge)).toEqual(WORK);
  await world.clock.advance(2_000);
  expect(await sweepWith(world, judge)).toEqual(QUIET);
  await world.clock.advance(intervalSeconds * 1000);
  expect(await sweepWith(world, judge)).toEqual(WORK);
});

test("an asking that the function was told of, and did not live to do, is work again at the next tick", async () => {
  const world = createRolesGroup();
  const judge = judgeOf(world);
  expect(await sweepWith(world, judge)).toEqual(WORK);
  await world.clock.advance(2_000);
  expect(await sweepWith(world, judge)).toEqual(WORK);
});

const claimOf = (pod: string): ClaimEvent => ({ type: "claim", id: "1", source: "s", namespace: "default", pod });

test("a flood of claims of a checker's pods is work, and looked at one after the other, not once each", async () => {
  const world = await createRolesAtRest();
  const judge = judgeOf(world);
  await sweepWith(world, judge);
  world.forget();
  const flood = Array.from({ length: 100 }, (_, index) => judge.isWork(judge.keysOf(claimOf(`db-${index}`))));
  expect(await world.clock.settle(Promise.all(flood))).not.toContain(false);
  expect(world.requests.filter(({ verb, resource }) => verb === "get" && resource === CHECKERS).length).toBeLessThan(4);
});

test("the claim of a pod whose set has no checker wakes nobody", async () => {
  const world = await createRolesAtRest();
  const judge = judgeOf(world);
  await sweepWith(world, judge);
  expect(await world.clock.settle(judge.isWork(judge.keysOf(claimOf("web-0"))))).toBe(false);
});

test("a Secret is not read: with tls the pods are the function's to ask", async () => {
  const world = await createRolesAtRest();
  world.change(CHECKERS, "db", { spec: { tls: { secretName: "certificates" } } });
  world.forget();
  expect(await sweepWith(world, judgeOf(world))).toEqual(WORK);
  expect(world.requests.filter(({ resource }) => resource.plural === "secrets")).toEqual([]);
});

test("namespaces that are not served concern nobody", async () => {
  const world = await createGroupAtRest();
  const judge = judgeOf(world, { BELLWETHER_NAMESPACES: "elsewhere" });
  setReady(world, "db-0", false);
  expect(await sweepWith(world, judge)).toEqual(QUIET);
  expect(verdictOf(world, judge, { object: watched(world, PODS, "db-0") })).toBeUndefined();
  expect(verdictOf(world, judge, { object: watched(world, STATEFUL_SETS, "db"), change: "add" })).toBeUndefined();
});
