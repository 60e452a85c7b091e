/** What a lost answer, a slow neighbour, a second instance or an unusual order makes of writers, renewals and reports. */
import { expect, test } from "vitest";
import { LOCKS, ROLES } from "../../../functions/election/labels.ts";
import type { RunOutcome } from "../../../functions/kit/feature.ts";
import { epochFloor } from "../../../functions/kit/handover/epoch.ts";
import { createLog } from "../../../functions/kit/host/log.ts";
import { METRICS } from "../../../functions/kit/host/metric-list.ts";
import { createMetrics } from "../../../functions/kit/host/metrics.ts";
import { LEARN_PREFIX } from "../../../functions/kit/keys.ts";
import { EVENTS, LEASES, PODS, STATEFUL_SETS } from "../../../functions/kit/kube/request.ts";
import { createTick } from "../../../functions/renewal/tick.ts";
import { NAMESPACE } from "../support/builders.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";
import {
  addSet,
  conditionOf,
  createGroup,
  createGroupAtRest,
  createTwoGroups,
  rolesOf,
  setReady,
  statusOf,
} from "../support/world.ts";
import { promotes, startInstance } from "../support/instance.ts";

test("a promotion whose answer is lost is announced by the run that finds it done", async () => {
  const world = createGroup();
  let lost = false;
  world.intercept((request) => {
    if (lost || !promotes(ROLES)(request)) return undefined;
    lost = true;
    world.api.handle(request);
    return { status: 0, body: {} };
  });
  await world.run();
  await world.run();
  expect(rolesOf(world)).toMatchObject({ "db-0": ROLES.leader });
  expect(world.events.map(({ type }) => type)).toEqual(["dev.bellwether.leader.elected.v1"]);
});

test("a run that takes long does not keep the next tick from renewing the others", async () => {
  const clock = createVirtualClock();
  let sweeps = 0;
  const slow = Promise.withResolvers<RunOutcome>();
  const tick = createTick({
    features: [
      {
        name: "one",
        groupsOf: () => [],
        run: () => slow.promise,
        sweep: (_send, found) => {
          sweeps += 1;
          found(["slow"]);
          return Promise.resolve({ kind: "swept", groups: 2, renewed: 1 });
        },
      },
    ],
    send: () => Promise.resolve({ status: 200, body: {} }),
    clock,
    log: createLog({ level: "error", write: () => undefined }),
    metrics: createMetrics(METRICS),
    trigger: () => slow.promise,
    onRead: () => undefined,
  });
  void tick();
  await clock.advance(2000);
  void tick();
  await clock.flush();
  expect(sweeps).toBe(2);
});

/** The set goes and leaves its pods behind, the Lease is deleted by hand, a set of the same name comes and adopts one pod. */
test("a StatefulSet made anew fences the former writer before it has adopted that pod", async () => {
  const world = await createGroupAtRest();
  world.remove(STATEFUL_SETS, "db");
  for (const name of ["db-0", "db-1", "db-2"]) world.change(PODS, name, { metadata: { ownerReferences: null } });
  world.remove(LEASES, "db-lease");
  const uid = addSet(world);
  const owner = { apiVersion: "apps/v1", kind: "StatefulSet", name: "db", uid, controller: true };
  world.change(PODS, "db-1", { metadata: { ownerReferences: [owner] } });
  await world.run();
  expect(world.mostWriters()).toBe(1);
});

test("two locks whose StatefulSets are swapped: the second does not end what the first serves already", async () => {
  const world = await createTwoGroups();
  world.change(LOCKS, "one-lock", { spec: { statefulSetName: "two" } });
  world.change(LOCKS, "two-lock", { spec: { statefulSetName: "one" } });
  // It has read its own Lease, of its former group, and is about to look for that group's records.
  const slow = startInstance(world, ({ verb, resource }) => verb === "list" && resource === LEASES);
  const second = world.feature.run(`${NAMESPACE}/two-lock`, slow.send);
  await slow.stopped;
  await world.run("one-lock");
  expect(statusOf(world, "one-lock").writerPod).toBe("two-0");
  const served = world.get(LEASES, "one-lease")?.metadata.uid;
  slow.goOn();
  await second;
  expect(world.get(LEASES, "one-lease")?.metadata.uid).toBe(served);
  expect(rolesOf(world, ["two-0"])).toEqual({ "two-0": ROLES.leader });
});

