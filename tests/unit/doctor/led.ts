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

/** A container whose probe notices what the words say; none: no probe. */
export const probed = (probe?: object): object => ({
  name: "main",
  image: "example.invalid/main",
  ...(probe !== undefined && { readinessProbe: { exec: { command: ["true"] }, ...probe } }),
});

const CONTAINERS = [probed({ periodSeconds: 2, failureThreshold: 3 })];

const setOf = (name: string): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  metadata: metadataOf(name),
  spec: {
    serviceName: name,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: CONTAINERS } },
  },
});

export const leaderPod = (name: string, feature: string, owner?: string): KubeObject => ({
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
  spec: { selector, ports: [{ port: 80 }] },
});

/** Of locks and checkers. */
export const condition = (type: string, status: string, reason: string, message = ""): object => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: "2026-01-01T00:00:00Z",
});

const LED_STATUS = {
  observedGeneration: 1,
  conditions: [condition("Available", "True", "Available"), condition("Progressing", "False", "Settled")],
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

export const endpoint = (ready: boolean): object => ({ addresses: ["10.0.0.1"], conditions: { ready } });

const slice = {
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: metadataOf("store-routed-bellwether-ipv4", {
    "endpointslice.kubernetes.io/managed-by": "bellwether.dev",
    "kubernetes.io/service-name": "store-routed",
  }),
  addressType: "IPv4",
  endpoints: [endpoint(true)],
  ports: [],
};

const MODE = { "qoqo.dev/service-mode": "active-standby" };

/** What others refer to by its uid comes before these. */
export const ledObjects = (now: number): readonly KubeObject[] => [
  setOf("db"),
  lock,
  leaderPod("db-0", "election", "db"),
  recordOf("db-lease", "election", { holder: "db-0", now }),
  serviceOf("db-writer", { app: "db", "sts-role": "writer" }),
  serviceOf("db-readers", { app: "db", "sts-role": "reader" }),
  setOf("queue"),
  checker,
  leaderPod("queue-0", "roles", "queue"),
  recordOf("queue-lease", "roles", { holder: "queue-0", now }),
  serviceOf("queue-leader", { app: "queue", "node-role": "leader" }),
  serviceOf("store", { app: "store", "qoqo.dev/pod-designation": "active" }, MODE),
  leaderPod("store-0", "standby"),
  recordOf("store-lease", "standby", { holder: "store-0", now }),
  serviceOf(
    "store-routed",
    { app: "store", "bellwether.dev/routed": "slice" },
    { ...MODE, "bellwether.dev/route": "slice" },
  ),
  slice,
];

/** A lock in a namespace that is not served. Without conditions nobody has looked at it. */
export const stray = (...conditions: readonly object[]): Readonly<Record<string, KubeObject>> => ({
  "StatefulSetLock stray": {
    ...lock,
    metadata: { ...metadataOf("stray"), namespace: "other" },
    status: conditions.length === 0 ? undefined : { conditions },
  },
});
