/** How Services are led to the active pod and back: only once it is there, never through nowhere, and always to how they were. */
import { expect, test } from "vitest";
import { LEASES, PODS, SERVICES } from "../../../functions/kit/kube/request.ts";
import { MODE_ANNOTATION, ORIGINAL_ANNOTATION, ROLES } from "../../../functions/standby/labels.ts";
import { groupOf } from "../../../functions/standby/model.ts";
import { NAMESPACE } from "../support/builders.ts";
import {
  activePods,
  addPod,
  addService,
  createGroup,
  createGroupAtRest,
  routingOf,
  setReady,
  tell,
  toldOf,
  writesOf,
} from "./cluster.ts";
import { APP, createWorld, KEY, LEASE, type World } from "./world.ts";

const EXTENDED = { ...APP, [ROLES.roleLabel]: ROLES.leader };
const KEPT = '{"app":"store"}';

const neverEmpty = (world: World, service = "store"): boolean =>
  world.routes(service).every(({ ready }) => ready.length > 0);

test("an annotated Service leads to the one pod that was made active, and to all of them until then", async () => {
  const world = createGroup();
  world.forget();
  await tell(world, SERVICES, "store");
  expect([activePods(world), world.mostActive()]).toEqual([["store-a"], 1]);
  expect(routingOf(world)).toEqual({ selector: EXTENDED, kept: KEPT });
  expect(world.routes("store")).toEqual([
    { selector: APP, ready: ["store-a", "store-b"] },
    { selector: EXTENDED, ready: ["store-a"] },
  ]);
});

test("the selector is written last, a moment after the label, and only to a pod that is still active and Ready", async () => {
  const world = createGroup();
  world.forget();
  await tell(world, SERVICES, "store");
  expect(writesOf(world)).toEqual([
    "patch pods store-a",
    "patch pods store-b",
    "create leases",
    "patch pods store-b",
    "patch pods store-a",
    "create events",
    "patch services store",
    "create events",
  ]);
  expect(world.clock.monotonic()).toBe(1000);
});

test("an active pod that fails in that moment is replaced first; the Service never leads to it", async () => {
  const world = createGroup();
  let waits = 0;
  world.intercept(({ verb, resource, name }) => {
    if (verb !== "get" || resource.plural !== "pods" || name !== "store-a") return undefined;
    waits += 1;
    if (waits === 1) setReady(world, "store-a", false);
    return undefined;
  });
  await tell(world, SERVICES, "store");
  expect([activePods(world), world.mostActive(), neverEmpty(world)]).toEqual([["store-b"], 1, true]);
  expect(world.routes("store").at(-1)).toEqual({ selector: EXTENDED, ready: ["store-b"] });
});

test("a selector that is applied again without our key gets it back on that event, at once", async () => {
  const world = await createGroupAtRest();
  world.change(SERVICES, "store", { spec: { selector: { [ROLES.roleLabel]: null } } });
  await tell(world, SERVICES, "store");
  expect(writesOf(world)).toEqual(["patch services store", "create events"]);
  expect([routingOf(world), activePods(world)]).toEqual([{ selector: EXTENDED, kept: KEPT }, ["store-a"]]);
});

test("a selector that was edited is the new original: another group, whose pods had none of ours; the old one ends", async () => {
  const world = await createGroupAtRest();
  addPod(world, "shop-a", { labels: { app: "shop" } });
  world.change(SERVICES, "store", { spec: { selector: { app: "shop", [ROLES.roleLabel]: null } } });
  await tell(world, SERVICES, "store");
  expect(activePods(world)).toEqual(["shop-a"]);
  expect(routingOf(world)).toEqual({ selector: { ...EXTENDED, app: "shop" }, kept: '{"app":"shop"}' });
  expect(world.get(LEASES, LEASE)).toBeUndefined();
  expect(world.get(PODS, "store-a")?.metadata.labels).toEqual(APP);
});

test("a selector that was edited and still finds the same pods: the old group ends before one of them is active again", async () => {
  const world = await createGroupAtRest();
  for (const pod of ["store-a", "store-b"]) world.change(PODS, pod, { metadata: { labels: { tier: "front" } } });
  world.change(SERVICES, "store", { spec: { selector: { app: null, tier: "front", [ROLES.roleLabel]: null } } });
  await tell(world, SERVICES, "store");
  expect([activePods(world), world.mostActive()]).toEqual([["store-a"], 1]);
  const group = groupOf({ tier: "front" });
  expect(world.get(PODS, "store-b")?.metadata.labels?.["bellwether.dev/standby"]).toBe(group);
  expect([world.get(LEASES, LEASE), neverEmpty(world)]).toEqual([undefined, true]);
});

