/** The record: whose a Lease is, what is written to it, and when a renewal is due. */
import { expect, test } from "vitest";
import {
  isRenewalDue,
  ownerText,
  readRecord,
  recordDeletion,
  recordRequest,
  recordSelector,
  renewalRequest,
  type RecordReading,
  type RecordSpec,
} from "../../../functions/kit/handover/record.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { microTime } from "../../../functions/kit/kube/micro-time.ts";
import { memberNamePattern } from "../../../functions/kit/pods/stateful-set.ts";
import { aBareLease, aLease, aRecord, EPOCH, FLOOR, NOW, SET_UID } from "../support/builders.ts";

const OWNER = { namespace: "default", name: "db-lock", uid: "uid-of-lock" };
const read = (lease: KubeObject | undefined): RecordReading =>
  readRecord(lease, { feature: "election", now: NOW, isMemberName: memberNamePattern("db") });
const withLabels = (labels: Record<string, string>): KubeObject => {
  const lease = aLease();
  return { ...lease, metadata: { ...lease.metadata, labels } };
};

test("no Lease is no record", () => {
  expect(read(undefined)).toEqual({ kind: "none" });
});

test("a Lease with our labels is ours, with its group, owner, holder and epoch", () => {
  expect(read(aLease())).toMatchObject({
    kind: "ours",
    group: SET_UID,
    owner: OWNER,
    record: { holder: { name: "db-0", uid: "uid-of-db-0" }, epoch: EPOCH, leaseTransitions: 4, renewTime: NOW },
  });
});

test.each(["", "default/db-lock", "default//uid", "/db-lock/uid"])(
  "an owner annotation %j is no owner, the Lease stays ours",
  (owner) => {
    expect(read(aLease({ owner }))).toMatchObject({ kind: "ours", owner: undefined });
  },
);

test("a record without any annotation is ours, without owner", () => {
  const lease = aLease();
  const { annotations: _annotations, ...metadata } = lease.metadata;
  expect(read({ ...lease, metadata })).toMatchObject({ kind: "ours", group: SET_UID, owner: undefined });
});

test("the owner is written as it is read", () => {
  expect(read(aLease({ owner: ownerText(OWNER) }))).toMatchObject({ owner: OWNER });
});

test.each<[string, KubeObject, RecordReading["kind"]]>([
  ["the replaced operator's Lease", aBareLease(), "adoptable"],
  ["an empty Lease", aBareLease({ holderIdentity: undefined }), "adoptable"],
  ["an empty holder", aBareLease({ holderIdentity: "" }), "adoptable"],
  ["no transitions so far", aBareLease({ leaseTransitions: 0 }), "adoptable"],
  ["a member with two digits", aBareLease({ holderIdentity: "db-10" }), "adoptable"],
  ["transitions: somebody's leader election", aBareLease({ leaseTransitions: 1 }), "foreign"],
  ["an acquireTime: somebody's leader election", aBareLease({ acquireTime: microTime(NOW) }), "foreign"],
  ["a holder that is no member", aBareLease({ holderIdentity: "web-0" }), "foreign"],
  ["a holder that begins like a member", aBareLease({ holderIdentity: "db-0-abc" }), "foreign"],
  ["a holder without ordinal", aBareLease({ holderIdentity: "db-" }), "foreign"],
  ["a Lease without any content", { metadata: aBareLease().metadata }, "adoptable"],
  [
    "our labels without a group",
    withLabels({ "app.kubernetes.io/managed-by": "bellwether", "bellwether.dev/feature": "election" }),
    "foreign",
  ],
  [
    "another feature's record",
    withLabels({ ...aLease().metadata.labels, "bellwether.dev/feature": "roles" }),
    "foreign",
  ],
  [
    "managed by somebody else",
    withLabels({ ...aLease().metadata.labels, "app.kubernetes.io/managed-by": "Helm" }),
    "foreign",
  ],
])("%s: %s", (_title, lease, kind) => {
  expect(read(lease)).toMatchObject({ kind, record: { name: "db-lease" } });
});

test.each<[string, { holder: string | null; holderUid: string }, object | undefined]>([
  ["name and uid", { holder: "db-1", holderUid: "u" }, { name: "db-1", uid: "u" }],
  ["nobody", { holder: null, holderUid: "" }, undefined],
  ["a name without uid", { holder: "db-1", holderUid: "" }, { name: "db-1", uid: "" }],
  ["a uid without name", { holder: null, holderUid: "u" }, { name: "", uid: "u" }],
])("holder: %s", (_title, lease, holder) => {
  expect(aRecord(lease).holder).toEqual(holder);
});

