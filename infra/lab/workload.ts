/** What every scene is made of: the kinds whose changes are streamed, a StatefulSet whose pods nobody really runs, the lock on it. */
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { MANAGER, MANAGER_LABEL } from "../../functions/standby/route/names.ts";
import type { WatchedResource } from "./adapters.ts";

/** What the shipped ApiServerSources stream. */
export const WATCHED: readonly WatchedResource[] = [
  { group: "", version: "v1", plural: "pods" },
  { group: "", version: "v1", plural: "services" },
  { group: "apps", version: "v1", plural: "statefulsets" },
  { group: "app.anukkrit.me", version: "v1", plural: "statefulsetlocks" },
  { group: "node-role.bb-noti.io", version: "v1", plural: "leaderstatuscheckers" },
  { group: "discovery.k8s.io", version: "v1", plural: "endpointslices", selector: `${MANAGER_LABEL}=${MANAGER}` },
];

export interface StatefulSetShape {
  readonly name: string;
  readonly replicas: number;
  /** Selector and pod labels; default `app: <name>`. */
  readonly labels?: Readonly<Record<string, string>>;
}

export const statefulSetManifest = ({ name, replicas, labels = { app: name } }: StatefulSetShape): unknown => ({
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  metadata: { name },
  spec: {
    replicas,
    serviceName: name,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: "main", image: "example.invalid/main" }] } },
  },
});

export interface LockShape {
  readonly name: string;
  readonly statefulSetName: string;
  /** Default: the lock's name. */
  readonly leaseName?: string;
  /** Default 30. */
  readonly leaseDurationSeconds?: number;
}

export const lockManifest = (options: LockShape): unknown => {
  const { name, statefulSetName, leaseName = name, leaseDurationSeconds = 30 } = options;
  const spec = { statefulSetName, leaseName, leaseDurationSeconds };
  return { apiVersion: "app.anukkrit.me/v1", kind: "StatefulSetLock", metadata: { name }, spec };
};

/** Whether a pod's condition `Ready` is True. */
export const isReady = ({ status }: KubeObject): boolean => {
  const { conditions = [] } = (status ?? {}) as { conditions?: readonly { type: string; status: string }[] };
  return conditions.some((condition) => condition.type === "Ready" && condition.status === "True");
};
