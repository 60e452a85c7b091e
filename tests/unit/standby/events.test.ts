/** Which runs an event brings about, told from hints alone; and what a warm instance forgets. */
import { expect, test } from "vitest";
import { PODS, SERVICES, STATEFUL_SETS } from "../../../functions/kit/kube/request.ts";
import { groupOf } from "../../../functions/standby/model.ts";
import { NAMESPACE } from "../support/builders.ts";
import {
  activePods,
  addPod,
  addService,
  createGroup,
  createGroupAtRest,
  eventOf,
  routingOf,
  setReady,
} from "./cluster.ts";
import { createWorld, KEY, type World } from "./world.ts";
import type { ObjectEvent } from "../../../events/types.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";

const object = (world: World, resource: typeof PODS, name: string): KubeObject => {
  const found = world.get(resource, name);
  if (found === undefined) throw new Error(`${name} does not exist`);
  return found;
};

const keysOf = (world: World, resource: typeof PODS, name: string): readonly string[] =>
  world.feature.groupsOf(eventOf(resource, object(world, resource, name)));

const reference = (event: ObjectEvent): ObjectEvent => ({ ...event, object: undefined });

test("a Service without our annotations concerns nobody, nor does a pod that no group selects", async () => {
  const world = await createGroupAtRest();
  addService(world, "plain", { mode: null });
  addPod(world, "other", { labels: { app: "other" } });
  expect([keysOf(world, SERVICES, "plain"), keysOf(world, PODS, "other")]).toEqual([[], []]);
});

test("a pod concerns the groups that select it, and the one in which it is enrolled", async () => {
  const world = await createGroupAtRest();
  expect(keysOf(world, PODS, "store-a")).toEqual([KEY]);
  const moved = object(world, PODS, "store-a");
  const labels = { "bellwether.dev/standby": "elsewhere", app: "store" };
  const event = eventOf(PODS, { ...moved, metadata: { ...moved.metadata, labels } });
  expect(world.feature.groupsOf(event)).toEqual([`${NAMESPACE}/elsewhere`, KEY]);
});

test("an instance that knows nothing still brings an enrolled pod to its group", async () => {
  const world = await createGroupAtRest();
  expect(world.instance().groupsOf(eventOf(PODS, object(world, PODS, "store-b")))).toEqual([KEY]);
});

test("an edited Service concerns the group that it makes, the one that it left, and the one that it was known in", async () => {
  const world = await createGroupAtRest();
  world.change(SERVICES, "store", { spec: { selector: { app: "shop" } } });
  const wanted = [KEY, `${NAMESPACE}/${groupOf({ app: "shop" })}`];
  expect(keysOf(world, SERVICES, "store")).toEqual(wanted);
  expect(
    world
      .instance()
      .groupsOf(eventOf(SERVICES, object(world, SERVICES, "store")))
      .toSorted(),
  ).toEqual(wanted.toSorted());
});

test("events that only name their object bring about a look at it", async () => {
  const world = createGroup();
  const service = reference(eventOf(SERVICES, object(world, SERVICES, "store")));
  expect(world.feature.groupsOf(service)).toEqual([`service:${NAMESPACE}/store`]);
  expect(await world.drain(world.feature.groupsOf(service))).toEqual([`service:${NAMESPACE}/store`, KEY]);
  expect(activePods(world)).toEqual(["store-a"]);
  expect(world.feature.groupsOf(reference(eventOf(PODS, object(world, PODS, "store-b"))))).toEqual([KEY]);
});

test("kinds that are not watched for it concern nobody", async () => {
  const world = await createGroupAtRest();
  expect(
    world.feature.groupsOf({ ...eventOf(PODS, object(world, PODS, "store-a")), kind: STATEFUL_SETS.kind }),
  ).toEqual([]);
});

test("a look at a Service that is gone forgets what was said of it", async () => {
  const world = createWorld();
  addService(world, "store", { mode: "off" });
  await world.drain([`service:${NAMESPACE}/store`]);
  expect(await world.sweep()).toEqual([]);
  world.remove(SERVICES, "store");
  expect(await world.run(`service:${NAMESPACE}/store`)).toEqual({ kind: "done", reason: "ServiceGone" });
});

