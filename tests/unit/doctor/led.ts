/** A StatefulSet under a lock, one under a checker, a Service in each mode; all of it led, in namespace `data`. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { microTime } from "../../../functions/kit/kube/micro-time.ts";

const NAMESPACE = "data";
/** Long enough for each tick that we ship. */
const LEASE_SECONDS = 240;

type Texts = Readonly<Record<string, string>>;

const metadataOf = (name: string, labels: Texts = {}, annotations: Texts = {}): KubeObject["metadata"] => ({
  name,
  namespace: NAMESPACE,
  uid: `uid-${name}`,
  resourceVersion: "1",
  generation: 1,
  labels,
  annotations,
});

const CONTAINERS = [{ name: "main", readinessProbe: { periodSeconds: 2, failureThreshold: 3 } }];

const setOf = (name: string): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  metadata: metadataOf(name),
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: CONTAINERS } },
  },
});

const leaderPod = (name: string, feature: string, owner?: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    ...metadataOf(name, { [`bellwether.dev/${feature}`]: "group" }),
    ...(owner !== undefined && {
      ownerReferences: [{ apiVersion: "apps/v1", kind: "StatefulSet", name: owner, uid: `uid-${owner}` }],
    }),
  },
  spec: { containers: CONTAINERS },
  status: { conditions: [{ type: "Ready", status: "True" }] },
});

const recordOf = (name: string, feature: string, { holder, now }: { holder: string; now: number }): KubeObject => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: metadataOf(
    name,
    { "app.kubernetes.io/managed-by": "bellwether", "bellwether.dev/feature": feature },
    { "bellwether.dev/holder-uid": `uid-${holder}` },
  ),
  spec: { holderIdentity: holder, leaseDurationSeconds: LEASE_SECONDS, renewTime: microTime(now - 60_000) },
});

const serviceOf = (name: string, selector: Texts, annotations: Texts = {}): KubeObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: metadataOf(name, {}, annotations),
  spec: { selector },
});

const LED_STATUS = {
  observedGeneration: 1,
  conditions: [
    { type: "Available", status: "True", reason: "Available", message: "" },
    { type: "Progressing", status: "False", reason: "Settled", message: "" },
  ],
};

const lock: KubeObject = {
  apiVersion: "app.anukkrit.me/v1",
  kind: "StatefulSetLock",
  metadata: metadataOf("db-lock"),
  spec: { statefulSetName: "db", leaseName: "db-lease", leaseDurationSeconds: LEASE_SECONDS },
  status: LED_STATUS,
};

const checker: KubeObject = {
  apiVersion: "node-role.bb-noti.io/v1",
  kind: "LeaderStatusChecker",
  metadata: metadataOf("queue-checker"),
  spec: { statefulSetName: "queue", namespace: NAMESPACE, rpcPort: 8000, localDev: false },
  status: LED_STATUS,
};

const slice = {
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: metadataOf("store-routed-bellwether-ipv4", {
    "endpointslice.kubernetes.io/managed-by": "bellwether.dev",
    "kubernetes.io/service-name": "store-routed",
  }),
  endpoints: [{ conditions: { ready: true } }],
};

const MODE = { "qoqo.dev/service-mode": "active-standby" };

export const ledObjects = (now: number): readonly KubeObject[] => [
  setOf("db"),
  lock,
  recordOf("db-lease", "election", { holder: "db-0", now }),
  leaderPod("db-0", "election", "db"),
  serviceOf("db-writer", { app: "db", "sts-role": "writer" }),
  serviceOf("db-readers", { app: "db", "sts-role": "reader" }),
  setOf("queue"),
  checker,
  recordOf("queue-lease", "roles", { holder: "queue-0", now }),
  leaderPod("queue-0", "roles", "queue"),
  serviceOf("queue-leader", { app: "queue", "node-role": "leader" }),
  serviceOf("store", { app: "store", "qoqo.dev/pod-designation": "active" }, MODE),
  recordOf("store-lease", "standby", { holder: "store-0", now }),
  leaderPod("store-0", "standby"),
  serviceOf(
    "store-routed",
    { app: "store", "bellwether.dev/routed": "slice" },
    { ...MODE, "bellwether.dev/route": "slice" },
  ),
  slice,
];
