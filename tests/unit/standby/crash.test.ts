/** An instance that dies after any of its writes, of the cut-over, a fail-over and the end: whoever comes next finishes it. */
import { describe, expect, it } from "vitest";
import { LEASES, PODS, SERVICES } from "../../../functions/kit/kube/request.ts";
import { activePods, createGroup, createGroupAtRest, routingOf, setReady } from "./cluster.ts";
import { APP, KEY, LEASE, type World } from "./world.ts";

const EXTENDED = { ...APP, "qoqo.dev/pod-designation": "active" };
const ALONE = { status: 0, body: { kind: "Status", reason: "NoAnswer", message: "dead" } };

/** The instance's requests come through until `count` writes were applied; then it is dead, and another one comes. */
const dieAfter = async (world: World, count: number): Promise<number> => {
  let writes = 0;
  world.intercept(({ method, resource }) => {
    if (writes >= count) return ALONE;
    if (method !== "GET" && resource.plural !== "events") writes += 1;
    return undefined;
  });
  await world.run();
  world.intercept(undefined);
  const next = world.instance();
  await world.tick(next);
  await world.tick(next);
  return writes;
};

const neverEmpty = (world: World): boolean => world.routes("store").every(({ ready }) => ready.length > 0);

describe("an instance that dies", () => {
  it.each([1, 2, 3, 4, 5, 6])("after write %i of the cut-over", async (count) => {
    const world = createGroup();
    world.forget();
    expect(await dieAfter(world, count)).toBe(count);
    expect([activePods(world).length, world.mostActive(), neverEmpty(world)]).toEqual([1, 1, true]);
    expect(routingOf(world)).toEqual({ selector: EXTENDED, kept: '{"app":"store"}' });
    expect(await world.sweep()).toEqual([]);
  });

  it.each([1, 2, 3])("after write %i of a fail-over", async (count) => {
    const world = await createGroupAtRest();
    setReady(world, "store-a", false);
    expect(await dieAfter(world, count)).toBe(count);
    expect([activePods(world), world.mostActive()]).toEqual([["store-b"], 1]);
    expect(world.get(LEASES, LEASE)?.spec).toMatchObject({ holderIdentity: "store-b", leaseTransitions: 1 });
  });

  it.each([1, 2, 3, 4, 5, 6, 7])("after write %i of the end", async (count) => {
    const world = await createGroupAtRest();
    world.change(SERVICES, "store", { metadata: { annotations: { "qoqo.dev/service-mode": null } } });
    expect(await dieAfter(world, count)).toBe(count);
    expect([activePods(world), routingOf(world), world.get(LEASES, LEASE)]).toEqual([
      [],
      { selector: APP, kept: undefined },
      undefined,
    ]);
    expect(world.get(PODS, "store-b")?.metadata.labels).toEqual(APP);
    expect([neverEmpty(world), world.mostActive()]).toEqual([true, 1]);
    expect(await world.sweep()).toEqual([]);
  });
});

describe("a write whose answer is lost", () => {
  it.each([1, 2, 3, 4, 5, 6])("write %i of the cut-over", async (lost) => {
    const world = createGroup();
    world.forget();
    let writes = 0;
    world.intercept((request) => {
      if (request.method === "GET" || request.resource.plural === "events") return undefined;
      writes += 1;
      if (writes !== lost) return undefined;
      world.api.handle(request);
      return ALONE;
    });
    await world.drain([KEY]);
    await world.drain([KEY]);
    expect([activePods(world).length, world.mostActive(), neverEmpty(world)]).toEqual([1, 1, true]);
    expect(routingOf(world).selector).toEqual(EXTENDED);
  });
});
