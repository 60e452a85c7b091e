/**
 * Goal: a pod that was let go, because the selector did not find it any more, is never made active beside another one when it returns,
 * whichever instance dies or sleeps between its read and its write.
 */
import { expect, test } from "vitest";
import { tokenAnnotation } from "../../../functions/kit/handover/names.ts";
import { LEASES, PODS, type KubeRequest } from "../../../functions/kit/kube/request.ts";
import { ROLES } from "../../../functions/standby/labels.ts";
import { startInstance, type Instance, type Which } from "../support/instance.ts";
import { activePods, createGroupAtRest, setReady } from "./cluster.ts";
import { KEY, type World } from "./world.ts";

const ENROLMENT = `bellwether.dev/${ROLES.feature}`;
const TURNS = 60;

const labelsIn = ({ body }: KubeRequest): Readonly<Record<string, string | null>> =>
  (body as { readonly metadata?: { readonly labels?: Readonly<Record<string, string | null>> } }).metadata?.labels ??
  {};

const isPatchOf = ({ method, resource, name }: KubeRequest, pod: string): boolean =>
  method === "PATCH" && resource === PODS && name === pod;

const promotes =
  (pod: string): Which =>
  (request) =>
    isPatchOf(request, pod) && labelsIn(request)[ROLES.roleLabel] === ROLES.leader;

const letsGo =
  (pod: string): Which =>
  (request) =>
    isPatchOf(request, pod) && labelsIn(request)[ENROLMENT] === null;

const writesRecord: Which = ({ method, resource }) => method === "PATCH" && resource === LEASES;

/** Another instance, which stops before the first request that `at` accepts. */
const stopAt = async (world: World, at: Which, end?: Which): Promise<Instance> => {
  const instance = startInstance(world, at, end);
  void world.instance().run(KEY, instance.send);
  await world.clock.settle(instance.stopped);
  return instance;
};

const goOn = async (instance: Instance): Promise<void> => {
  instance.goOn();
  for (let turn = 0; turn < TURNS; turn += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one turn of the event loop after the other
    await Promise.resolve();
  }
};

const relabel = (world: World, pod: string, app: string): void =>
  void world.change(PODS, pod, { metadata: { labels: { app } } });

/** The most active pods that there were at once, from now on. */
const watchMost = (world: World): (() => number) => {
  let most = activePods(world).length;
  world.api.onRevision(() => {
    most = Math.max(most, activePods(world).length);
  });
  return () => most;
};

/** The record names store-b, whose promotion nobody has lived to write; it is enrolled no more, and finds its way back to the selector. */
const returnBetween = async (world: World): Promise<void> => {
  const replacing = startInstance(world, writesRecord);
  const replacement = world.instance().run(KEY, replacing.send);
  await world.clock.settle(Promise.race([replacing.stopped, replacement]));
  relabel(world, "store-b", "store");
  const promoting = startInstance(world, promotes("store-b"));
  const promotion = world.instance().run(KEY, promoting.send);
  await world.clock.settle(Promise.race([promoting.stopped, promotion]));
  await goOn(replacing);
  await goOn(promoting);
  await world.clock.settle(Promise.all([replacement, promotion]));
};

test("a pod that the record names is not let go by whoever finds nobody that can be active", async () => {
  const world = await createGroupAtRest();
  await world.clock.advance(2000);
  setReady(world, "store-a", false);
  const dying = startInstance(world, () => false, promotes("store-b"));
  void world.instance().run(KEY, dying.send);
  await world.clock.settle(dying.died);
  relabel(world, "store-b", "other");
  await world.run();
  expect(world.get(PODS, "store-b")?.metadata.labels).toHaveProperty(ENROLMENT);
  setReady(world, "store-a", true);
  const most = watchMost(world);
  await returnBetween(world);
  await world.tick();
  expect([most(), activePods(world).length]).toEqual([1, 1]);
});

test("one that was let go by an older record than names it is made active only by a new one", async () => {
  const world = await createGroupAtRest();
  await world.clock.advance(2000);
  setReady(world, "store-a", false);
  const naming = await stopAt(world, writesRecord, promotes("store-b"));
  relabel(world, "store-b", "other");
  setReady(world, "store-a", true);
  const releasing = await stopAt(world, letsGo("store-b"));
  naming.goOn();
  await world.clock.settle(naming.died);
  await goOn(releasing);
  expect(world.get(PODS, "store-b")?.metadata.labels).not.toHaveProperty(ENROLMENT);
  const most = watchMost(world);
  await returnBetween(world);
  await world.tick();
  expect([most(), activePods(world).length]).toEqual([1, 1]);
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
