/**
 * Both modes by their real implementations together: a Service that goes from one to the other, two Services over the same pods of which each
 * has its own mode, and Services that are edited into something that neither can serve. The controllers follow before each request of ours.
 */
import { describe, expect, it, test } from "vitest";
import { ENDPOINT_SLICES, LEASES, PODS, SERVICES } from "../../../functions/kit/kube/request.ts";
import { MODE_ANNOTATION, ROLES, ROUTE_ANNOTATION } from "../../../functions/standby/labels.ts";
import { activePods, addPod, addService, routingOf, setReady, tell, toldOf } from "./cluster.ts";
import { control, handsOn } from "./route-control.ts";
import { watch, type Eye } from "./route-eye.ts";
import { APP, createWorld, KEY, LEASE, type World } from "./world.ts";

const EXTENDED = { ...APP, [ROLES.roleLabel]: ROLES.leader };
const ROUTED = { ...APP, "bellwether.dev/routed": "slice" };
const SLICE = "store-bellwether-ipv4";
const TICKS = 4;

interface Scene {
  readonly world: World;
  readonly eye: Eye;
  /** The events of the Service, and ticks until everything is at rest. */
  readonly settle: () => Promise<void>;
}

const createScene = (annotations: Readonly<Record<string, string>> = {}): Scene => {
  const world = createWorld();
  const eye = watch(world.api, "store");
  const hands = handsOn(world.api);
  ["store-a", "store-b"].forEach((name, index) => {
    addPod(world, name);
    const ip = `10.1.0.${index + 1}`;
    world.change(PODS, name, { status: { podIP: ip, podIPs: [{ ip }] } }, "status");
  });
  addService(world, "store", { annotations });
  control(world.api, hands);
  world.intercept(() => {
    control(world.api, hands);
    return undefined;
  });
  const settle = async (): Promise<void> => {
    await tell(world, SERVICES, "store");
    for (let tick = 0; tick < TICKS; tick += 1) {
      // oxlint-disable-next-line no-await-in-loop
      await world.clock.advance(2_000);
      // oxlint-disable-next-line no-await-in-loop
      await world.tick();
    }
    expect(await world.sweep()).toEqual([]);
  };
  return { world, eye, settle };
};

const switchTo = ({ world }: Scene, route: string | null): void => {
  world.change(SERVICES, "store", { metadata: { annotations: { [ROUTE_ANNOTATION]: route } } });
};

const uidOf = (world: World, pod: string): string => world.get(PODS, pod)?.metadata.uid ?? "";

/** Names of the keys of ours that pods carry, but for stamps. */
const carried = (world: World): readonly string[] =>
  ["store-a", "store-b"].flatMap((name) =>
    Object.keys(world.get(PODS, name)?.metadata.labels ?? {}).filter((key) => /bellwether|qoqo/.test(key)),
  );

