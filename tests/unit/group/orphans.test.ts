/** Which groups nobody stands for: told by records and enrolled pods of one feature, namespace by namespace; and how what is left of them ends. */
import { expect, test } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import { endRemains, orphanedGroups } from "../../../functions/kit/group/orphans.ts";
import {
  enrolmentLabel,
  EPOCH_ANNOTATION,
  FEATURE_LABEL,
  GROUP_LABEL,
  HOLDER_UID_ANNOTATION,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  OWNER_ANNOTATION,
  stampRecordAnnotation,
} from "../../../functions/kit/handover/names.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { LEASES, PODS } from "../../../functions/kit/kube/request.ts";
import type { PassOutcome } from "../../../functions/kit/outcome.ts";
import { FLOOR, NAMESPACE } from "../support/builders.ts";
import { createsRecord, listsPods, type Which } from "../support/instance.ts";
import { addPod, addSet, createWorld, type World } from "../support/world.ts";

const object = (namespace: string, labels: Readonly<Record<string, string>>): KubeObject => ({
  metadata: { name: "x", namespace, uid: "u", resourceVersion: "1", labels },
});
const lease = (namespace: string, group: string): KubeObject => object(namespace, { [GROUP_LABEL]: group });
const pod = (namespace: string, feature: string, group: string): KubeObject =>
  object(namespace, { [`bellwether.dev/${feature}`]: group });

const found = (leases: readonly KubeObject[], pods: readonly KubeObject[], served = ""): readonly string[] =>
  orphanedGroups("standby", { leases, pods }, ({ namespace, group }) => `${namespace}/${group}` === served).map(
    ({ namespace, group }) => `${namespace}/${group}`,
  );

test("a group is found by its record, by its pods, and once by both", () => {
  expect(found([lease("a", "one")], [pod("a", "standby", "one"), pod("a", "standby", "two")])).toEqual([
    "a/one",
    "a/two",
  ]);
});

test("the same group in two namespaces is two groups", () => {
  expect(found([lease("a", "one"), lease("b", "one")], [], "a/one")).toEqual(["b/one"]);
  expect(found([lease("a", "one"), lease("b", "one")], [])).toEqual(["a/one", "b/one"]);
});

test("pods of another feature are its business", () => {
  expect(found([], [pod("a", "election", "one")])).toEqual([]);
});

const GROUP = "gone";
const RECORD = "gone-lease";
const ENROLMENT = enrolmentLabel(ROLES.feature);
const ENDED = { kind: "done", reason: "OrphanEnded" };

/** A pod that nobody serves any more, and no record of it. */
const createRemains = (): World => {
  const world = createWorld();
  addSet(world);
  addPod(world, "db-0", { role: ROLES.leader });
  world.change(PODS, "db-0", { metadata: { labels: { [ENROLMENT]: GROUP } } });
  return world;
};

const addLease = (world: World, group: string, labels: Readonly<Record<string, string>> = {}): KubeObject =>
  world.create(LEASES, {
    metadata: { name: RECORD, labels: { [GROUP_LABEL]: group, ...labels } },
    spec: { holderIdentity: "db-0" },
  });

const end = (
  world: World,
  { recordName = RECORD, mode = "active" }: { recordName?: string | null; mode?: "active" | "observe" } = {},
): Promise<PassOutcome> => {
  const { clock, log, metrics, send } = world;
  const host = { tickSeconds: 2, namespaces: [], instance: "function-1", emit: () => undefined };
  const orphan = { namespace: NAMESPACE, group: GROUP, ...(recordName === null ? {} : { recordName }) };
  return endRemains({ context: { ...host, clock, log, metrics, mode }, send }, ROLES, orphan);
};

/** Verbs of the requests for Leases, apart from the LIST. */
const recordCalls = (world: World): readonly string[] =>
  world.requests.filter(({ verb, resource }) => resource === LEASES && verb !== "list").map(({ verb }) => verb);

const labelsOf = (world: World): unknown => world.get(PODS, "db-0")?.metadata.labels;
const BARE = { app: "db" };

