/**
 * Goal: a pod that was let go, because the selector did not find it any more, is never made active beside another one when it returns,
 * whichever instance dies or sleeps between its read and its write: the record never names one that was let go.
 */
import { expect, test } from "vitest";
import { enrolmentLabel, HOLDER_UID_ANNOTATION, tokenAnnotation } from "../../../functions/kit/handover/names.ts";
import { LEASES, PODS } from "../../../functions/kit/kube/request.ts";
import { ROLES } from "../../../functions/standby/labels.ts";
import { listsPods, promotes, strips, writesRecord, type Instance } from "../support/instance.ts";
import { activePods, addPod, addService, createGroupAtRest, relabel, setReady, toldOf } from "./cluster.ts";
import { createWorld, LEASE, runs, type World } from "./world.ts";

const ENROLMENT = enrolmentLabel(ROLES.feature);
/** Of another record, in a year. */
const LATER = { "bellwether.dev/standby.epoch": "250000000", "bellwether.dev/standby.record": "another" };
const TURNS = 200;
const PODS_OF_GROUP = ["store-a", "store-b"];

const goOn = async (instance: Instance): Promise<void> => {
  instance.goOn();
  for (let turn = 0; turn < TURNS; turn += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one turn of the event loop after the other
    await Promise.resolve();
  }
};

const isEnrolled = (world: World, pod: string): boolean => ENROLMENT in (world.get(PODS, pod)?.metadata.labels ?? {});

const holderUid = (world: World): string =>
  world.get(LEASES, LEASE)?.metadata.annotations?.[HOLDER_UID_ANNOTATION] ?? "";

interface Watched {
  /** The most active pods that there were at once. */
  readonly most: number;
  /** Pods that the record named while they were not enrolled. */
  readonly strays: ReadonlySet<string>;
}

const SAFE = { most: 1, strays: new Set() };

/** From now on. */
const watch = (world: World): Watched => {
  const strays = new Set<string>();
  world.forget();
  world.api.onRevision(() => {
    for (const pod of PODS_OF_GROUP) {
      const isNamed = world.get(PODS, pod)?.metadata.uid === holderUid(world);
      if (isNamed && !isEnrolled(world, pod)) strays.add(pod);
    }
  });
  return {
    get most() {
      return world.mostActive();
    },
    strays,
  };
};

/** At rest under store-a, which has stopped to be Ready. */
const createFailing = async (): Promise<World> => {
  const world = await createGroupAtRest();
  await world.clock.advance(2000);
  setReady(world, "store-a", false);
  return world;
};

test("one that the record names, and that left before it was active, is let go once the record names nobody", async () => {
  const world = await createFailing();
  await runs(world).dieAt(promotes(ROLES, "store-b"));
  relabel(world, "store-b", "other");
  const watched = watch(world);
  await world.run();
  expect([isEnrolled(world, "store-b"), holderUid(world)]).toEqual([false, ""]);
  expect(watched).toEqual({ ...SAFE, most: 0 });
});

test("whoever is about to name a pod that is let go meanwhile does not", async () => {
  const world = await createFailing();
  const watched = watch(world);
  const naming = await runs(world).stopAt(writesRecord);
  relabel(world, "store-b", "other");
  await world.run();
  expect(isEnrolled(world, "store-b")).toBe(false);
  await goOn(naming);
  expect(holderUid(world)).toBe(world.get(PODS, "store-a")?.metadata.uid);
  expect(watched).toEqual(SAFE);
});

test("one that is named meanwhile is not let go before the record names nobody", async () => {
  const world = await createFailing();
  const watched = watch(world);
  const naming = await runs(world).stopAt(writesRecord, promotes(ROLES, "store-b"));
  relabel(world, "store-b", "other");
  const releasing = await runs(world).stopAt(writesRecord);
  naming.goOn();
  await world.clock.settle(naming.died);
  await goOn(releasing);
  expect([isEnrolled(world, "store-b"), holderUid(world)]).toEqual([false, ""]);
  expect(watched).toEqual(SAFE);
});

