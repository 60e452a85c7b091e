/** Several Services over the same pods: who is served, and that pods are never taken from a group that still is. */
import { expect, test } from "vitest";
import { LEASES, PODS, SERVICES } from "../../../functions/kit/kube/request.ts";
import { ROLES } from "../../../functions/standby/labels.ts";
import { groupOf } from "../../../functions/standby/model.ts";
import { NAMESPACE } from "../support/builders.ts";
import { activePods, addPod, addService, routingOf, setReady, tell, toldOf } from "./cluster.ts";
import { APP, createWorld, GROUP, KEY, LEASE, type World } from "./world.ts";

const FRONT = { tier: "front" };
const FRONT_KEY = `${NAMESPACE}/${groupOf(FRONT)}`;
const BOTH = { ...APP, ...FRONT };
const ACTIVE = { [ROLES.roleLabel]: ROLES.leader };

const groupOn = (world: World, pod: string): string | undefined =>
  world.get(PODS, pod)?.metadata.labels?.["bellwether.dev/standby"];

/** `front` is older than `store`, but only `store` is annotated, and served. */
const createRivals = async (): Promise<World> => {
  const world = createWorld();
  addPod(world, "store-a", { labels: BOTH });
  addPod(world, "store-b", { labels: BOTH });
  addService(world, "front", { selector: FRONT, mode: null });
  await world.clock.advance(2000);
  addService(world);
  await world.tick();
  await world.clock.advance(5000);
  world.forget();
  return world;
};

test("an older Service that opts in later ends the younger group first, and then has the pods; nobody is empty on the way", async () => {
  const world = await createRivals();
  world.change(SERVICES, "front", { metadata: { annotations: { "qoqo.dev/service-mode": "active-standby" } } });
  await tell(world, SERVICES, "front");
  expect([activePods(world), world.mostActive()]).toEqual([["store-a"], 1]);
  expect([routingOf(world).selector, routingOf(world, "front").selector]).toEqual([APP, { ...FRONT, ...ACTIVE }]);
  expect(groupOn(world, "store-b")).toBe(groupOf(FRONT));
  const ways = ["store", "front"].flatMap((service) => world.routes(service));
  expect(ways.every(({ ready }) => ready.length > 0)).toBe(true);
  expect(toldOf(world)).toContainEqual(expect.stringContaining("Warning PodsShared: "));
});

test("when the older Service goes, the younger one is served", async () => {
  const world = await createRivals();
  world.change(SERVICES, "front", { metadata: { annotations: { "qoqo.dev/service-mode": "active-standby" } } });
  await tell(world, SERVICES, "front");
  world.remove(SERVICES, "front");
  await world.drain([FRONT_KEY]);
  expect([activePods(world), routingOf(world).selector]).toEqual([["store-a"], { ...APP, ...ACTIVE }]);
  expect(groupOn(world, "store-a")).toBe(GROUP);
});

test("a group that is refused is told once, and is silent from then on", async () => {
  const world = await createRivals();
  world.change(SERVICES, "front", { metadata: { annotations: { "qoqo.dev/service-mode": "active-standby" } } });
  await tell(world, SERVICES, "front");
  world.forget();
  await world.tick();
  expect(world.requests.filter(({ method }) => method !== "GET")).toEqual([]);
});

test("the shared pod decides: selectors that could overlap and do not are both served", async () => {
  const world = createWorld();
  addPod(world, "store-a");
  addPod(world, "front-a", { labels: FRONT });
  addService(world);
  addService(world, "front", { selector: FRONT });
  await world.tick();
  expect(activePods(world)).toEqual(["front-a", "store-a"]);
  expect([routingOf(world).kept, routingOf(world, "front").kept]).toEqual(['{"app":"store"}', '{"tier":"front"}']);
});

test("a pod that comes to belong to both ends the younger group", async () => {
  const world = createWorld();
  addPod(world, "store-a");
  addPod(world, "front-a", { labels: FRONT });
  addService(world);
  await world.clock.advance(2000);
  addService(world, "front", { selector: FRONT });
  await world.tick();
  addPod(world, "both", { labels: BOTH });
  await tell(world, PODS, "both");
  expect([activePods(world), routingOf(world, "front").selector]).toEqual([["store-a"], FRONT]);
  expect(groupOn(world, "both")).toBe(GROUP);
});

