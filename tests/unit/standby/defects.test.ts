/**
 * The defects A1 to A15 of the controller that this replaces, each shown to be absent at the cheapest tier that can show it. Those that
 * also show on a real control plane are repeated there.
 */
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
import { APP, createWorld, KEY, LEASE } from "./world.ts";

const EXTENDED = { ...APP, [ROLES.roleLabel]: ROLES.leader };

test("defect A1: the pod that was active loses the label before another gets it, and does not come back with it", async () => {
  const world = await createGroupAtRest();
  setReady(world, "store-a", false);
  await tell(world, PODS, "store-a");
  expect(writesOf(world)).toEqual([
    `patch leases ${LEASE}`,
    "patch pods store-a",
    "patch pods store-b",
    "create events",
  ]);
  setReady(world, "store-a", true);
  await tell(world, PODS, "store-a");
  expect([activePods(world), world.mostActive()]).toEqual([["store-b"], 1]);
});

test("defect A2: record, epoch, stamps and token as in the election", async () => {
  const world = await createGroupAtRest();
  const lease = world.get(LEASES, LEASE);
  const epoch = lease?.metadata.annotations?.["bellwether.dev/epoch"];
  expect(lease?.spec).toMatchObject({ holderIdentity: "store-a", leaseTransitions: 0 });
  const [active, other] = ["store-a", "store-b"].map((name) => world.get(PODS, name)?.metadata.annotations);
  expect(active).toEqual({
    "bellwether.dev/standby.epoch": epoch,
    "bellwether.dev/standby.record": lease?.metadata.uid,
    "bellwether.dev/standby.token": epoch,
  });
  expect(other).toEqual({
    "bellwether.dev/standby.epoch": epoch,
    "bellwether.dev/standby.record": lease?.metadata.uid,
  });
  setReady(world, "store-a", false);
  await tell(world, PODS, "store-a");
  const next = world.get(LEASES, LEASE);
  expect(next?.spec).toMatchObject({ holderIdentity: "store-b", leaseTransitions: 1 });
  expect(Number(next?.metadata.annotations?.["bellwether.dev/epoch"])).toBeGreaterThan(Number(epoch));
});

test("defect A3: without the annotation the selector is restored and the label removed, also when the Service is gone", async () => {
  const world = await createGroupAtRest();
  world.change(SERVICES, "store", { metadata: { annotations: { [MODE_ANNOTATION]: null } } });
  await tell(world, SERVICES, "store");
  expect([routingOf(world), activePods(world)]).toEqual([{ selector: APP, kept: undefined }, []]);
  const gone = await createGroupAtRest();
  gone.remove(SERVICES, "store");
  await gone.tick();
  expect([activePods(gone), gone.get(LEASES, LEASE)]).toEqual([[], undefined]);
});

test("defect A3: so it is when both annotations go at once; a selector of somebody's own that asks for the label stays", async () => {
  const world = await createGroupAtRest();
  world.create(SERVICES, { metadata: { name: "own" }, spec: { selector: EXTENDED, ports: [{ port: 80 }] } });
  const annotations = { [MODE_ANNOTATION]: null, [ORIGINAL_ANNOTATION]: null };
  world.change(SERVICES, "store", { metadata: { annotations } });
  await world.tick();
  expect([routingOf(world), activePods(world)]).toEqual([{ selector: APP, kept: undefined }, []]);
  expect(world.get(SERVICES, "own")?.spec).toMatchObject({ selector: EXTENDED });
});

test.each(["off", "", "Active-Standby", "active-standby "])(
  "defect A4: the value %j switches nothing on, and one Event says what is accepted",
  async (value) => {
    const world = createWorld();
    addPod(world, "store-a");
    addService(world, "store", { mode: value });
    world.forget();
    await tell(world, SERVICES, "store");
    await world.tick();
    expect([writesOf(world), activePods(world)]).toEqual([["create events"], []]);
    expect(toldOf(world)).toEqual([
      `Warning NotServed: annotation ${MODE_ANNOTATION}: got ${JSON.stringify(value)}, accepted is "active-standby"; active/standby does not serve this Service`,
    ]);
  },
);

test("defect A5: the selector is narrowed only when an active pod exists, and the Service is never empty on the way", async () => {
  const world = createWorld();
  addPod(world, "store-a", { ready: false });
  addService(world);
  await world.tick();
  expect(routingOf(world).selector).toEqual(APP);
  setReady(world, "store-a", true);
  world.forget();
  await tell(world, PODS, "store-a");
  expect(world.routes("store")).toEqual([
    { selector: APP, ready: ["store-a"] },
    { selector: EXTENDED, ready: ["store-a"] },
  ]);
});

test("defect A6: no pods, no selector, a pod without containerStatuses, an ExternalName: messages, and the others are served", async () => {
  const world = createWorld();
  addService(world, "podless", { selector: { app: "nothing" } });
  addService(world, "unselecting", { selector: null });
  addService(world, "elsewhere", { spec: { type: "ExternalName", externalName: "example.test", ports: null } });
  addService(world, "only-ours", { selector: { [ROLES.roleLabel]: ROLES.leader } });
  addPod(world, "store-a");
  addService(world);
  await world.tick();
  expect([activePods(world), routingOf(world).selector]).toEqual([["store-a"], EXTENDED]);
  expect(toldOf(world, "podless")).toEqual([
    "Warning NoEligiblePod: no pod can be active: the selector finds no pod; the selectors stay as they are",
  ]);
  const nothing = "spec.selector: got nothing but what active/standby adds, accepted is at least one label of the pods";
  for (const name of ["unselecting", "only-ours"]) {
    expect(toldOf(world, name)).toEqual([`Warning NotServed: ${nothing}; active/standby does not serve this Service`]);
  }
  expect(toldOf(world, "elsewhere")[0]).toContain(
    'spec.type: got "ExternalName", accepted is a type that leads to pods',
  );
});