test("one that leaves and returns within a hand-over, whose author dies, is not made active beside another", async () => {
  const world = await createFailing();
  const watched = watch(world);
  const naming = await runs(world).stopAt(writesRecord, promotes(ROLES, "store-b"));
  relabel(world, "store-b", "other");
  await world.run();
  const enrolling = await runs(world).stopAt(listsPods, writesRecord);
  await goOn(naming);
  setReady(world, "store-a", true);
  const replacing = await runs(world).runUntil(writesRecord);
  relabel(world, "store-b", "store");
  await goOn(enrolling);
  const promoting = await runs(world).runUntil(promotes(ROLES, "store-b"));
  await goOn(promoting);
  await goOn(replacing);
  await world.tick();
  expect(activePods(world)).toHaveLength(1);
  expect(watched).toEqual(SAFE);
});

test("one that was enrolled before there was a record is let go under one that names nobody", async () => {
  const world = createWorld();
  addPod(world, "store-a", { ready: false });
  addService(world);
  await world.tick();
  expect([isEnrolled(world, "store-a"), world.get(LEASES, LEASE)]).toEqual([true, undefined]);
  const watched = watch(world);
  relabel(world, "store-a", "other");
  await world.tick();
  expect([isEnrolled(world, "store-a"), world.get(LEASES, LEASE)?.spec]).toMatchObject([false, { holderIdentity: "" }]);
  expect(watched).toEqual({ ...SAFE, most: 0 });
});

test("an active pod that somebody takes out of the selector and the label alike keeps no token beside its successor's", async () => {
  const world = await createGroupAtRest();
  setReady(world, "store-b", false);
  await world.clock.advance(2000);
  world.change(PODS, "store-a", { metadata: { labels: { app: "quarantine", [ROLES.roleLabel]: null } } });
  await world.run();
  setReady(world, "store-b", true);
  await world.run();
  await world.tick();
  const tokenOf = (pod: string): string | undefined =>
    world.get(PODS, pod)?.metadata.annotations?.[tokenAnnotation(ROLES.feature)];
  expect([activePods(world), tokenOf("store-a")]).toEqual([["store-b"], undefined]);
  expect(tokenOf("store-b")).toBeDefined();
});

test("two pods that change places between groups without a record are active in each other's", async () => {
  const world = createWorld();
  addPod(world, "store-a", { ready: false });
  addPod(world, "other-a", { ready: false, labels: { app: "other" } });
  addService(world);
  addService(world, "other", { selector: { app: "other" } });
  await world.tick();
  relabel(world, "store-a", "other");
  relabel(world, "other-a", "store");
  for (const pod of ["store-a", "other-a"]) setReady(world, pod, true);
  await world.tick();
  await world.tick();
  expect(activePods(world)).toEqual(["other-a", "store-a"]);
});

test("a pod with a later stamp than the record's leaves a group that nobody can lead", async () => {
  const world = createWorld();
  addPod(world, "store-a");
  addService(world);
  await world.tick();
  setReady(world, "store-a", false);
  addPod(world, "other-a", { ready: false, labels: { app: "other" }, annotations: LATER });
  addService(world, "other", { selector: { app: "other" } });
  relabel(world, "other-a", "store");
  await world.tick();
  relabel(world, "other-a", "other");
  setReady(world, "other-a", true);
  for (let tick = 0; tick < 3; tick += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one tick after the other
    await world.tick();
  }
  expect(activePods(world)).toEqual(["other-a"]);
});

test.each([503, 403])("a refusal to let a pod go, %i, is told, and tried again after a pause", async (status) => {
  const world = await createGroupAtRest();
  world.intercept((request) =>
    strips(ROLES)(request) && request.name === "store-b"
      ? { status, body: { kind: "Status", reason: "No" } }
      : undefined,
  );
  relabel(world, "store-b", "other");
  expect(await world.run()).toMatchObject({ kind: "retry", reason: `let pod store-b go: ${status} No` });
  expect(toldOf(world)).toContainEqual(expect.stringContaining(`let pod store-b go: ${status} No`));
  expect(activePods(world)).toEqual(["store-a"]);
});
