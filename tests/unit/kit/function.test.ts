/** The function on virtual time: which events cost nothing, when it answers, what it answers, and what a cold start does. */
import { expect, test } from "vitest";
import { createFunction, type RunningFunction } from "../../../functions/function.ts";
import { LOCKS } from "../../../functions/election/labels.ts";
import type { Feature, RunOutcome } from "../../../functions/kit/feature.ts";
import { createMetrics } from "../../../functions/kit/host/metrics.ts";
import { createLog } from "../../../functions/kit/host/log.ts";
import { METRICS } from "../../../functions/kit/host/metric-list.ts";
import type { Context, Reply } from "../../../functions/kit/host/server.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { PODS, type Resource, type Transport } from "../../../functions/kit/kube/request.ts";
import { addLock, conditionOf, createGroup, rolesOf, setReady, type World } from "../support/world.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual-clock.ts";

const ACK_AFTER_MS = 300;

const contextOf = (headers: Record<string, string>, body: unknown): Context =>
  ({ headers, body, rawBody: body === undefined ? "" : JSON.stringify(body), method: "POST" }) as unknown as Context;

const cloudEvent = (type: string, attributes: Record<string, string>, body?: unknown): Context => {
  const all = { specversion: "1.0", id: "1", source: "https://api.test", type, ...attributes };
  const named = Object.entries(all).map(([name, value]) => [`ce-${name}`, value]);
  return contextOf({ "content-type": "application/json", ...Object.fromEntries(named) }, body);
};
const TICK = cloudEvent("dev.knative.sources.ping", {});

const changed = (resource: Resource, object: KubeObject, change = "update"): Context => {
  const apiVersion = resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
  const { name, namespace = "" } = object.metadata;
  const body = { ...object, apiVersion, kind: resource.kind };
  return cloudEvent(
    `dev.knative.apiserver.resource.${change}`,
    { kind: resource.kind, apiversion: apiVersion, name, namespace },
    body,
  );
};

const LIMITS = { concurrency: 4, groupDeadlineMs: 10_000, ackAfterMs: ACK_AFTER_MS };

const functionOf = (world: World): RunningFunction =>
  createFunction({
    ...LIMITS,
    features: [world.feature],
    send: world.send,
    clock: world.clock,
    log: world.log,
    metrics: world.metrics,
  });

/** The election on the memory API, first sweep done, at rest under db-0. */
const warm = async (): Promise<{ world: World; fn: RunningFunction }> => {
  const world = createGroup();
  const fn = functionOf(world);
  fn.start();
  await world.clock.settle(fn.idle());
  await world.clock.flush();
  world.forget();
  return { world, fn };
};
const podNow = (world: World, name: string): KubeObject => {
  const pod = world.get(PODS, name);
  if (pod === undefined) throw new Error(`pod ${name} does not exist`);
  return pod;
};

test("a start sweeps, and the sweep brings the group to rest", async () => {
  const { world } = await warm();
  expect(rolesOf(world)).toEqual({ "db-0": "writer", "db-1": "reader", "db-2": "reader" });
});

test("the echo of an own write costs no API call", async () => {
  const { world, fn } = await warm();
  expect(await fn.handle(changed(PODS, podNow(world, "db-0")))).toBeUndefined();
  expect(world.requests).toEqual([]);
});

test("the version that one group's run wrote is news to another group", async () => {
  const world = createGroup();
  let runs = 0;
  const other: Feature = {
    name: "other",
    groupsOf: () => ["g"],
    run: () => {
      runs += 1;
      return Promise.resolve({ kind: "done", reason: "Seen" });
    },
    sweep: (_send, found) => {
      found([]);
      return Promise.resolve({ kind: "swept", groups: 0, renewed: 0 });
    },
  };
  const { send, clock, log, metrics } = world;
  const fn = createFunction({ ...LIMITS, features: [world.feature, other], send, clock, log, metrics });
  fn.start();
  await clock.settle(fn.idle());
  await clock.flush();
  await clock.settle(fn.handle(changed(PODS, podNow(world, "db-0"))));
  expect(runs).toBe(1);
});

test("a pod of no group costs no API call", async () => {
  const { world, fn } = await warm();
  const pod = podNow(world, "db-0");
  const stranger = { ...pod, metadata: { ...pod.metadata, name: "web-0", uid: "u", labels: {}, ownerReferences: [] } };
  expect(await fn.handle(changed(PODS, stranger))).toBeUndefined();
  expect(world.requests).toEqual([]);
});

