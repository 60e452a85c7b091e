/** May a lock be served, and on which record: each refusal and its words, and who of two rivals is served. */
import { expect, test } from "vitest";
import { admit, type Admission, type AdmissionInput } from "../../../functions/election/decide.ts";
import { type LockView } from "../../../functions/election/model.ts";
import { byAge } from "../../../functions/kit/group/owners.ts";
import { readRecord, type RecordReading } from "../../../functions/kit/handover/record.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { memberNamePattern, viewSet } from "../../../functions/kit/pods/stateful-set.ts";
import { aBareLease, aLease, aSet, lockView, NOW, SET_UID, THE_SET } from "../support/builders.ts";

const read = (lease?: KubeObject): RecordReading =>
  readRecord(lease, { feature: "election", now: NOW, isMemberName: memberNamePattern("db") });

const ask = (input: Partial<AdmissionInput> = {}): Admission => {
  const lock = input.lock ?? lockView();
  return admit({ set: THE_SET, reading: read(aLease()), locks: [lock], ...input, lock });
};
const OLDER = { name: "older", uid: "uid-of-older", created: "2025-01-01T00:00:00Z" };
const YOUNGER = { name: "younger", uid: "uid-of-younger", created: "2025-12-01T00:00:00Z" };
const among = (...others: readonly LockView[]): Partial<AdmissionInput> => ({ locks: [lockView(), ...others] });

test("a lock with its own record is served on it", () => {
  expect(ask()).toMatchObject({ kind: "serve", adopts: false, record: { name: "db-lease" }, set: { uid: SET_UID } });
});

test.each<[string, Partial<AdmissionInput>, object]>([
  ["without a record", { reading: read() }, { kind: "serve", record: undefined, adopts: false, set: { uid: SET_UID } }],
  [
    "on a Lease of the replaced operator",
    { reading: read(aBareLease()) },
    { kind: "serve", adopts: true, set: { uid: SET_UID }, record: { name: "db-lease" } },
  ],
  [
    "on the record that a deleted lock of the same group left",
    { reading: read(aLease({ owner: "default/old/uid-of-old" })) },
    { kind: "serve", adopts: false },
  ],
  ["scaled to zero: that is a state", { set: viewSet(aSet({ replicas: 0 })) }, { kind: "serve" }],
  [
    "with expressions only",
    { set: viewSet(aSet({ selector: { matchExpressions: [{ key: "app", operator: "Exists" }] } })) },
    { kind: "serve" },
  ],
  ["beside a younger rival", among(lockView(YOUNGER)), { kind: "serve" }],
  [
    "beside an older lock on other objects",
    { ...among(lockView({ ...OLDER, spec: { statefulSetName: "x", leaseName: "y" } })), reading: read() },
    { kind: "serve" },
  ],
])("served: %s", (_title, input, expected) => {
  expect(ask(input)).toMatchObject(expected);
});

test.each<[string, Partial<AdmissionInput>, string, string]>([
  [
    "an invalid spec",
    { lock: lockView({ spec: { leaseName: "", leaseDurationSeconds: 0 } }) },
    "ValidationError",
    "1 to 253 characters); spec.leaseDurationSeconds: got 0",
  ],
  [
    "one thing wrong with the spec",
    { lock: lockView({ spec: { leaseName: "" } }) },
    "ValidationError",
    "spec.leaseName",
  ],
  ["no StatefulSet", { set: undefined }, "StatefulSetNotFound", "StatefulSet db does not exist in this namespace"],
  [
    "a StatefulSet that is being deleted: its pods lose their owner one by one, and nobody is moved",
    { set: { ...THE_SET, deleting: true } },
    "StatefulSetNotFound",
    "StatefulSet db is being deleted; nothing is moved",
  ],
  [
    "no selector",
    { set: viewSet(aSet({ selector: {} })) },
    "ValidationError",
    "StatefulSet db: spec.selector: got none, accepted are matchLabels or matchExpressions",
  ],
  [
    "an empty selector",
    { set: viewSet(aSet({ selector: { matchLabels: {}, matchExpressions: [] } })) },
    "ValidationError",
    "spec.selector",
  ],
  [
    "an older lock on the StatefulSet",
    among(lockView({ ...OLDER, spec: { leaseName: "x" } })),
    "StatefulSetShared",
    "StatefulSet db is served by the older StatefulSetLock older",
  ],
  [
    "an older lock on the Lease",
    { ...among(lockView({ ...OLDER, spec: { statefulSetName: "x" } })), reading: read(undefined) },
    "LeaseShared",
    "Lease db-lease is used by the older StatefulSetLock older",
  ],
  [
    "a foreign Lease",
    { reading: read(aBareLease({ holderIdentity: "web-0" })) },
    "LeaseForeign",
    'Lease db-lease is held by "web-0" and not ours; choose another spec.leaseName or delete it',
  ],
  [
    "an older lock on the Lease, which is its record",
    {
      ...among(lockView({ ...OLDER, spec: { statefulSetName: "x" } })),
      reading: read(aLease({ group: "uid-of-x", owner: "default/older/uid-of-older" })),
    },
    "LeaseShared",
    "Lease db-lease is used by the older StatefulSetLock older",
  ],
  [
    "a foreign Lease that nobody holds",
    { reading: read(aBareLease({ holderIdentity: undefined, leaseTransitions: 3 })) },
    "LeaseForeign",
    'Lease db-lease is held by "" and not ours',
  ],
  [
    "a foreign Lease whose holder's name has no end",
    { reading: read(aBareLease({ holderIdentity: "x".repeat(300) })) },
    "LeaseForeign",
    `Lease db-lease is held by "${"x".repeat(253)}" and not ours`,
  ],
  [
    "a record of another lock's group",
    {
      ...among(lockView({ ...YOUNGER, spec: { statefulSetName: "x" } })),
      reading: read(aLease({ group: "uid-of-x", owner: "default/younger/uid-of-younger" })),
    },
    "LeaseShared",
    "Lease db-lease is the record of StatefulSetLock younger",
  ],
])("refused: %s", (_title, input, reason, message) => {
  const admission = ask(input);
  expect(admission).toMatchObject({ kind: "refuse", reason });
  expect(admission.kind === "refuse" && admission.message).toContain(message);
});

