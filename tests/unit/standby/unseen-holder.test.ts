/**
 * Goal: a pod that the record names although it is not enrolled any more (a group that ended was served again, a Lease was deleted by hand) is never
 * made active beside the one that replaces it, although whoever replaces it has not found it.
 */
import { expect, test } from "vitest";
import type { LeaseSpec } from "../../../functions/kit/handover/model.ts";
import { enrolmentLabel } from "../../../functions/kit/handover/names.ts";
import { LEASES, PODS, SERVICES, type KubeRequest } from "../../../functions/kit/kube/request.ts";
import { MODE_ANNOTATION, MODE_VALUE, ROLES } from "../../../functions/standby/labels.ts";
import { startInstance, type Instance, type Which } from "../support/instance.ts";
import { activePods, addPod, addService, createGroupAtRest, setReady } from "./cluster.ts";
import { createWorld, KEY, LEASE, type World } from "./world.ts";

const ENROLMENT = enrolmentLabel(ROLES.feature);

const isPatch = ({ method, resource }: KubeRequest): boolean => method === "PATCH" && resource === PODS;
const isPatchOf =
  (pod: string): Which =>
  (request) =>
    isPatch(request) && request.name === pod;
const labelsIn = ({ body }: KubeRequest): Readonly<Record<string, unknown>> =>
  (body as { readonly metadata?: { readonly labels?: Readonly<Record<string, unknown>> } }).metadata?.labels ?? {};
const strips: Which = (request) => isPatch(request) && labelsIn(request)[ENROLMENT] === null;
const promotes =
  (pod: string): Which =>
  (request) =>
    isPatchOf(pod)(request) && labelsIn(request)[ROLES.roleLabel] === ROLES.leader;
const writesRecord: Which = ({ method, resource }) => method === "PATCH" && resource === LEASES;
const createsRecord: Which = ({ method, resource }) => method === "POST" && resource === LEASES;
const deletesRecord: Which = ({ method, resource }) => method === "DELETE" && resource === LEASES;

const start = (world: World, at: Which, end?: Which): Instance => {
  const instance = startInstance(world, at, end);
  void world.instance().run(KEY, instance.send);
  return instance;
};

const relabel = (world: World, pod: string, app: string): void =>
  void world.change(PODS, pod, { metadata: { labels: { app } } });

const holderOf = (world: World): string | undefined =>
  (world.get(LEASES, LEASE)?.spec as LeaseSpec | undefined)?.holderIdentity;

const watchMost = (world: World): (() => number) => {
  let most = activePods(world).length;
  world.api.onRevision(() => {
    most = Math.max(most, activePods(world).length);
  });
  return () => most;
};

/** The record names `pod`, which is not enrolled and outside the selector: it returns just before somebody else replaces it. */
const replaceWhileItReturns = async (world: World, pod: string): Promise<void> => {
  expect([holderOf(world), world.get(PODS, pod)?.metadata.labels]).toEqual([pod, { app: "other" }]);
  const replacing = start(world, writesRecord);
  await world.clock.settle(replacing.stopped);
  relabel(world, pod, "store");
  await world.run(KEY, world.instance());
  replacing.goOn();
  await world.clock.advance(3_000);
};

test("a group that ends while it is served again, and its end is late", async () => {
  const world = await createGroupAtRest();
  const most = watchMost(world);
  const annotate = (value: string | null): void => {
    world.change(SERVICES, "store", { metadata: { annotations: { [MODE_ANNOTATION]: value } } });
  };
  annotate(null);
  await world.clock.advance(5_000);
  const ending = start(world, strips, deletesRecord);
  await world.clock.settle(ending.stopped);
  annotate(MODE_VALUE);
  await world.clock.advance(5_000);
  const naming = start(world, () => false, isPatch);
  await world.clock.settle(naming.died);
  ending.goOn();
  await world.clock.settle(ending.died);
  relabel(world, "store-a", "other");
  await replaceWhileItReturns(world, "store-a");
  expect([most(), activePods(world).length]).toEqual([1, 1]);
});

test("a Lease that is deleted, and made anew by whoever has not seen it", async () => {
  const world = createWorld();
  for (const pod of ["store-a", "store-b"]) addPod(world, pod);
  addService(world);
  const most = watchMost(world);
  const first = start(world, createsRecord, promotes("store-a"));
  await world.clock.settle(first.stopped);
  setReady(world, "store-a", false);
  await world.clock.advance(1_500);
  const second = start(world, createsRecord, isPatchOf("store-b"));
  await world.clock.settle(second.stopped);
  first.goOn();
  await world.clock.advance(300);
  relabel(world, "store-b", "other");
  await world.run(KEY, world.instance());
  world.remove(LEASES, LEASE);
  second.goOn();
  await world.clock.advance(300);
  setReady(world, "store-a", true);
  await replaceWhileItReturns(world, "store-b");
  expect([most(), activePods(world).length]).toEqual([1, 1]);
});