test("a foreign change of a member is looked at; when nothing came of it, nothing is written", async () => {
  const { world, fn } = await warm();
  world.change(PODS, "db-1", { metadata: { labels: { more: "x" } } });
  await world.clock.settle(fn.handle(changed(PODS, podNow(world, "db-1"))));
  expect(world.requests.length).toBeGreaterThan(0);
  expect(world.requests.filter(({ method }) => method !== "GET")).toEqual([]);
});

test("an event brings a fail-over, with at most one writer at every revision", async () => {
  const { world, fn } = await warm();
  setReady(world, "db-0", false);
  expect(await world.clock.settle(fn.handle(changed(PODS, podNow(world, "db-0"))))).toBeUndefined();
  expect([rolesOf(world), world.mostWriters()]).toEqual([{ "db-0": "reader", "db-1": "writer", "db-2": "reader" }, 1]);
});

test("an event that is stale or says too much decides nothing: the group is read", async () => {
  const { world, fn } = await warm();
  const pod = podNow(world, "db-0");
  const lie = {
    ...pod,
    metadata: { ...pod.metadata, resourceVersion: "1", labels: { ...pod.metadata.labels, "sts-role": "reader" } },
    status: {},
  };
  await world.clock.settle(fn.handle(changed(PODS, lie, "delete")));
  expect(world.requests.filter(({ method }) => method !== "GET")).toEqual([]);
});

test("a lock's own event ends it, and the event of its end is another lock's turn", async () => {
  const { world, fn } = await warm();
  await world.clock.advance(1000);
  addLock(world, { name: "next", leaseName: "next-lease" });
  const deletions: KubeObject[] = [];
  world.api.onRevision(({ type, resource, object }) => {
    if (type === "DELETED" && resource.plural === LOCKS.plural) deletions.push(object);
  });
  world.remove(LOCKS, "db-lock");
  const [lock, next] = [world.get(LOCKS, "db-lock"), world.get(LOCKS, "next")];
  if (lock === undefined || next === undefined) throw new Error("both locks should exist");
  await world.clock.settle(fn.handle(changed(LOCKS, next, "add")));
  expect(conditionOf(world, "Available", "next")).toBe("False/StatefulSetShared");
  await world.clock.settle(fn.handle(changed(LOCKS, lock)));
  expect([world.get(LOCKS, "db-lock"), deletions.length]).toEqual([undefined, 1]);
  await world.clock.settle(Promise.all(deletions.map((gone) => fn.handle(changed(LOCKS, gone, "delete")))));
  expect([conditionOf(world, "Available", "next"), rolesOf(world)["db-0"]]).toEqual(["True/Available", "writer"]);
});

test.each<[string, Context]>([
  ["no CloudEvent", contextOf({ "content-type": "application/json" }, {})],
  ["an unknown type", cloudEvent("com.example.other", {}, {})],
  [
    "a body that is not the object",
    cloudEvent(
      "dev.knative.apiserver.resource.add",
      { kind: "Pod", apiversion: "v1", name: "x", namespace: "y" },
      { kind: "Pod" },
    ),
  ],
])("%s: 400 with a sentence, and no API call", async (_title, context) => {
  const { world, fn } = await warm();
  const reply = await fn.handle(context);
  expect([reply?.statusCode, world.requests]).toEqual([400, []]);
  expect(reply?.body).toMatch(/accept/);
});

test.each<[string, number, number | undefined]>([
  ["a server that is not available: 503, so that the source comes again", 503, 503],
  ["too many requests: 503", 429, 503],
  ["no answer: 503", 0, 503],
  ["an error that may be one webhook's: done, its neighbours are not held up", 500, undefined],
  ["a refusal is the group's own trouble: done, its neighbours are not held up", 403, undefined],
])("%s", async (_title, status, expected) => {
  const { world, fn } = await warm();
  setReady(world, "db-0", false);
  world.intercept(({ method }) => (method === "PATCH" ? { status, body: { kind: "Status", reason: "R" } } : undefined));
  const reply = await world.clock.settle(fn.handle(changed(PODS, podNow(world, "db-0"))));
  expect(reply?.statusCode).toBe(expected);
  expect(reply?.headers?.["retry-after"]).toBe(expected === undefined ? undefined : "1");
});

