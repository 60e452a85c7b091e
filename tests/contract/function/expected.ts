/** The requests that a lock `db` in namespace `data` is expected to cause, but for what depends on uids. */
import { hostname } from "node:os";
import { expect } from "vitest";
import { MICRO_TIME, PRESENT, TIME, type RecordedRequest } from "./recorded-api.ts";

export const PODS = "/api/v1/namespaces/data/pods";
export const LOCKS = "/apis/app.anukkrit.me/v1/namespaces/data/statefulsetlocks";

export const SET_PATH = "/apis/apps/v1/namespaces/data/statefulsets/db";
export const LEASES = "/apis/coordination.k8s.io/v1/namespaces/data/leases";
export const LEASE: string = `${LEASES}/db`;
/** The labels of every record of a feature, as a query has them. */
const recordsOf = (feature: string): string =>
  `app.kubernetes.io%2Fmanaged-by%3Dbellwether%2Cbellwether.dev%2Ffeature%3D${feature}`;
export const RECORDS: string = recordsOf("election");

export const get = (path: string, status = 200): RecordedRequest => ({
  method: "GET",
  path,
  contentType: undefined,
  body: undefined,
  status,
});

/** Its owners, its records, its pods. */
const readsOf = (feature: string, owners: string): readonly RecordedRequest[] => [
  get(`${owners}?limit=500`),
  get(`/apis/coordination.k8s.io/v1/leases?labelSelector=${recordsOf(feature)}&limit=500`),
  get(`/api/v1/pods?labelSelector=bellwether.dev%2F${feature}&limit=500`),
];

/** The reads of each feature, each in its order. */
const READS: readonly (readonly RecordedRequest[])[] = [
  readsOf("election", "/apis/app.anukkrit.me/v1/statefulsetlocks"),
  readsOf("roles", "/apis/node-role.bb-noti.io/v1/leaderstatuscheckers"),
  readsOf("standby", "/api/v1/services"),
];

/** What features have in common is read once; routes are their own records, and labels may be left by a replaced operator. */
const SWEEP: readonly RecordedRequest[] = [
  get("/apis/apps/v1/statefulsets?limit=500"),
  get(
    "/apis/discovery.k8s.io/v1/endpointslices?labelSelector=endpointslice.kubernetes.io%2Fmanaged-by%3Dbellwether.dev&limit=500",
  ),
  get("/api/v1/pods?labelSelector=qoqo.dev%2Fpod-designation&limit=500"),
  ...READS.flat(),
];

const paths = (requests: readonly RecordedRequest[]): readonly string[] => requests.map(({ path }) => path);

/** Features read beside each other; what follows the reads is returned. */
export const expectSweep = (requests: readonly RecordedRequest[]): readonly RecordedRequest[] => {
  const swept = requests.slice(0, SWEEP.length);
  expect(swept).toEqual(expect.arrayContaining([...SWEEP]));
  expect(paths(swept).toSorted()).toEqual(paths(SWEEP).toSorted());
  for (const [owners, records, pods] of READS.map(paths)) {
    expect(paths(swept).filter((path) => [owners, records, pods].includes(path))).toEqual([owners, records, pods]);
  }
  return requests.slice(SWEEP.length);
};

export const merge = (path: string, body: unknown): RecordedRequest => ({
  method: "PATCH",
  path: `${path}?fieldManager=bellwether`,
  contentType: "application/merge-patch+json",
  body,
  status: 200,
});

/** The precondition of every write. */
export const on = (uid: string): Record<string, string> => ({ uid, resourceVersion: PRESENT });

export const leaseSpec = (holderIdentity: string, leaseTransitions: number): unknown => ({
  holderIdentity,
  leaseDurationSeconds: 30,
  leaseTransitions,
  renewTime: MICRO_TIME,
  acquireTime: MICRO_TIME,
});

export const statusBody = (writerPod: string, epoch: number, lock: string): unknown => {
  const settled = { observedGeneration: 1, lastTransitionTime: TIME };
  const agree = `labels, Lease and stamps agree on pod ${writerPod}`;
  const conditions = [
    { type: "Available", status: "True", reason: "Available", message: "StatefulSetLock is ready", ...settled },
    { type: "Progressing", status: "False", reason: "Settled", message: agree, ...settled },
  ];
  return { status: { writerPod, epoch, observedGeneration: 1, conditions }, metadata: on(lock) };
};

export const event = (note: string, lock: string): unknown => ({
  method: "POST",
  path: "/apis/events.k8s.io/v1/namespaces/data/events?fieldManager=bellwether",
  contentType: "application/json",
  status: 201,
  body: {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: expect.stringMatching(/^db\.[0-9a-f]{16}$/) as string, namespace: "data" },
    eventTime: MICRO_TIME,
    reportingController: "bellwether.dev/function",
    reportingInstance: hostname(),
    action: "HandOver",
    reason: "LeaderElected",
    type: "Normal",
    note,
    regarding: {
      apiVersion: "app.anukkrit.me/v1",
      kind: "StatefulSetLock",
      namespace: "data",
      name: "db",
      uid: lock,
    },
  },
});