test.each([
  ["is removed", null],
  ["has another value", "off"],
])(
  "when the annotation %s the selector is restored, and labels and record go; the Service is never empty",
  async (_, value) => {
    const world = await createGroupAtRest();
    world.change(SERVICES, "store", { metadata: { annotations: { [MODE_ANNOTATION]: value } } });
    await tell(world, SERVICES, "store");
    expect(routingOf(world)).toEqual({ selector: APP, kept: undefined });
    expect([activePods(world), world.get(LEASES, LEASE), neverEmpty(world)]).toEqual([[], undefined, true]);
    expect(world.get(PODS, "store-b")?.metadata.labels).toEqual(APP);
    expect(await world.tick()).toEqual([]);
  },
);

test("the labels go a moment after the selector, because controllers hear of Services and pods by two watches", async () => {
  const world = await createGroupAtRest();
  world.change(SERVICES, "store", { metadata: { annotations: { [MODE_ANNOTATION]: null } } });
  const before = world.clock.monotonic();
  await tell(world, SERVICES, "store");
  expect(world.clock.monotonic() - before).toBe(1000);
  expect(writesOf(world).slice(0, 3)).toEqual(["patch services store", "create events", "patch leases " + LEASE]);
});

test("a Service that is deleted leaves nothing behind, though nobody told", async () => {
  const world = await createGroupAtRest();
  world.remove(SERVICES, "store");
  expect(await world.tick()).toContain(KEY);
  expect([activePods(world), world.get(LEASES, LEASE)]).toEqual([[], undefined]);
  expect(world.get(PODS, "store-b")?.metadata.labels).toEqual(APP);
});

test("Services of one selector share the active pod, until the last of them is gone", async () => {
  const world = await createGroupAtRest();
  addService(world, "store-headless", { spec: { clusterIP: "None" } });
  await tell(world, SERVICES, "store-headless");
  expect(routingOf(world, "store-headless")).toEqual({ selector: EXTENDED, kept: KEPT });
  world.remove(SERVICES, "store");
  await world.tick();
  expect([activePods(world), routingOf(world, "store-headless").selector]).toEqual([["store-a"], EXTENDED]);
  const owner = world.get(LEASES, LEASE)?.metadata.annotations?.["bellwether.dev/owner"];
  expect(owner).toContain("/store-headless/");
});

test("a Service that the replaced controller narrowed: its label decides, and how the selector was is kept", async () => {
  const world = createWorld();
  for (const name of ["store-a", "store-b"]) addPod(world, name);
  world.change(PODS, "store-b", { metadata: { labels: { [ROLES.roleLabel]: ROLES.leader } } });
  addService(world, "store", { selector: EXTENDED });
  world.forget();
  await tell(world, SERVICES, "store");
  expect([activePods(world), world.mostActive()]).toEqual([["store-b"], 1]);
  expect(routingOf(world)).toEqual({ selector: EXTENDED, kept: KEPT });
  expect(neverEmpty(world)).toBe(true);
});

test("two pods that the replaced controller left active: one stays, the other is fenced", async () => {
  const world = createWorld();
  for (const name of ["store-a", "store-b"]) {
    addPod(world, name);
    world.change(PODS, name, { metadata: { labels: { [ROLES.roleLabel]: ROLES.leader } } });
  }
  addService(world, "store", { selector: EXTENDED });
  await tell(world, SERVICES, "store");
  expect(activePods(world)).toEqual(["store-a"]);
  expect(routingOf(world).selector).toEqual(EXTENDED);
});

test("while no pod can be active nothing is written to the Service, but how a narrowed selector was", async () => {
  const world = createWorld();
  addPod(world, "store-a", { ready: false });
  addService(world);
  addService(world, "narrowed", { selector: EXTENDED });
  await world.tick();
  expect(routingOf(world)).toEqual({ selector: APP, kept: undefined });
  expect(routingOf(world, "narrowed")).toEqual({ selector: EXTENDED, kept: KEPT });
  expect(toldOf(world)).toEqual([
    "Warning NoEligiblePod: no pod can be active: none of 1 pods is Ready and not terminating; the selectors stay as they are",
  ]);
  setReady(world, "store-a", true);
  await tell(world, PODS, "store-a");
  expect([activePods(world), routingOf(world).selector]).toEqual([["store-a"], EXTENDED]);
});

