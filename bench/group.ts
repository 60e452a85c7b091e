/** One StatefulSet of five Ready pods with a StatefulSetLock, and the event that announces its first pod. */

const NAMESPACE = "data";
const PODS = 5;
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

const pod = (index: number): object => ({
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
    podIP: `10.0.0.${index + 1}`,
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

/** The objects by their path on the API server. */
export const group: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  [`/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets/db`, statefulSet],
  [`/apis/app.anukkrit.me/v1/namespaces/${NAMESPACE}/statefulsetlocks/db`, lock],
  ...Array.from({ length: PODS }, (_, index): [string, unknown] => [
    `/api/v1/namespaces/${NAMESPACE}/pods/db-${index}`,
    pod(index),
  ]),
]);

/** As ApiServerSource posts it in Resource mode. */
export const podEvent: { readonly headers: Readonly<Record<string, string>>; readonly body: string } = {
  headers: {
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-id": "6a4d1f5e-8a52-4d65-9f5c-6d4b8f3f0001",
    "ce-source": "https://10.96.0.1:443",
    "ce-type": "dev.knative.apiserver.resource.add",
    "ce-subject": `/apis/v1/namespaces/${NAMESPACE}/pods/db-0`,
    "ce-time": "2026-01-01T00:00:00.123456789Z",
    "ce-kind": "Pod",
    "ce-apiversion": "v1",
    "ce-name": "db-0",
    "ce-namespace": NAMESPACE,
  },
  body: JSON.stringify(pod(0)),
};
