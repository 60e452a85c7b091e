/** What a sweep makes of one lock that it read: at rest, due, or in need of a run. */
import { expect, test } from "vitest";
import { LOCKS } from "../../../functions/election/labels.ts";
import { viewLock } from "../../../functions/election/model.ts";
import { needOf, type Need, type SweptLock } from "../../../functions/election/need.ts";
import type { KubeObject, ObjectMeta } from "../../../functions/kit/kube/object.ts";
import { LEASES, PODS, STATEFUL_SETS, type Resource } from "../../../functions/kit/kube/request.ts";
import { createGroupAtRest, type World } from "../support/world.ts";

interface Read {
  readonly lock: KubeObject;
  readonly set: KubeObject | undefined;
  readonly lease: KubeObject | undefined;
  readonly pods: readonly KubeObject[];
}

const existing = (world: World, resource: Resource, name: string): KubeObject => {
  const object = world.get(resource, name);
  if (object === undefined) throw new Error(`${resource.kind} ${name} does not exist`);
  return object;
};

const world = await createGroupAtRest();
const AT_REST = {
  lock: existing(world, LOCKS, "db-lock"),
  set: existing(world, STATEFUL_SETS, "db"),
  lease: existing(world, LEASES, "db-lease"),
  pods: ["db-0", "db-1", "db-2"].map((name) => existing(world, PODS, name)),
};
const NOW = world.clock.serverNow();

const need = (read: Partial<Read>, later = 0): Need => {
  const { lock: raw, set, lease, pods }: Read = { ...AT_REST, ...read };
  const lock = viewLock(raw, NOW + later);
  const swept: SweptLock = { lock, locks: [lock], set, lease, pods };
  return needOf(swept, { now: NOW + later, tickSeconds: 2 });
};

const withMeta = (object: KubeObject, metadata: Partial<ObjectMeta>): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, ...metadata },
});
const withAnnotations = (object: KubeObject, annotations: Readonly<Record<string, string>>): KubeObject =>
  withMeta(object, { annotations: { ...object.metadata.annotations, ...annotations } });
const REST = AT_REST.pods.slice(1);
const last = (change: (pod: KubeObject) => KubeObject): readonly KubeObject[] => [
  ...AT_REST.pods.slice(0, -1),
  ...AT_REST.pods.slice(-1).map(change),
];

test("a group at rest needs nothing", () => {
  expect(need({})).toEqual({ kind: "nothing" });
});

test("half a Lease later its renewal is due, and carries lock and record", () => {
  expect(need({}, 15_000)).toMatchObject({ kind: "renew", lock: { name: "db-lock" }, record: { name: "db-lease" } });
});

test("a record that another owner left is renewed at once, to name the present one", () => {
  const lease = withAnnotations(AT_REST.lease, { "bellwether.dev/owner": "default/old-lock/uid-of-old" });
  expect(need({ lease }).kind).toBe("renew");
});

test("a fenced pod that left the StatefulSet, but is still enrolled, is not missed", () => {
  const left = last((pod) => withMeta(pod, { ownerReferences: [] }));
  const set = { ...AT_REST.set, status: { replicas: 2 } };
  expect(need({ pods: left, set })).toEqual({ kind: "nothing" });
});

const withoutLabels = withMeta(AT_REST.lease, { labels: {} });
const leaseSpec = AT_REST.lease.spec as Readonly<Record<string, unknown>>;
const lockStatus = AT_REST.lock.status as Readonly<Record<string, unknown>>;
const lockWith = (status: object): KubeObject => ({ ...AT_REST.lock, status: { ...lockStatus, ...status } });

test.each<[string, Partial<Read>]>([
  ["the StatefulSet is gone", { set: undefined }],
  ["the Lease is gone", { lease: undefined }],
  ["the writer is not among the pods that were found", { pods: REST }],
  ["a reader is not among the pods that were found", { pods: AT_REST.pods.slice(0, 2) }],
  ["the StatefulSet counts another pod", { set: { ...AT_REST.set, status: { replicas: 4 } } }],
  ["our finalizer is missing", { lock: withMeta(AT_REST.lock, { finalizers: [] }) }],
  [
    "a switchover to the present writer is to be taken off",
    { lock: withAnnotations(AT_REST.lock, { "bellwether.dev/switchover-to": "db-0" }) },
  ],
  ["nobody can lead", { pods: AT_REST.pods.map((pod) => ({ ...pod, status: {} })) }],
  ["a reader was not fenced", { pods: last((pod) => withMeta(pod, { annotations: {} })) }],
  [
    "the record belongs to another group",
    { lease: withMeta(AT_REST.lease, { labels: { ...AT_REST.lease.metadata.labels, "bellwether.dev/group": "old" } }) },
  ],
  [
    "the Lease lost our labels, and looks like one of the replaced operator",
    { lease: { ...withoutLabels, spec: { ...leaseSpec, acquireTime: undefined, leaseTransitions: 0 } } },
  ],
  [
    "another manager renews our Lease, and nothing says so yet",
    {
      lease: withMeta(AT_REST.lease, {
        managedFields: [{ manager: "other", fieldsV1: { "f:spec": { "f:renewTime": {} } } }],
      }),
    },
  ],
  [
    "a priority cannot be read, and nothing says so yet",
    { pods: last((pod) => withAnnotations(pod, { "bellwether.dev/priority": "high" })) },
  ],
  ["the status knows an older epoch", { lock: lockWith({ epoch: 5 }) }],
  ["the status knows no epoch", { lock: lockWith({ epoch: undefined }) }],
])("a run is needed: %s", (_title, read) => {
  expect(need(read)).toEqual({ kind: "run" });
});