test("ports, publishNotReadyAddresses, session affinity and other selector keys are as they were", async () => {
  const world = createWorld();
  addPod(world, "store-a", { labels: { app: "store", tier: "front" } });
  const spec = {
    clusterIP: "None",
    publishNotReadyAddresses: true,
    sessionAffinity: "ClientIP",
    ports: [{ name: "sql", port: 5432, targetPort: "sql" }],
  };
  addService(world, "store", { selector: { app: "store", tier: "front" }, spec });
  const before = world.get(SERVICES, "store");
  await tell(world, SERVICES, "store");
  const selector = { app: "store", tier: "front", [ROLES.roleLabel]: ROLES.leader };
  expect(world.get(SERVICES, "store")?.spec).toEqual({ ...(before?.spec as object), selector });
});

test("a Service whose selector cannot be written is told so, and the others of the group are led", async () => {
  const world = createGroup();
  addService(world, "other");
  world.intercept(({ verb, resource, name }) =>
    verb === "patch" && resource.plural === "services" && name === "store"
      ? { status: 403, body: { kind: "Status", reason: "Forbidden", message: "no" } }
      : undefined,
  );
  const outcome = await world.run();
  expect(outcome).toMatchObject({ kind: "retry", reason: "write the selector of Service store: 403 Forbidden: no" });
  expect([routingOf(world).selector, routingOf(world, "other").selector]).toEqual([APP, EXTENDED]);
  expect(toldOf(world)).toContain("Warning WriteRefused: write the selector of Service store: 403 Forbidden: no");
});

test("what is kept is read from nobody's mistake: an unreadable annotation is written anew, and still restored", async () => {
  const world = await createGroupAtRest();
  world.change(SERVICES, "store", { metadata: { annotations: { [ORIGINAL_ANNOTATION]: "[1]" } } });
  await tell(world, SERVICES, "store");
  expect(routingOf(world).kept).toBe(KEPT);
  world.change(SERVICES, "store", {
    metadata: { annotations: { [ORIGINAL_ANNOTATION]: "?", [MODE_ANNOTATION]: null } },
  });
  await tell(world, SERVICES, "store");
  expect([routingOf(world), activePods(world)]).toEqual([{ selector: APP, kept: undefined }, []]);
});

test("an annotation that comes back before the end was seen changes nothing", async () => {
  const world = await createGroupAtRest();
  world.change(SERVICES, "store", { metadata: { annotations: { [MODE_ANNOTATION]: null } } });
  world.intercept(({ verb, resource }) => {
    if (verb !== "patch" || resource.plural !== "services") return undefined;
    world.intercept(undefined);
    world.change(SERVICES, "store", { metadata: { annotations: { [MODE_ANNOTATION]: "active-standby" } } });
    return undefined;
  });
  await world.drain([KEY]);
  expect([activePods(world), routingOf(world).selector]).toEqual([["store-a"], EXTENDED]);
  expect(world.routes("store")).toEqual([{ selector: EXTENDED, ready: ["store-a"] }]);
});

test("an annotation that comes back while the group ends: it is served again by the same run's consequences", async () => {
  const world = await createGroupAtRest();
  world.change(SERVICES, "store", { metadata: { annotations: { [MODE_ANNOTATION]: null } } });
  world.intercept(({ verb, resource }) => {
    if (verb !== "delete" || resource.plural !== "leases") return undefined;
    world.intercept(undefined);
    world.change(SERVICES, "store", { metadata: { annotations: { [MODE_ANNOTATION]: "active-standby" } } });
    return undefined;
  });
  expect(await world.drain([KEY])).toEqual([KEY, KEY]);
  expect([activePods(world), routingOf(world).selector]).toEqual([["store-a"], EXTENDED]);
  expect(neverEmpty(world)).toBe(true);
});

test("in observe mode nothing but Events is written, at the beginning and at the end", async () => {
  const world = createGroup();
  world.forget();
  await world.drain([KEY], world.instance({ mode: "observe" }));
  expect(writesOf(world)).toEqual(["create events"]);
  expect(toldOf(world)).toEqual([
    "Normal ObserveMode: the active pod would be pod store-a (FirstElection); next: enrol 2 pods, then record",
  ]);
  const served = await createGroupAtRest();
  served.change(SERVICES, "store", { metadata: { annotations: { [MODE_ANNOTATION]: null } } });
  await served.drain([KEY], served.instance({ mode: "observe" }));
  expect([writesOf(served), activePods(served)]).toEqual([[], ["store-a"]]);
});

test("the namespace and the group name a run", () => {
  expect(KEY).toBe(`${NAMESPACE}/${groupOf(APP)}`);
});