test.each<[string, string]>([
  ["this lock's own, of the set that it named before", "default/db-lock/uid-of-lock"],
  ["left by a lock that is gone", "default/gone/uid-of-gone"],
  ["without a readable owner", ""],
])("a record of another group is ended first: %s", (_title, owner) => {
  const reading = read(aLease({ group: "uid-of-old-set", owner }));
  expect(ask({ reading })).toMatchObject({
    kind: "end-previous",
    group: "uid-of-old-set",
    record: { name: "db-lease" },
  });
});

test("a record of another group is ended first, also when its owner lives but names another Lease now", () => {
  const reading = read(aLease({ group: "uid-of-x", owner: "default/younger/uid-of-younger" }));
  const locks = among(lockView({ ...YOUNGER, spec: { statefulSetName: "x", leaseName: "x-lease" } }));
  expect(ask({ ...locks, reading }).kind).toBe("end-previous");
});

test("a record of another group is ended first, also when a younger lock that never had it names the Lease", () => {
  const reading = read(aLease({ group: "uid-of-old-set", owner: "default/gone/uid-of-gone" }));
  const locks = among(lockView({ ...YOUNGER, spec: { statefulSetName: "x" } }));
  expect(ask({ ...locks, reading }).kind).toBe("end-previous");
});

test("a lock that is being deleted is ended, whatever else is wrong", () => {
  const lock = lockView({ deleting: true, spec: { leaseDurationSeconds: 0 } });
  expect(ask({ lock, set: undefined, reading: read() })).toEqual({ kind: "end" });
});

test("of two locks made in one second the smaller uid is the older", () => {
  const [one, two] = [lockView({ uid: "a" }), lockView({ uid: "b" })];
  expect([one, two].toSorted(byAge).map(({ uid }) => uid)).toEqual(["a", "b"]);
  expect([two, one].toSorted(byAge).map(({ uid }) => uid)).toEqual(["a", "b"]);
});

const served = (listed: readonly LockView[]): readonly string[] =>
  listed.filter((lock) => ask({ lock, locks: listed, reading: read() }).kind === "serve").map(({ name }) => name);

test("exactly one of several rivals is served, whichever order they are listed in", () => {
  const locks = [lockView(YOUNGER), lockView(), lockView(OLDER)];
  expect([served(locks), served(locks.toReversed())]).toEqual([["older"], ["older"]]);
});

test("an older lock that is edited onto another's Lease does not stop that lock", () => {
  const younger = lockView({ ...YOUNGER, spec: { statefulSetName: "web", leaseName: "web-lease" } });
  const edited = lockView({ ...OLDER, spec: { leaseName: "web-lease" } });
  const reading = read(aLease({ name: "web-lease", group: "uid-of-web", owner: "default/younger/uid-of-younger" }));
  const set = viewSet({ ...aSet({}, "uid-of-web"), metadata: { ...aSet({}, "uid-of-web").metadata, name: "web" } });
  expect(ask({ lock: younger, locks: [younger, edited], set, reading }).kind).toBe("serve");
});

test("an older lock whose spec is invalid does not stop a younger one", () => {
  expect(ask(among(lockView({ ...OLDER, spec: { leaseName: "Not_A_Name" } }))).kind).toBe("serve");
});

test("the record of a lock that this one shuts out of its StatefulSet is ended too: else the two would wait for each other", () => {
  const reading = read(aLease({ group: "uid-of-old-set", owner: "default/younger/uid-of-younger" }));
  expect(ask({ ...among(lockView(YOUNGER)), reading })).toMatchObject({
    kind: "end-previous",
    group: "uid-of-old-set",
  });
});
