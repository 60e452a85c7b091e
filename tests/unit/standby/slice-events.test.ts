/** What the events of EndpointSlices bring about in route mode: those of ours are looked after at once, echoes and all others cost nothing. */
import { describe, expect, test } from "vitest";
import { createFunction, type RunningFunction } from "../../../functions/function.ts";
import type { Feature } from "../../../functions/kit/feature.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { ENDPOINT_SLICES, PODS } from "../../../functions/kit/kube/request.ts";
import { createStandby } from "../../../functions/standby/feature.ts";
import { NAMESPACE } from "../support/builders.ts";
import { changed, LIMITS } from "../support/fake-function.ts";
import { eventOf } from "./cluster.ts";
import { createRouted, setReady, uidOf, writesOf, type RouteWorld } from "./route-world.ts";

const V4 = "db-bellwether-ipv4";
const KEY = `route:${NAMESPACE}/db`;
const RETRIED_MS = 500;

const sliceOf = (world: RouteWorld, name = V4): KubeObject => {
  const slice = world.get(ENDPOINT_SLICES, name);
  if (slice === undefined) throw new Error(`there is no EndpointSlice ${name}`);
  return slice;
};

/** An instance that knows nothing. */
const featureOf = ({ context, route }: RouteWorld): Feature => createStandby(context, route);

describe("the event of an EndpointSlice", () => {
  test.each(["update", "delete"] as const)("of ours concerns its Service: %s", async (change) => {
    const world = await createRouted();
    expect(featureOf(world).groupsOf(eventOf(ENDPOINT_SLICES, sliceOf(world), change))).toEqual([KEY]);
  });

  test("that a controller keeps concerns nobody", async () => {
    const world = await createRouted();
    expect(featureOf(world).groupsOf(eventOf(ENDPOINT_SLICES, sliceOf(world, "db-ctl4x")))).toEqual([]);
  });

  test("that is new concerns nobody when we have made it, whichever instance did", async () => {
    const world = await createRouted();
    expect(featureOf(world).groupsOf(eventOf(ENDPOINT_SLICES, sliceOf(world), "add"))).toEqual([]);
  });

  test("that is new and says that it is ours concerns its Service when somebody else has made it", async () => {
    const world = await createRouted();
    const { labels } = sliceOf(world).metadata;
    world.create(ENDPOINT_SLICES, { metadata: { name: "forged", labels }, addressType: "IPv4", endpoints: [] });
    expect(featureOf(world).groupsOf(eventOf(ENDPOINT_SLICES, sliceOf(world, "forged"), "add"))).toEqual([KEY]);
  });

  test("whose label was turned to another Service concerns both, and without that label the one by its name", async () => {
    const world = await createRouted();
    const concerned = (service: string | null): readonly string[] => {
      world.change(ENDPOINT_SLICES, V4, { metadata: { labels: { "kubernetes.io/service-name": service } } });
      return featureOf(world).groupsOf(eventOf(ENDPOINT_SLICES, sliceOf(world)));
    };
    expect(concerned("other")).toEqual([KEY, `route:${NAMESPACE}/other`]);
    expect(concerned(null)).toEqual([KEY]);
  });

  test("that only names it concerns the Service that would have it", async () => {
    const world = await createRouted();
    const feature = featureOf(world);
    const named = (name: string): readonly string[] =>
      feature.groupsOf({ ...eventOf(ENDPOINT_SLICES, sliceOf(world)), name, object: undefined });
    expect([named(V4), named("db-bellwether-ipv6"), named("db-ctl4x")]).toEqual([[KEY], [KEY], []]);
  });
});

/** The whole function, first sweep done, on a Service that is led to db-1. */
const warm = async (): Promise<{ readonly world: RouteWorld; readonly fn: RunningFunction }> => {
  const world = await createRouted();
  const { clock, log, metrics } = world.context;
  const fn = createFunction({ ...LIMITS, features: [featureOf(world)], send: world.send, clock, log, metrics });
  fn.start();
  await world.clock.settle(fn.idle());
  await world.clock.flush();
  world.forget();
  return { world, fn };
};

/** Told of a change of our slice, until nothing runs any more. */
const told = async (
  { world, fn }: { readonly world: RouteWorld; readonly fn: RunningFunction },
  slice: KubeObject,
  change: "add" | "update" | "delete",
): Promise<void> => {
  await world.clock.settle(fn.handle(changed(ENDPOINT_SLICES, slice, change)));
  // The run may wait for the controllers.
  world.control();
  await world.clock.advance(RETRIED_MS);
  await world.clock.settle(fn.idle());
};

describe("without a tick", () => {
  test("a slice that somebody deletes is made anew on its own event, and what comes back of that costs no API call", async () => {
    const stage = await warm();
    const { world } = stage;
    const slice = sliceOf(world);
    world.remove(ENDPOINT_SLICES, V4);
    expect(world.reach().IPv4).toEqual([]);
    await told(stage, slice, "delete");
    expect(world.reach().IPv4).toEqual([uidOf(world, "db-1")]);
    world.forget();
    const made = sliceOf(world);
    expect(made.metadata.uid).not.toBe(slice.metadata.uid);
    await told(stage, made, "add");
    await told(stage, made, "update");
    expect(world.requests).toEqual([]);
  });

  test("a slice that somebody edits is put right on its own event", async () => {
    const stage = await warm();
    const { world } = stage;
    world.change(ENDPOINT_SLICES, V4, { metadata: { labels: { "kubernetes.io/service-name": null } } });
    expect(world.reach().IPv4).toEqual([]);
    await told(stage, sliceOf(world), "update");
    expect(world.reach().IPv4).toEqual([uidOf(world, "db-1")]);
  });

  test("the slice of a fail-over, coming back, costs no API call; to another instance it is worth a look that writes nothing", async () => {
    const stage = await warm();
    const { world } = stage;
    setReady(world, "db-1", false);
    const pod = world.get(PODS, "db-1");
    await world.clock.settle(stage.fn.handle(changed(PODS, pod as KubeObject)));
    expect(world.reach().IPv4).toEqual([uidOf(world, "db-2")]);
    world.forget();
    await told(stage, sliceOf(world), "update");
    expect(world.requests).toEqual([]);
    const other = featureOf(world);
    const [key = ""] = other.groupsOf(eventOf(ENDPOINT_SLICES, sliceOf(world)));
    await world.clock.settle(other.run(key, world.send));
    expect(writesOf(world)).toEqual([]);
  });
});
