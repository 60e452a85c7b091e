/** What is read from raw pods and Leases, also from those that lack what an API server or the function itself would write. */
import { expect, test } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import { viewPod, viewRecord, type PodView, type RecordView } from "../../../functions/kit/handover/model.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { aBareLease, aLease, aPod, aWriter, EPOCH, LEASE_UID, NOW, SET_UID } from "../support/builders.ts";

const read = (pod: KubeObject): PodView => viewPod(pod, ROLES, { member: true, now: NOW });
const BARE = { name: "db-0", uid: "u", resourceVersion: "1" };

test("a pod that carries everything", () => {
  expect(read(aWriter())).toEqual({
    name: "db-0",
    namespace: "default",
    uid: "uid-of-db-0",
    resourceVersion: "10",
    member: true,
    group: SET_UID,
    role: "writer",
    stamp: { epoch: EPOCH, record: LEASE_UID },
    token: String(EPOCH),
    tampered: false,
  });
});

test("a pod that carries nothing", () => {
  expect(read({ metadata: BARE })).toEqual({ ...BARE, namespace: "", member: true, tampered: false });
});

test.each<[string, KubeObject, Partial<PodView>]>([
  [
    "an epoch without its record is one of another record",
    aPod({ epoch: 5, record: null }),
    { stamp: { epoch: 5, record: "" } },
  ],
  ["an epoch that is none is tampering, and no stamp", aPod({ epoch: "x" }), { stamp: undefined, tampered: true }],
  ["an epoch too far ahead is the same", aPod({ epoch: "9999999999" }), { stamp: undefined, tampered: true }],
])("stamp: %s", (_title, pod, expected) => {
  expect(read(pod)).toMatchObject(expected);
});

test("a record that carries everything", () => {
  expect(viewRecord(aLease(), NOW)).toEqual({
    name: "db-lease",
    namespace: "default",
    uid: LEASE_UID,
    resourceVersion: "7",
    holder: { name: "db-0", uid: "uid-of-db-0" },
    epoch: EPOCH,
    tampered: false,
    leaseTransitions: 4,
    leaseDurationSeconds: 30,
    renewTime: NOW,
    acquireTime: NOW - 3_600_000,
  });
});

test("a Lease that says nothing: nobody, no epoch, no transitions, no times", () => {
  expect(viewRecord({ metadata: BARE }, NOW)).toEqual({ ...BARE, namespace: "", tampered: false, leaseTransitions: 0 });
});

const withHolderUid = (uid: string): KubeObject => {
  const lease = aBareLease({ holderIdentity: undefined });
  return { ...lease, metadata: { ...lease.metadata, annotations: { "bellwether.dev/holder-uid": uid } } };
};

test.each<[string, KubeObject, Partial<RecordView>]>([
  ["without a uid, on a Lease to be adopted", aBareLease(), { holder: { name: "db-0", uid: "" } }],
  ["with a uid but no name", withHolderUid("u"), { holder: { name: "", uid: "u" } }],
  ["nobody: neither uid nor name", withHolderUid(""), { holder: undefined }],
])("holder: %s", (_title, lease, expected) => {
  expect(viewRecord(lease, NOW)).toMatchObject(expected);
});

test("an epoch that is none is tampering, no epoch is not", () => {
  expect(viewRecord(aLease({ epoch: "x" }), NOW)).toMatchObject({ epoch: undefined, tampered: true });
  expect(viewRecord(aBareLease(), NOW)).toMatchObject({ epoch: undefined, tampered: false });
});
