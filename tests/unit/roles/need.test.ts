/** What a sweep makes of one checker that it read: at rest, its record due, its pods to be asked, or in need of a run. */
import { expect, test } from "vitest";
import type { KubeObject, ObjectMeta } from "../../../functions/kit/kube/object.ts";
import { LEASES, PODS, STATEFUL_SETS, type Resource } from "../../../functions/kit/kube/request.ts";
import { CHECKERS } from "../../../functions/roles/labels.ts";
import { viewChecker } from "../../../functions/roles/model.ts";
import { needOf, type Need, type SweepContext } from "../../../functions/roles/need.ts";
import { createRolesAtRest, type RolesWorld } from "./world.ts";

interface Read {
  readonly checker: KubeObject;
  readonly set: KubeObject | undefined;
  readonly lease: KubeObject | undefined;
  readonly pods: readonly KubeObject[];
}

const existing = (world: RolesWorld, resource: Resource, name: string): KubeObject => {
  const object = world.get(resource, name);
  if (object === undefined) throw new Error(`${resource.kind} ${name} does not exist`);
  return object;
};

const world = await createRolesAtRest();
const CHECKER = existing(world, CHECKERS, "db");
const AT_REST: Read = {
  checker: CHECKER,
  set: existing(world, STATEFUL_SETS, "db"),
  lease: existing(world, LEASES, `bellwether-roles-${CHECKER.metadata.uid}`),
  pods: ["db-0", "db-1", "db-2"].map((name) => existing(world, PODS, name)),
};
const NOW = world.clock.serverNow();
const INTERVAL_MS = 10_000;

const need = (read: Partial<Read>, context: Partial<SweepContext> = {}): Need => {
  const { checker: raw, set, lease, pods }: Read = { ...AT_REST, ...read };
  const given = { reach: { served: [], open: [] }, now: NOW, tickSeconds: 2, sinceAskedMs: INTERVAL_MS, ...context };
  const checker = viewChecker(raw, given.now);
  return needOf({ checker, checkers: [checker], set, lease, pods }, given);
};

const asks = (read: Partial<Read>, context: Partial<SweepContext>): boolean => {
  const found = need(read, context);
  if (found.kind !== "rest") throw new Error("it is not at rest");
  return found.asks;
};

const renews = (read: Partial<Read>, later = 0): boolean => {
  const found = need(read, { now: NOW + later });
  if (found.kind !== "rest") throw new Error("it is not at rest");
  return found.renews;
};

const withMeta = (object: KubeObject | undefined, metadata: Partial<ObjectMeta>): KubeObject => {
  if (object === undefined) throw new Error("there is nothing to change");
  return { ...object, metadata: { ...object.metadata, ...metadata } };
};
const withAnnotations = (object: KubeObject | undefined, annotations: Readonly<Record<string, string>>): KubeObject =>
  withMeta(object, { annotations: { ...object?.metadata.annotations, ...annotations } });
const withSpec = (spec: object): KubeObject => ({ ...CHECKER, spec: { ...(CHECKER.spec as object), ...spec } });
const withStatus = (status: object): KubeObject => ({
  ...CHECKER,
  status: { ...(CHECKER.status as object), ...status },
});
const withCondition = (type: string, reason: string): KubeObject =>
  withStatus({ conditions: [{ type, reason, status: "True", message: "", lastTransitionTime: "" }] });

const REST = AT_REST.pods.slice(1);
const first = (change: (pod: KubeObject) => KubeObject): readonly KubeObject[] => [
  ...AT_REST.pods.slice(0, 1).map(change),
  ...REST,
];
const last = (change: (pod: KubeObject) => KubeObject): readonly KubeObject[] => [
  ...AT_REST.pods.slice(0, -1),
  ...AT_REST.pods.slice(-1).map(change),
];

test("a checker at rest carries what was read, so that its pods can be asked", () => {
  expect(need({})).toMatchObject({
    kind: "rest",
    renews: false,
    asks: true,
    resting: {
      checker: { name: "db", uid: CHECKER.metadata.uid },
      set: { name: "db", replicas: 3 },
      record: { holder: { name: "db-0" } },
      lease: { metadata: { name: AT_REST.lease?.metadata.name } },
      pods: [
        { name: "db-0", member: true, ready: true },
        { name: "db-1", member: true },
        { name: "db-2", member: true },
      ],
    },
  });
});

test("its record is due once half of its duration is over, and at once where it names another owner", () => {
  expect([renews({}, 14_999), renews({}, 15_000)]).toEqual([false, true]);
  expect(renews({ lease: withAnnotations(AT_REST.lease, { "bellwether.dev/owner": "default/old/uid-of-old" }) })).toBe(
    true,
  );
});

test("it is asked at the tick that is nearest to the end of its interval, and by whoever never asked", () => {
  expect(asks({}, { sinceAskedMs: 8_999 })).toBe(false);
  expect(asks({}, { sinceAskedMs: 9_000 })).toBe(true);
  expect(asks({ checker: withSpec({ intervalSeconds: 60 }) }, { sinceAskedMs: 58_999 })).toBe(false);
  expect(asks({ checker: withSpec({ intervalSeconds: 60 }) }, { sinceAskedMs: 57_000, tickSeconds: 6 })).toBe(true);
  expect(asks({}, { sinceAskedMs: undefined })).toBe(true);
});