describe("a Service that goes", () => {
  it("from label to route mode and back is never empty, leads to one pod in each, and leaves nothing of the other", async () => {
    const scene = createScene();
    const { world, eye } = scene;
    await scene.settle();
    expect([routingOf(world).selector, activePods(world)]).toEqual([EXTENDED, ["store-a"]]);
    switchTo(scene, "slice");
    await scene.settle();
    expect([routingOf(world), carried(world)]).toEqual([{ selector: ROUTED, kept: undefined }, []]);
    expect(eye.reach()).toEqual({ IPv4: [uidOf(world, "store-a")], IPv6: [] });
    expect(world.get(LEASES, LEASE)).toBeUndefined();
    switchTo(scene, null);
    await scene.settle();
    expect([routingOf(world).selector, activePods(world)]).toEqual([EXTENDED, ["store-a"]]);
    expect(world.get(ENDPOINT_SLICES, SLICE)).toBeUndefined();
    expect(eye.reach().IPv4).toEqual([uidOf(world, "store-a")]);
    expect([eye.gaps, eye.violations, world.mostActive()]).toEqual([[], [], 1]);
  });

  it("from label to route mode keeps its active pod, though another would be chosen first", async () => {
    const scene = createScene();
    const { world, eye } = scene;
    await scene.settle();
    setReady(world, "store-a", false);
    await scene.settle();
    setReady(world, "store-a", true);
    await scene.settle();
    expect(activePods(world)).toEqual(["store-b"]);
    switchTo(scene, "slice");
    // The event of the restored selector, which comes while label mode waits before it ends.
    const routed = world.clock.sleep(100).then(() => world.feature.run("route:default/store", world.send));
    await world.clock.settle(Promise.all([world.feature.run(KEY, world.send), routed]));
    await scene.settle();
    expect(eye.reach().IPv4).toEqual([uidOf(world, "store-b")]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
    "from route to label mode, by an instance that dies after write %i: never empty, and finished by the next",
    async (last) => {
      const scene = createScene({ [ROUTE_ANNOTATION]: "slice" });
      const { world, eye } = scene;
      await scene.settle();
      switchTo(scene, null);
      const hands = handsOn(world.api);
      let writes = 0;
      world.intercept(({ method }) => {
        control(world.api, hands);
        if (writes >= last) return { status: 0, body: {} };
        if (method !== "GET") writes += 1;
        return undefined;
      });
      await tell(world, SERVICES, "store");
      await world.tick();
      world.intercept(() => {
        control(world.api, hands);
        return undefined;
      });
      await scene.settle();
      expect([routingOf(world).selector, activePods(world).length]).toEqual([EXTENDED, 1]);
      expect([eye.gaps, eye.violations, world.mostActive()]).toEqual([[], [], 1]);
    },
  );
});

test("two Services of one selector, one in each mode: each is served by itself, and a fail-over of the one is the other's own business", async () => {
  const scene = createScene();
  const { world } = scene;
  await scene.settle();
  addService(world, "routed", { annotations: { [ROUTE_ANNOTATION]: "slice" } });
  await tell(world, SERVICES, "routed");
  await scene.settle();
  const routed = watch(world.api, "routed");
  const holder = (): string | undefined =>
    world.get(ENDPOINT_SLICES, "routed-bellwether-ipv4")?.metadata.annotations?.["bellwether.dev/holder"];
  expect([routingOf(world).selector, routingOf(world, "routed").selector]).toEqual([EXTENDED, ROUTED]);
  expect([activePods(world), holder()]).toEqual([["store-a"], "store-a"]);
  setReady(world, "store-a", false);
  await tell(world, PODS, "store-a");
  expect([activePods(world), holder()]).toEqual([["store-b"], "store-b"]);
  world.remove(SERVICES, "store");
  await world.tick();
  expect([activePods(world), holder()]).toEqual([[], "store-b"]);
  expect([toldOf(world, "routed").filter((text) => text.startsWith("Warning")), routed.violations]).toEqual([[], []]);
});

const ELSEWHERE = { spec: { type: "ExternalName", externalName: "example.test" } };
const UNSELECTING = { spec: { selector: null } };

describe.each([
  ["becomes an ExternalName", ELSEWHERE, 'spec.type: got "ExternalName"', APP],
  ["loses its selector", UNSELECTING, "spec.selector: got nothing", {}],
])("a Service that %s while it is annotated", (_, edit, problem, selector) => {
  it.each([
    ["label", {}],
    ["route", { [ROUTE_ANNOTATION]: "slice" }],
  ])("gets back what %s mode took, leaves nothing of ours, and is told so once", async (_mode, annotations) => {
    const scene = createScene(annotations);
    const { world } = scene;
    await scene.settle();
    world.change(SERVICES, "store", edit);
    await scene.settle();
    expect(routingOf(world)).toEqual({ selector, kept: undefined });
    expect([activePods(world), carried(world)]).toEqual([[], []]);
    expect([world.get(LEASES, LEASE), world.get(ENDPOINT_SLICES, SLICE)]).toEqual([undefined, undefined]);
    const own = Object.keys(world.get(SERVICES, "store")?.metadata.annotations ?? {});
    expect(own.toSorted()).toEqual([...Object.keys(annotations), MODE_ANNOTATION].toSorted());
    expect(toldOf(world).filter((text) => text.includes(`NotServed: ${problem}`))).toHaveLength(1);
  });
});

test.each(["DaemonSet", "StatefulSet"])("pods of a %s are served as all others, in both modes", async (kind) => {
  const scene = createScene();
  const { world, eye } = scene;
  for (const name of ["store-a", "store-b"]) {
    const ownerReferences = [{ apiVersion: "apps/v1", kind, name: "store", uid: "uid-of-owner", controller: true }];
    world.change(PODS, name, { metadata: { ownerReferences } });
  }
  await scene.settle();
  setReady(world, "store-a", false);
  await tell(world, PODS, "store-a");
  expect([activePods(world), routingOf(world).selector]).toEqual([["store-b"], EXTENDED]);
  switchTo(scene, "slice");
  await scene.settle();
  setReady(world, "store-a", true);
  setReady(world, "store-b", false);
  await tell(world, PODS, "store-b");
  expect(eye.reach().IPv4).toEqual([uidOf(world, "store-a")]);
});