test("a record whose epoch or times do not parse has none", () => {
  expect(aRecord({ epoch: "many", renewTime: "yesterday" })).toMatchObject({ epoch: undefined, renewTime: undefined });
});

const SECOND = 1000;
test.each<[string, number, number, number | undefined, boolean]>([
  ["just renewed", 30, 0, 30, false],
  ["before half the duration", 30, 14_999, 30, false],
  ["at half the duration", 30, 15_000, 30, true],
  ["long expired", 30, 3600 * SECOND, 30, true],
  ["one second: before half", 1, 499, 1, false],
  ["one second: at half", 1, 500, 1, true],
  ["eight seconds: at four", 8, 4000, 8, true],
  ["the duration was edited", 20, 0, 30, true],
  ["the duration is missing", 30, 0, undefined, true],
  ["a little ahead of the server's clock", 30, -1000, 30, false],
  ["as far ahead as the Lease is long", 30, -30_000, 30, false],
  ["further ahead: unusable", 30, -30_001, 30, true],
])("renewal due: %s", (_title, ...[seconds, ageMs, stored, due]) => {
  const record = { ...aRecord(), renewTime: NOW - ageMs, leaseDurationSeconds: stored };
  expect(isRenewalDue(record, seconds, NOW)).toBe(due);
});

test("a record without a time is due", () => {
  expect(isRenewalDue({ ...aRecord(), renewTime: undefined }, 30, NOW)).toBe(true);
});

const SPEC: RecordSpec = {
  name: "db-lease",
  namespace: "default",
  feature: "election",
  group: SET_UID,
  owner: OWNER,
  leaseDurationSeconds: 30,
};
const HOLDER = { name: "db-1", uid: "uid-of-db-1" };

test("a record is created with everything that makes it ours, and times of six decimals", () => {
  const change = { previous: undefined, holder: HOLDER, epoch: FLOOR, leaseTransitions: 0, acquires: true };
  const request = recordRequest(SPEC, change, NOW);
  const like = aLease({ holder: "db-1", epoch: FLOOR }).metadata;
  expect([request.verb, request.namespace]).toEqual(["create", "default"]);
  expect(request.body).toMatchObject({
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "db-lease", namespace: "default", labels: like.labels, annotations: like.annotations },
    spec: {
      holderIdentity: "db-1",
      leaseDurationSeconds: 30,
      leaseTransitions: 0,
      acquireTime: "2026-01-01T00:00:00.000000Z",
      renewTime: "2026-01-01T00:00:00.000000Z",
    },
  });
  expect(request.body).not.toHaveProperty("metadata.ownerReferences");
});

test("a record is changed on the version that was read; acquireTime only with the holder", () => {
  const kept = { previous: aRecord(), holder: HOLDER, epoch: FLOOR, leaseTransitions: 5, acquires: false };
  const request = recordRequest(SPEC, kept, NOW);
  expect(request).toMatchObject({ verb: "patch", namespace: "default", name: "db-lease" });
  expect(request.body).toMatchObject({ metadata: { uid: "uid-of-lease", resourceVersion: "7" } });
  expect(request.body).not.toHaveProperty("spec.acquireTime");
});

test("nobody is written as empty texts", () => {
  const change = { previous: aRecord(), holder: undefined, epoch: FLOOR, leaseTransitions: 5, acquires: true };
  expect(recordRequest(SPEC, change, NOW).body).toMatchObject({
    metadata: { annotations: { "bellwether.dev/holder-uid": "" } },
    spec: { holderIdentity: "" },
  });
});

test("a renewal writes the time, the duration and the owner, and nothing about the holder", () => {
  const request = renewalRequest(aRecord(), SPEC, NOW + 15_000);
  expect(request).toMatchObject({ verb: "patch", namespace: "default", name: "db-lease" });
  expect(request.body).toEqual({
    metadata: {
      uid: "uid-of-lease",
      resourceVersion: "7",
      annotations: { "bellwether.dev/owner": "default/db-lock/uid-of-lock" },
    },
    spec: { renewTime: "2026-01-01T00:00:15.000000Z", leaseDurationSeconds: 30 },
  });
});

test("a record is deleted on the version that was read", () => {
  expect(recordDeletion(aRecord()).body).toMatchObject({
    preconditions: { uid: "uid-of-lease", resourceVersion: "7" },
  });
});

test("records are found by manager and feature, and by group", () => {
  expect(recordSelector("election")).toBe("app.kubernetes.io/managed-by=bellwether,bellwether.dev/feature=election");
  expect(recordSelector("election", "g")).toMatch(/,bellwether\.dev\/group=g$/);
});