test.each<[string, KubeObject]>([
  ["several claimed to lead", withCondition("Conflict", "SeveralLeaders")],
  ["the leader was silent", withCondition("Unreachable", "LeaderSilent")],
])("it is asked at every tick where %s", (_title, checker) => {
  expect(asks({ checker }, { sinceAskedMs: 0 })).toBe(true);
});

test("a follower that was silent can wait, as everything else", () => {
  expect(asks({ checker: withCondition("Unreachable", "PodsSilent") }, { sinceAskedMs: 0 })).toBe(false);
});

test("where nobody is to be asked nobody is, however long ago it was, and whatever the status says", () => {
  expect(asks({ checker: withSpec({ localDev: true }) }, { sinceAskedMs: undefined })).toBe(false);
  const unsure = { ...withCondition("Conflict", "SeveralLeaders"), spec: withSpec({ localDev: true }).spec };
  expect(asks({ checker: unsure }, {})).toBe(false);
});

test("a fenced pod that left the StatefulSet, but is still enrolled, is not missed", () => {
  const left = last((pod) => withMeta(pod, { ownerReferences: [] }));
  const set = { ...withMeta(AT_REST.set, {}), status: { replicas: 2 } };
  expect(need({ pods: left, set }).kind).toBe("rest");
});

const leaseLabels = AT_REST.lease?.metadata.labels;
const leaseSpec = AT_REST.lease?.spec as Readonly<Record<string, unknown>>;

test.each<[string, Partial<Read>]>([
  ["the StatefulSet is gone", { set: undefined }],
  ["the Lease is gone", { lease: undefined }],
  ["it must not reach the StatefulSet", { checker: withMeta(CHECKER, { namespace: "ops" }) }],
  ["the leader is not among the pods that were found", { pods: REST }],
  ["a follower is not among the pods that were found", { pods: AT_REST.pods.slice(0, 2) }],
  ["the StatefulSet counts another pod", { set: { ...withMeta(AT_REST.set, {}), status: { replicas: 4 } } }],
  ["our finalizer is missing", { checker: withMeta(CHECKER, { finalizers: [] }) }],
  ["nobody can lead", { pods: AT_REST.pods.map((pod) => ({ ...pod, status: {} })) }],
  ["the leader cannot lead any more", { pods: first((pod) => ({ ...pod, status: {} })) }],
  ["a follower was not fenced", { pods: last((pod) => withMeta(pod, { annotations: {} })) }],
  [
    "the record belongs to another group",
    { lease: withMeta(AT_REST.lease, { labels: { ...leaseLabels, "bellwether.dev/group": "old" } }) },
  ],
  [
    "the record belongs to another feature",
    { lease: withMeta(AT_REST.lease, { labels: { ...leaseLabels, "bellwether.dev/feature": "election" } }) },
  ],
  [
    "the Lease lost our labels, and looks like one of the replaced operator",
    {
      lease: {
        ...withMeta(AT_REST.lease, { labels: {} }),
        spec: { ...leaseSpec, acquireTime: undefined, leaseTransitions: 0 },
      },
    },
  ],
  [
    "the record names nobody",
    {
      lease: {
        ...withAnnotations(AT_REST.lease, { "bellwether.dev/holder-uid": "" }),
        spec: { ...leaseSpec, holderIdentity: "" },
      },
    },
  ],
  [
    "the record names another",
    {
      lease: {
        ...withAnnotations(AT_REST.lease, { "bellwether.dev/holder-uid": REST[0]?.metadata.uid ?? "" }),
        spec: { ...leaseSpec, holderIdentity: "db-1" },
      },
    },
  ],
  ["the status names another leader", { checker: withStatus({ leaderNode: "db-1" }) }],
  ["the status names no leader", { checker: withStatus({ leaderNode: "" }) }],
  ["the status knows an older epoch", { checker: withStatus({ epoch: 5 }) }],
  ["the status knows no epoch", { checker: withStatus({ epoch: undefined }) }],
  ["the spec was edited since the last report", { checker: withMeta(CHECKER, { generation: 9 }) }],
])("a run is needed: %s", (_title, read) => {
  expect(need(read)).toEqual({ kind: "run" });
});

test("a run is needed where an older checker is served on the same StatefulSet", () => {
  const [checker, older] = [
    CHECKER,
    withMeta(CHECKER, { name: "a", uid: "a", creationTimestamp: "2000-01-01T00:00:00Z" }),
  ];
  const views = [checker, older].map((raw) => viewChecker(raw, NOW));
  const { set, lease, pods } = AT_REST;
  const context = { reach: { served: [], open: [] }, now: NOW, tickSeconds: 2, sinceAskedMs: 0 };
  expect(needOf({ checker: viewChecker(checker, NOW), checkers: views, set, lease, pods }, context).kind).toBe("run");
});