test("defect A7: a pod whose deletion nobody told of blocks nothing", async () => {
  const world = await createGroupAtRest();
  world.remove(PODS, "store-a");
  const gone = world.get(PODS, "store-a");
  world.api.handle({
    method: "DELETE",
    path: `/api/v1/namespaces/${NAMESPACE}/pods/store-a`,
    contentType: "application/json",
    body: { gracePeriodSeconds: 0, preconditions: { uid: gone?.metadata.uid } },
  });
  expect(world.get(PODS, "store-a")).toBeUndefined();
  await world.tick();
  expect([activePods(world), world.mostActive()]).toEqual([["store-b"], 1]);
});

test("defect A8: while the API server is away a run is one round of reads, and asks to come again later", async () => {
  const world = await createGroupAtRest();
  world.intercept(() => ({ status: 0, body: { kind: "Status", reason: "NoAnswer", message: "refused" } }));
  expect(await world.run()).toMatchObject({ kind: "retry", trouble: "server" });
  expect(world.requests.map(({ verb }) => verb)).toEqual(["get", "list", "list", "list"]);
});

test("defect A9: an instance that has seen no event finds everything by listing", async () => {
  const world = createGroup();
  const cold = world.instance();
  await world.tick(cold);
  expect([activePods(world), routingOf(world).selector]).toEqual([["store-a"], EXTENDED]);
});

test("defect A10: two instances on reads as old as each other make one pod active", async () => {
  const world = createGroup();
  const other = world.instance();
  await world.clock.settle(Promise.all([world.feature.run(KEY, world.send), other.run(KEY, world.send)]));
  expect([activePods(world).length, world.mostActive()]).toEqual([1, 1]);
});

test("defect A11: a terminating pod is never chosen, and replaced at once when it is active", async () => {
  const world = await createGroupAtRest();
  world.remove(PODS, "store-a");
  expect(world.get(PODS, "store-a")?.metadata.deletionTimestamp).toBeDefined();
  await tell(world, PODS, "store-a");
  expect(activePods(world)).toEqual(["store-b"]);
  world.remove(PODS, "store-b");
  await tell(world, PODS, "store-b");
  expect([activePods(world), world.mostActive()]).toEqual([["store-b"], 1]);
});

test("defect A12: any number of instances, in any order, leave one record and one active pod", async () => {
  const world = createGroup();
  const instances = Array.from({ length: 6 }, () => world.instance());
  await world.clock.settle(Promise.all(instances.map((instance) => instance.run(KEY, world.send))));
  setReady(world, "store-a", false);
  await world.clock.settle(Promise.all(instances.map((instance) => instance.run(KEY, world.send))));
  expect([activePods(world), world.mostActive()]).toEqual([["store-b"], 1]);
  expect(world.get(LEASES, LEASE)?.spec).toMatchObject({ holderIdentity: "store-b", leaseTransitions: 1 });
});

test("defect A13: equal selectors share a pod; of other overlaps the older is served, and the younger left as it was", async () => {
  const world = createWorld();
  for (const name of ["store-a", "store-b"]) addPod(world, name, { labels: { app: "store", tier: "front" } });
  addService(world);
  await world.clock.advance(2000);
  addService(world, "alike");
  addService(world, "front", { selector: { tier: "front" } });
  await world.tick();
  expect([activePods(world), world.mostActive()]).toEqual([["store-a"], 1]);
  expect([routingOf(world).selector, routingOf(world, "alike").selector]).toEqual([EXTENDED, EXTENDED]);
  expect(routingOf(world, "front")).toEqual({ selector: { tier: "front" }, kept: undefined });
  expect(world.get(LEASES, `bellwether-standby-${groupOf({ tier: "front" })}`)).toBeUndefined();
  expect(toldOf(world, "front")).toEqual([
    "Warning PodsShared: the selector finds pods of the older active/standby Service store, whose selector is another; the Service is left as it is",
  ]);
});

test("defect A14: a group at rest is renewed once per half duration, and nothing else is written or asked of it", async () => {
  const world = await createGroupAtRest();
  for (let second = 0; second < 30; second += 5) {
    // Time is one thing after the other.
    // oxlint-disable-next-line no-await-in-loop
    await world.clock.advance(5000);
    // oxlint-disable-next-line no-await-in-loop
    expect(await world.tick()).toEqual([]);
    // oxlint-disable-next-line no-await-in-loop
    await world.run();
  }
  expect(writesOf(world)).toEqual([`patch leases ${LEASE}`, `patch leases ${LEASE}`]);
});

test("defect A15: the Ready condition decides, whatever the containers say", async () => {
  const world = createWorld();
  addPod(world, "store-a", { ready: false });
  const containerStatuses = [{ name: "main", ready: true, image: "x", imageID: "", restartCount: 0 }];
  world.change(PODS, "store-a", { status: { containerStatuses } }, "status");
  addPod(world, "store-b");
  addService(world);
  await world.tick();
  expect(activePods(world)).toEqual(["store-b"]);
});
