/**
 * A selector that somebody edits while it asks for the active pod: it is a new beginning, and no write of ours leaves the Service without a pod
 * on the way, whichever of the two groups is run first and wherever an instance dies.
 */
import { describe, expect, it, test } from "vitest";
import { LEASES, PODS, SERVICES } from "../../../functions/kit/kube/request.ts";
import { ROLES } from "../../../functions/standby/labels.ts";
import { groupOf, type Selector } from "../../../functions/standby/model.ts";
import { NAMESPACE } from "../support/builders.ts";
import { activePods, addPod, addService, createGroupAtRest, routingOf, setReady, tell, toldOf } from "./cluster.ts";
import { APP, KEY, LEASE, type World } from "./world.ts";

const FRONT = { tier: "front" };
const FRONT_KEY = `${NAMESPACE}/${groupOf(FRONT)}`;
const ACTIVE = { [ROLES.roleLabel]: ROLES.leader };
const ALONE = { status: 0, body: { kind: "Status", reason: "NoAnswer", message: "dead" } };

/** As `kubectl edit` does it: our key stays where it is. */
const edit = (world: World, selector: Selector, service = "store"): void => {
  world.change(SERVICES, service, { spec: { selector: { app: null, ...selector } } });
};

/** `store` at rest under store-b, which is not the pod that is chosen first; then its selector finds the same pods by another label. */
const createEdited = async (): Promise<World> => {
  const world = await createGroupAtRest();
  for (const ready of [false, true]) {
    setReady(world, "store-a", ready);
    // oxlint-disable-next-line no-await-in-loop
    await tell(world, PODS, "store-a");
  }
  for (const pod of ["store-a", "store-b"]) world.change(PODS, pod, { metadata: { labels: FRONT } });
  await world.clock.advance(5_000);
  world.forget();
  edit(world, FRONT);
  return world;
};

const neverEmpty = (world: World, service = "store"): boolean =>
  world.routes(service).every(({ ready }) => ready.length > 0);

describe("a selector that is edited and finds the same pods", () => {
  it.each([
    ["the group that it left first", [KEY, FRONT_KEY]],
    ["the group that it made first", [FRONT_KEY, KEY]],
  ])("never leads nowhere, and is led to the pod that is chosen anew: %s", async (_, keys) => {
    const world = await createEdited();
    await world.drain(keys);
    expect([neverEmpty(world), world.mostActive(), activePods(world)]).toEqual([true, 1, ["store-a"]]);
    expect(routingOf(world)).toEqual({ selector: { ...FRONT, ...ACTIVE }, kept: '{"tier":"front"}' });
    expect(world.get(LEASES, LEASE)).toBeUndefined();
  });

  it("the same when both groups are run at once", async () => {
    const world = await createEdited();
    const runs = [KEY, FRONT_KEY].map((key) => world.feature.run(key, world.send));
    const outcomes = await world.clock.settle(Promise.all(runs));
    await world.drain(outcomes.flatMap((outcome) => (outcome.kind === "done" ? (outcome.next ?? []) : [])));
    expect([neverEmpty(world), world.mostActive(), activePods(world)]).toEqual([true, 1, ["store-a"]]);
    expect(routingOf(world).selector).toEqual({ ...FRONT, ...ACTIVE });
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])(
    "never leads nowhere when the instance dies after write %i",
    async (last) => {
      const world = await createEdited();
      let writes = 0;
      world.intercept(({ method }) => {
        if (writes >= last) return ALONE;
        if (method !== "GET") writes += 1;
        return undefined;
      });
      await tell(world, SERVICES, "store");
      world.intercept(undefined);
      const next = world.instance();
      await world.tick(next);
      await world.tick(next);
      expect([neverEmpty(world), world.mostActive(), activePods(world).length]).toEqual([true, 1, 1]);
      expect(routingOf(world).selector).toEqual({ ...FRONT, ...ACTIVE });
      expect(await world.sweep(next)).toEqual([]);
    },
  );

  it("the labels go a moment after the selector, because controllers hear of Services and pods by two watches", async () => {
    const world = await createEdited();
    let openedAt = Number.NaN;
    let fencedAt = Number.NaN;
    world.intercept(({ verb, resource, name }) => {
      const now = world.clock.monotonic();
      if (verb === "patch" && resource.plural === "services" && Number.isNaN(openedAt)) openedAt = now;
      if (verb === "patch" && name === "store-b" && Number.isNaN(fencedAt)) fencedAt = now;
      return undefined;
    });
    await tell(world, SERVICES, "store");
    expect(fencedAt - openedAt).toBe(1_000);
  });
});

test("edited to pods of which none is active yet: from our first write on it leads to all of them, then to the active one", async () => {
  const world = await createGroupAtRest();
  for (const name of ["shop-a", "shop-b"]) addPod(world, name, { labels: { app: "shop" } });
  world.forget();
  edit(world, { app: "shop" });
  await tell(world, SERVICES, "store");
  expect(world.routes("store").slice(-3)).toEqual([
    { selector: { app: "shop", ...ACTIVE }, ready: [] },
    { selector: { app: "shop" }, ready: ["shop-a", "shop-b"] },
    { selector: { app: "shop", ...ACTIVE }, ready: ["shop-a"] },
  ]);
  expect(toldOf(world).filter((text) => text.includes("SelectorRestored"))).toHaveLength(1);
  expect([world.get(LEASES, LEASE), activePods(world)]).toEqual([undefined, ["shop-a"]]);
});

test("edited to pods of which none can be active: the selector does not ask for one", async () => {
  const world = await createGroupAtRest();
  addPod(world, "shop-a", { labels: { app: "shop" }, ready: false });
  edit(world, { app: "shop" });
  await tell(world, SERVICES, "store");
  await world.tick();
  expect(routingOf(world)).toEqual({ selector: { app: "shop" }, kept: undefined });
});

test("edited to the selector of a Service that is led already: it leads to that active pod at once, and is never widened", async () => {
  const world = await createGroupAtRest();
  for (const name of ["shop-a", "shop-b"]) addPod(world, name, { labels: { app: "shop" } });
  addService(world, "shop", { selector: { app: "shop" } });
  await tell(world, SERVICES, "shop");
  await world.clock.advance(5_000);
  world.forget();
  edit(world, { app: "shop" });
  await tell(world, SERVICES, "store");
  const led = { selector: { app: "shop", ...ACTIVE }, ready: ["shop-a"] };
  expect(world.routes("store")).toEqual([{ selector: { ...APP, ...ACTIVE }, ready: ["store-a"] }, led]);
  expect(routingOf(world).kept).toBe('{"app":"shop"}');
  expect([world.get(LEASES, LEASE), activePods(world)]).toEqual([undefined, ["shop-a"]]);
});

test("edited where an older Service has the pods: it is left as it was, and told so", async () => {
  const world = await createGroupAtRest();
  await world.clock.advance(2_000);
  addPod(world, "front-a", { labels: FRONT });
  addService(world, "front", { selector: FRONT });
  await tell(world, SERVICES, "front");
  edit(world, { ...FRONT, zone: "a" }, "front");
  for (const pod of ["store-a", "front-a"]) world.change(PODS, pod, { metadata: { labels: { ...FRONT, zone: "a" } } });
  await tell(world, SERVICES, "front");
  expect(routingOf(world, "front")).toEqual({ selector: { ...FRONT, zone: "a" }, kept: undefined });
  expect(toldOf(world, "front").at(-1)).toContain("Warning PodsShared: ");
  expect(activePods(world)).toEqual(["store-a"]);
});