test("route mode gets its Services, their pods' events and its sweep's keys, and no other", async () => {
  const ran: string[] = [];
  const world = createWorld();
  addPod(world, "store-a");
  addService(world, "store", { annotations: { "bellwether.dev/route": "slice" } });
  addService(world, "label", { selector: { app: "shop" } });
  const seen: (readonly string[])[] = [];
  const feature = world.instance({
    route: {
      run: (_, { namespace, name }) => {
        ran.push(`${namespace}/${name}`);
        return Promise.resolve({ kind: "done", reason: "Routed" });
      },
      sweep: async (_, services) => {
        seen.push((await services).map(({ name }) => name).toSorted());
        return { services: 1, runs: [{ namespace: NAMESPACE, name: "gone" }] };
      },
    },
  });
  expect(await world.sweep(feature)).toEqual([`${NAMESPACE}/${groupOf({ app: "shop" })}`, `route:${NAMESPACE}/gone`]);
  const keys = feature.groupsOf(eventOf(PODS, object(world, PODS, "store-a")));
  expect(keys).toEqual([`route:${NAMESPACE}/store`]);
  await world.drain([...keys, `route:${NAMESPACE}/gone`], feature);
  expect([ran, seen]).toEqual([[`${NAMESPACE}/store`, `${NAMESPACE}/gone`], [["label", "store"]]]);
  expect(activePods(world)).toEqual([]);
});

test("an event of a route mode Service is enough for its pods' events to reach it, without a sweep or a run", () => {
  const world = createWorld();
  addPod(world, "store-a");
  addService(world, "store", { annotations: { "bellwether.dev/route": "slice" } });
  expect(keysOf(world, PODS, "store-a")).toEqual([]);
  expect(keysOf(world, SERVICES, "store")).toEqual([`route:${NAMESPACE}/store`]);
  expect(keysOf(world, PODS, "store-a")).toEqual([`route:${NAMESPACE}/store`]);
});

test("the event of a route mode Service's end leaves nothing to remember", () => {
  const world = createWorld();
  addPod(world, "store-a");
  addService(world, "store", { annotations: { "bellwether.dev/route": "slice" } });
  const gone = { ...eventOf(SERVICES, object(world, SERVICES, "store")), change: "delete" } as const;
  expect(world.feature.groupsOf(gone)).toEqual([`route:${NAMESPACE}/store`]);
  expect(keysOf(world, PODS, "store-a")).toEqual([]);
});

test("a Service that changes from label mode to route mode is taken back before it is route mode's", async () => {
  const world = await createGroupAtRest();
  world.change(SERVICES, "store", { metadata: { annotations: { "bellwether.dev/route": "slice" } } });
  expect(keysOf(world, SERVICES, "store")).toEqual([KEY, `route:${NAMESPACE}/store`]);
  await world.drain([KEY]);
  expect([routingOf(world), activePods(world)]).toEqual([{ selector: { app: "store" }, kept: undefined }, []]);
});

test("what is at rest needs no run; a pod with our label that is enrolled nowhere does, wherever it came from", async () => {
  const world = await createGroupAtRest();
  expect(await world.sweep()).toEqual([]);
  addPod(world, "store-c", { labels: { app: "store", "qoqo.dev/pod-designation": "active" } });
  world.forget();
  expect(await world.sweep()).toEqual([KEY]);
  await world.drain([KEY]);
  expect(activePods(world)).toEqual(["store-a"]);
});

test.each([
  ["the active pod is not Ready", (world: World) => setReady(world, "store-a", false)],
  ["the active pod is terminating", (world: World) => world.remove(PODS, "store-a")],
  [
    "a pod has left the selector",
    (world: World) => void world.change(PODS, "store-b", { metadata: { labels: { app: "shop" } } }),
  ],
  [
    "the label was copied by hand",
    (world: World) =>
      void world.change(PODS, "store-b", { metadata: { labels: { "qoqo.dev/pod-designation": "active" } } }),
  ],
  [
    "the selector was applied again",
    (world: World) =>
      void world.change(SERVICES, "store", { spec: { selector: { "qoqo.dev/pod-designation": null } } }),
  ],
])("the sweep finds what events lost: %s", async (_, disturb) => {
  const world = await createGroupAtRest();
  disturb(world);
  expect(await world.sweep()).toEqual([KEY]);
  await world.drain([KEY]);
  expect(await world.sweep()).toEqual([]);
  expect(activePods(world)).toHaveLength(1);
  expect(routingOf(world)).toEqual({
    selector: { app: "store", "qoqo.dev/pod-designation": "active" },
    kept: '{"app":"store"}',
  });
});