test("what is left without a record ends under one that names nobody", async () => {
  const world = createRemains();
  expect(await end(world)).toEqual({ kind: "restart", reason: "what is left ends under a record" });
  const { metadata, spec } = world.get(LEASES, RECORD) ?? {};
  expect(metadata?.labels).toEqual({
    [MANAGED_BY_LABEL]: MANAGED_BY,
    [FEATURE_LABEL]: ROLES.feature,
    [GROUP_LABEL]: GROUP,
  });
  expect(metadata?.annotations).toEqual({
    [OWNER_ANNOTATION]: `${NAMESPACE}//`,
    [HOLDER_UID_ANNOTATION]: "",
    [EPOCH_ANNOTATION]: String(FLOOR),
  });
  expect(spec).toMatchObject({ holderIdentity: "", leaseDurationSeconds: 30, leaseTransitions: 0 });
  expect(spec).not.toHaveProperty("acquireTime");
  expect(labelsOf(world)).toMatchObject({ [ENROLMENT]: GROUP });
  expect(await end(world)).toEqual(ENDED);
  expect([labelsOf(world), world.get(LEASES, RECORD)]).toEqual([BARE, undefined]);
});

test("where no pod is enrolled no record is made", async () => {
  const world = createWorld();
  expect([await end(world), recordCalls(world)]).toEqual([ENDED, []]);
});

test("where the group does not tell the record's name none is made", async () => {
  const world = createRemains();
  expect([await end(world, { recordName: null }), recordCalls(world), labelsOf(world)]).toEqual([ENDED, [], BARE]);
});

test.each(["gone_lease", "Gone", "gone/lease", "", "a".repeat(254)])(
  "where no Lease can have the record's name the labels go without one: %o",
  async (recordName) => {
    const world = createRemains();
    expect([await end(world, { recordName }), recordCalls(world), labelsOf(world)]).toEqual([ENDED, [], BARE]);
  },
);

test("where another group's Lease has the record's name the labels go, and that Lease stays as it is", async () => {
  const world = createRemains();
  const theirs = addLease(world, "another");
  expect(await end(world)).toEqual(ENDED);
  expect([labelsOf(world), world.get(LEASES, RECORD)]).toEqual([BARE, theirs]);
});

test("where the namespace goes away the labels go without a record", async () => {
  const world = createRemains();
  const details = { causes: [{ reason: "NamespaceTerminating" }] };
  world.intercept((request) =>
    createsRecord(request) ? { status: 403, body: { kind: "Status", reason: "Forbidden", details } } : undefined,
  );
  expect([await end(world), recordCalls(world), labelsOf(world)]).toEqual([ENDED, ["create"], BARE]);
});

test.each<[string, Readonly<Record<string, string>>]>([
  ["no label of ours but the group's", {}],
  ["lost our managed-by label", { [FEATURE_LABEL]: ROLES.feature, [MANAGED_BY_LABEL]: "Helm" }],
])("a Lease of the group that has %s is the record by which the group ends, and goes", async (_title, labels) => {
  const world = createRemains();
  const { uid } = addLease(world, GROUP, labels).metadata;
  expect([await end(world), labelsOf(world), world.get(LEASES, RECORD)]).toEqual([ENDED, BARE, undefined]);
  expect(world.get(PODS, "db-0")?.metadata.annotations).toMatchObject({
    [stampRecordAnnotation(ROLES.feature)]: uid,
  });
});

test("a Lease that went away after it was in the way sends back to the read", async () => {
  const world = createRemains();
  addLease(world, GROUP);
  world.intercept(({ verb, resource }) => {
    if (verb === "get" && resource === LEASES) world.remove(LEASES, RECORD);
    return undefined;
  });
  expect(await end(world)).toEqual({ kind: "restart", reason: "the record went away" });
  expect(labelsOf(world)).toMatchObject({ [ENROLMENT]: GROUP });
});

test.each<[string, Which]>([
  ["list the group's Leases", ({ verb, resource }) => verb === "list" && resource === LEASES],
  ["list enrolled pods", listsPods],
  [`create Lease ${RECORD}`, createsRecord],
  [`get Lease ${RECORD}`, ({ verb, resource }) => verb === "get" && resource === LEASES],
])("nothing ends where one may not %s", async (doing, which) => {
  const world = createRemains();
  if (doing.startsWith("get")) addLease(world, GROUP);
  world.intercept((request) =>
    which(request) ? { status: 403, body: { kind: "Status", reason: "Forbidden" } } : undefined,
  );
  expect(await end(world)).toMatchObject({ kind: "retry", reason: `${doing}: 403 Forbidden` });
  expect(labelsOf(world)).toMatchObject({ [ENROLMENT]: GROUP });
});

test("who only observes makes no record, and takes no label off", async () => {
  const world = createRemains();
  expect(await end(world, { mode: "observe" })).toEqual({ kind: "done", reason: "ObserveMode" });
  expect(world.requests.map(({ verb }) => verb)).toEqual(["list"]);
});
