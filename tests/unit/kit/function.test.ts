/** The function on virtual time: which events cost nothing, and what it answers. */
import { expect, test } from "vitest";
import { createFunction, type RunningFunction } from "../../../functions/function.ts";
import { LOCKS } from "../../../functions/election/labels.ts";
import type { Feature } from "../../../functions/kit/feature.ts";
import type { Context } from "../../../functions/kit/host/server.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { PODS } from "../../../functions/kit/kube/request.ts";
import { changed, cloudEvent, contextOf, LIMITS, TICK } from "../support/fake-function.ts";
import { addLock, conditionOf, createGroup, rolesOf, setReady, type World } from "../support/world.ts";

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