test("a pod that leaves its group for another is fenced and let go before the other has it", async () => {
  const world = createWorld();
  for (const name of ["store-a", "store-b"]) addPod(world, name);
  addService(world);
  addService(world, "shop", { selector: { app: "shop" } });
  await world.tick();
  world.change(PODS, "store-a", { metadata: { labels: { app: "shop" } } });
  world.forget();
  await tell(world, PODS, "store-a");
  await tell(world, PODS, "store-a");
  expect(activePods(world)).toEqual(["store-a", "store-b"]);
  expect(groupOn(world, "store-a")).toBe(groupOf({ app: "shop" }));
  expect([routingOf(world).selector, routingOf(world, "shop").selector]).toEqual([
    { ...APP, ...ACTIVE },
    { app: "shop", ...ACTIVE },
  ]);
});

test("a pod that leaves while nobody can take its place is active for nobody, and then the other's", async () => {
  const world = createWorld();
  addPod(world, "store-a");
  addPod(world, "shop-a", { labels: { app: "shop" } });
  addService(world);
  addService(world, "shop", { selector: { app: "shop" } });
  await world.tick();
  world.change(PODS, "store-a", { metadata: { labels: { app: "shop" } } });
  await tell(world, PODS, "store-a");
  expect(activePods(world)).toEqual(["shop-a"]);
  expect(world.get(LEASES, LEASE)?.spec).toMatchObject({ holderIdentity: "" });
  const lost = world.events.filter(({ type }) => type === "dev.bellwether.leader.lost.v1");
  expect(lost).toMatchObject([{ data: { previous: { name: "store-a" } } }]);
  setReady(world, "shop-a", false);
  await tell(world, PODS, "shop-a");
  expect([groupOn(world, "store-a"), activePods(world)]).toEqual([groupOf({ app: "shop" }), ["store-a"]]);
});

test("an enrolment that no Service stands for is ended before the pod is enrolled anew", async () => {
  const world = createWorld();
  addPod(world, "store-a", { labels: { ...APP, "bellwether.dev/standby": "nobody" } });
  addService(world);
  expect(await world.drain([KEY])).toEqual([KEY, `${NAMESPACE}/nobody`, `${NAMESPACE}/nobody`, KEY]);
  expect([groupOn(world, "store-a"), activePods(world)]).toEqual([GROUP, ["store-a"]]);
});

test("three in a row: what is refused itself stops nobody", async () => {
  const world = createWorld();
  addPod(world, "one", { labels: { a: "1", b: "1" } });
  addPod(world, "two", { labels: { b: "1", c: "1" } });
  for (const [name, key] of [
    ["oldest", "a"],
    ["middle", "b"],
    ["youngest", "c"],
  ] as const) {
    addService(world, name, { selector: { [key]: "1" } });
    // oxlint-disable-next-line no-await-in-loop
    await world.clock.advance(2000);
  }
  await world.tick();
  await world.tick();
  expect(activePods(world)).toEqual(["one", "two"]);
  expect(["oldest", "middle", "youngest"].map((name) => routingOf(world, name).kept)).toEqual([
    '{"a":"1"}',
    undefined,
    '{"c":"1"}',
  ]);
});

test("a pod that is not Ready is shared all the same", async () => {
  const world = createWorld();
  addPod(world, "both", { labels: BOTH, ready: false });
  addPod(world, "front-a", { labels: FRONT });
  addService(world);
  await world.clock.advance(2000);
  addService(world, "front", { selector: FRONT });
  await world.tick();
  expect([activePods(world), toldOf(world, "front").length]).toEqual([[], 1]);
  setReady(world, "both", true);
  await tell(world, PODS, "both");
  expect(activePods(world)).toEqual(["both"]);
});

test("a group in which no pod can be active gives up the pods that left it, so that another Service is served by them", async () => {
  const world = createWorld();
  addPod(world, "store-a", { labels: BOTH });
  addPod(world, "store-b", { labels: BOTH });
  addService(world);
  await world.tick();
  await world.clock.advance(5000);
  expect(activePods(world)).toEqual(["store-a"]);
  // Nobody is left behind `store`, and its record still names a pod that is gone.
  const path = `/api/v1/namespaces/${NAMESPACE}/pods/store-a`;
  world.api.handle({ method: "DELETE", path, contentType: "application/json", body: { gracePeriodSeconds: 0 } });
  world.change(PODS, "store-b", { metadata: { labels: { app: "other" } } });
  addService(world, "front", { selector: FRONT });
  await world.tick();
  await world.clock.advance(5000);
  await world.tick();
  expect([activePods(world), groupOn(world, "store-b")]).toEqual([["store-b"], groupOf(FRONT)]);
});