test("a lock that another instance has ended leaves no gauge behind after the next sweep", async () => {
  const world = await createGroupAtRest();
  world.remove(LOCKS, "db-lock");
  world.change(LOCKS, "db-lock", { metadata: { finalizers: null } });
  await world.sweep();
  expect(world.metrics.render()).not.toMatch(/^statefulsetlock_current_leader_info\{.*db-lock/m);
});

test("a hand-over that a broken webhook stops with 500 is in the status: there is no writer", async () => {
  const world = await createGroupAtRest();
  setReady(world, "db-0", false);
  world.intercept((request) =>
    promotes(ROLES)(request)
      ? { status: 500, body: { kind: "Status", reason: "InternalError", message: "failed calling webhook" } }
      : undefined,
  );
  await world.run();
  expect(Object.values(rolesOf(world))).toEqual(["reader", "reader", "reader"]);
  expect(statusOf(world).writerPod).toBe("");
  expect(conditionOf(world, "Available")).toMatch(/^False/);
});

test("a promotion is counted and recorded once, also when the status write meets a conflict", async () => {
  const world = createGroup();
  let refused = false;
  world.intercept(({ subresource }) => {
    if (refused || subresource !== "status") return undefined;
    refused = true;
    return { status: 409, body: { kind: "Status", reason: "Conflict" } };
  });
  await world.run();
  const counted = world.metrics.render().match(/^statefulsetlock_leader_elections_total.*$/gm);
  expect(counted).toHaveLength(1);
  const recorded = world.requests.filter(
    ({ resource, body }) => resource === EVENTS && (body as { reason: string }).reason === "LeaderElected",
  );
  const names = recorded.map(({ body }) => (body as { metadata: { name: string } }).metadata.name);
  expect(new Set(names).size).toBe(1);
});

test("a hand-over that gets no answers from a hanging webhook is in the status", async () => {
  const world = await createGroupAtRest();
  setReady(world, "db-0", false);
  world.intercept((request) => (promotes(ROLES)(request) ? { status: 0, body: {} } : undefined));
  await world.run();
  expect(statusOf(world).writerPod).toBe("");
});

test.each([
  [429, { retryAfterSeconds: 0 }, 200],
  [429, { retryAfterSeconds: 7 }, 7000],
  [503, {}, 200],
  [403, {}, 5000],
])("an answer %i with %o asks for a pause before the next attempt", async (status, details, afterMs) => {
  const world = await createGroupAtRest();
  setReady(world, "db-0", false);
  world.intercept(({ method }) =>
    method === "PATCH" ? { status, body: { kind: "Status", reason: "R", details } } : undefined,
  );
  expect(await world.run()).toMatchObject({ kind: "retry", afterMs });
});

test("a record that is made from an old read of the lock begins above the epoch that its status tells of by now", async () => {
  const world = createGroup();
  const later = epochFloor(world.clock.serverNow()) + 100;
  world.intercept(({ verb, resource }) => {
    if (verb !== "get" || resource !== LOCKS) return undefined;
    world.intercept(undefined);
    // Another instance has promoted, and Lease and pods were deleted since.
    world.change(LOCKS, "db-lock", { status: { ...statusOf(world), epoch: later } }, "status");
    return undefined;
  });
  await world.run();
  expect(statusOf(world).epoch).toBe(later + 1);
});

test("a Lease that was read before the hand-over of which the status tells does not take its epoch back", async () => {
  const world = await createGroupAtRest();
  const old = world.get(LEASES, "db-lease");
  setReady(world, "db-0", false);
  await world.run();
  const { epoch } = statusOf(world);
  for (const name of ["db-1", "db-2"]) setReady(world, name, false);
  world.intercept(({ verb, resource }) => {
    if (verb !== "get" || resource !== LEASES) return undefined;
    world.intercept(undefined);
    return { status: 200, body: old };
  });
  await world.run();
  expect(conditionOf(world, "Available")).toMatch(/PodsNotFound/);
  expect(statusOf(world).epoch).toBe(epoch);
});

test.each([
  ["is not repeated soon when it is forbidden", 403, { kind: "done", reason: "Unreadable" }],
  ["is not repeated soon when there is no such kind", 404, { kind: "done", reason: "Unreadable" }],
  ["is repeated when the server is in trouble", 503, { kind: "retry", trouble: "server" }],
])("a look-up of locks %s", async (_, status, outcome) => {
  const world = createGroup();
  world.intercept(({ verb }) => (verb === "list" ? { status, body: { kind: "Status" } } : undefined));
  const { feature, send, clock } = world;
  expect(await clock.settle(feature.run(`${LEARN_PREFIX}${NAMESPACE}/db`, send))).toMatchObject(outcome);
});