test("a client error of the API server never becomes the reply to a tick", async () => {
  const { world, fn } = await warm();
  world.intercept(({ verb }) =>
    verb === "list" ? { status: 403, body: { kind: "Status", reason: "Forbidden" } } : undefined,
  );
  expect((await world.clock.settle(fn.handle(TICK)))?.statusCode).toBe(503);
});

interface Fake {
  readonly clock: VirtualClock;
  readonly fn: RunningFunction;
  readonly sweeps: () => number;
  /** Ends the sweep under way. */
  readonly finish: (groups?: readonly string[]) => void;
}

const nothing: Transport = () => Promise.resolve({ status: 200, body: {} });

/** A function with one feature that does what the test says. */
const fake = (run: (clock: VirtualClock) => Promise<RunOutcome>): Fake => {
  const clock = createVirtualClock();
  let sweeps = 0;
  let finish: ((groups: readonly string[]) => void) | undefined;
  const feature: Feature = {
    name: "election",
    groupsOf: () => ["g"],
    run: () => run(clock),
    sweep: async (_send, found) => {
      sweeps += 1;
      found(
        await new Promise<readonly string[]>((resolve) => {
          finish = resolve;
        }),
      );
      return { kind: "swept", groups: 1, renewed: 0 };
    },
  };
  const parts = { clock, log: createLog({ level: "error", write: () => undefined }), metrics: createMetrics(METRICS) };
  const fn = createFunction({ ...LIMITS, ...parts, features: [feature], send: nothing });
  return { clock, fn, sweeps: () => sweeps, finish: (groups = []) => finish?.(groups) };
};
const POD_EVENT = changed(PODS, { metadata: { name: "x-0", namespace: "default", uid: "u", resourceVersion: "1" } });
const DONE: RunOutcome = { kind: "done", reason: "Fine" };
const at = async (clock: VirtualClock, reply: Promise<Reply | undefined>): Promise<[number | undefined, number]> => {
  const answered = reply.then((value): [number | undefined, number] => [value?.statusCode, clock.monotonic()]);
  return clock.settle(answered);
};

test("a run that is quick is awaited; a slow one is answered early and goes on", async () => {
  let finished = 0;
  const { clock, fn, finish } = fake(async (time) => {
    await time.sleep(1000);
    finished += 1;
    return DONE;
  });
  fn.start();
  finish();
  await clock.flush();
  expect(await at(clock, fn.handle(POD_EVENT))).toEqual([undefined, ACK_AFTER_MS]);
  expect(finished).toBe(0);
  await clock.settle(fn.idle());
  expect([finished, clock.monotonic()]).toEqual([1, 1000]);
});

test("after an early answer a run that fails repeats itself, and idle waits for it", async () => {
  let attempts = 0;
  const { clock, fn, finish } = fake(async (time) => {
    attempts += 1;
    await time.sleep(400);
    return attempts === 1 ? { kind: "retry", reason: "R", afterMs: 200, trouble: "server" } : DONE;
  });
  fn.start();
  finish();
  await clock.flush();
  expect(await at(clock, fn.handle(POD_EVENT))).toEqual([undefined, ACK_AFTER_MS]);
  await clock.settle(fn.idle());
  expect([attempts, clock.monotonic()]).toEqual([2, 1000]);
});

test("an event before the first sweep waits for it, so that a cold instance knows its groups", async () => {
  const { clock, fn, finish, sweeps } = fake(() => Promise.resolve(DONE));
  fn.start();
  const reply = fn.handle(POD_EVENT).then((value) => [value?.statusCode, clock.monotonic()]);
  await clock.advance(700);
  finish();
  expect(await reply).toEqual([undefined, 700]);
  expect(sweeps()).toBe(1);
});

test("an event whose first sweep takes too long is sent back with 503 after two seconds", async () => {
  const { clock, fn } = fake(() => Promise.resolve(DONE));
  fn.start();
  expect(await at(clock, fn.handle(POD_EVENT))).toEqual([503, 2000]);
});

test("ticks that overlap share one sweep; the next one begins another", async () => {
  const { clock, fn, finish, sweeps } = fake(() => Promise.resolve(DONE));
  const replies = [fn.handle(TICK), fn.handle(TICK), fn.handle(TICK)];
  await clock.flush();
  finish();
  expect(await clock.settle(Promise.all(replies))).toEqual([undefined, undefined, undefined]);
  expect(sweeps()).toBe(1);
  const next = fn.handle(TICK);
  await clock.flush();
  finish();
  await clock.settle(next);
  expect(sweeps()).toBe(2);
});
