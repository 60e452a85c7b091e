/** One StatefulSet of five Ready pods with a StatefulSetLock, and the event that announces its first pod. */
import { readFileSync } from "node:fs";

const NAMESPACE = "data";
export const PODS = 5;
const CREATED = "2026-01-01T00:00:00Z";

const setUid = "00000000-0000-4000-8000-000000000100";

const metadata = (name: string, uid: string, more: object = {}): object => ({
  name,
  namespace: NAMESPACE,
  uid,
  resourceVersion: "1",
  generation: 1,
  creationTimestamp: CREATED,
  ...more,
});

/** Of the pod, on this machine: an application may stand for it. */
export const podAddress = (index: number): string => `127.0.0.${index + 1}`;

const pod = (index: number): Readonly<Record<string, unknown>> => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: metadata(`db-${index}`, `00000000-0000-4000-8000-00000000000${index}`, {
    labels: { app: "db", "apps.kubernetes.io/pod-index": String(index) },
    ownerReferences: [{ apiVersion: "apps/v1", kind: "StatefulSet", name: "db", uid: setUid, controller: true }],
  }),
  spec: {
    nodeName: "node-1",
    containers: [{ name: "db", image: "db:1", env: [{ name: "NOTE", value: "x".repeat(1500) }] }],
  },
  status: {
    phase: "Running",
    podIP: podAddress(index),
    conditions: ["Initialized", "ContainersReady", "Ready", "PodScheduled"].map((type) => ({
      type,
      status: "True",
      lastTransitionTime: CREATED,
    })),
  },
});

const statefulSet = {
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  metadata: metadata("db", setUid),
  spec: { replicas: PODS, serviceName: "db", selector: { matchLabels: { app: "db" } } },
  status: { replicas: PODS, readyReplicas: PODS },
};

const lock = {
  apiVersion: "app.anukkrit.me/v1",
  kind: "StatefulSetLock",
  metadata: metadata("db", "00000000-0000-4000-8000-000000000200"),
  spec: { statefulSetName: "db", leaseName: "db", leaseDurationSeconds: 30 },
};

const checker = (rpcPort: number): object => ({
  apiVersion: "node-role.bb-noti.io/v1",
  kind: "LeaderStatusChecker",
  metadata: metadata("db", "00000000-0000-4000-8000-000000000300"),
  spec: { statefulSetName: "db", namespace: NAMESPACE, rpcPort, localDev: false },
});

/** Paths of the lock and of a pod on the API server. */
export const LOCK_PATH: string = `/apis/app.anukkrit.me/v1/namespaces/${NAMESPACE}/statefulsetlocks/db`;
export const podPath = (index: number): string => `/api/v1/namespaces/${NAMESPACE}/pods/db-${index}`;

/** The objects by their path on the API server. */
export const group: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  [`/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets/db`, statefulSet],
  [LOCK_PATH, lock],
  ...Array.from({ length: PODS }, (_, index): [string, unknown] => [podPath(index), pod(index)]),
]);

/** The same with a checker instead of the lock. */
export const groupWithChecker = (rpcPort: number): ReadonlyMap<string, unknown> =>
  new Map<string, unknown>([
    ...[...group].filter(([path]) => path !== LOCK_PATH),
    [`/apis/node-role.bb-noti.io/v1/namespaces/${NAMESPACE}/leaderstatuscheckers/db`, checker(rpcPort)],
  ]);

export interface BenchEvent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Named {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** As ApiServerSource posts it in Resource mode. */
export const eventOf = (change: "add" | "update", object: unknown): BenchEvent => {
  const { apiVersion, kind, metadata: named } = object as Named;
  return {
    headers: {
      "content-type": "application/json",
      "ce-specversion": "1.0",
      "ce-id": "6a4d1f5e-8a52-4d65-9f5c-6d4b8f3f0001",
      "ce-source": "https://10.96.0.1:443",
      "ce-type": `dev.knative.apiserver.resource.${change}`,
      "ce-subject": `/apis/${apiVersion}/namespaces/${NAMESPACE}/${kind.toLowerCase()}s/${named.name}`,
      "ce-time": "2026-01-01T00:00:00.123456789Z",
      "ce-kind": kind,
      "ce-apiversion": apiVersion,
      "ce-name": named.name,
      "ce-namespace": NAMESPACE,
    },
    body: JSON.stringify(object),
  };
};

/** Announces the first pod of the group. */
export const podEvent: BenchEvent = eventOf("add", pod(0));

const readSample = (): { headers: Readonly<Record<string, string>>; body: Readonly<Record<string, unknown>> } =>
  JSON.parse(readFileSync(new URL("../events/samples/pod-update.json", import.meta.url), "utf8"));

/** What the real adapter posted for a pod of a StatefulSet, here in a namespace without locks. */
export const strangerEvent = (): BenchEvent => {
  const { headers, body } = readSample();
  const namespace = "elsewhere";
  return {
    headers: { ...headers, "ce-namespace": namespace },
    body: JSON.stringify({ ...body, metadata: { ...(body["metadata"] as object), namespace } }),
  };
};
