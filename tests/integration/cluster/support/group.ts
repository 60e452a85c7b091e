/** A StatefulSet of real pods with a lock on it, in a namespace of its own. */
import { LOCKS, ROLES } from "../../../../functions/election/labels.ts";
import { tokenAnnotation } from "../../../../functions/kit/handover/names.ts";
import type { Revision } from "../../../../functions/kit/history/revision.ts";
import type { KubeObject } from "../../../../functions/kit/kube/object.ts";
import { succeed } from "../../../../infra/lab/api.ts";
import type { GroupState, LockName } from "../../../../infra/lab/group.ts";
import { applyManifest } from "../../../../infra/lab/manifests.ts";
import type { ClusterNode } from "../../../../infra/lab/node/cluster-node.ts";
import { poll } from "../../../../infra/lab/poll.ts";
import { removeIfThere } from "./clean-up.ts";
import { until } from "./evidence.ts";
import { APPLICATION_IMAGE } from "./images.ts";
import { removeNamespace } from "./namespaces.ts";

const labels = { app: "db" };
const port = 8080;
/** The shortest that the cold tier takes without a warning. */
const leaseDurationSeconds = 122;
const readyDeadlineMs = 120_000;
/** Of a lock, which the function has to let go: a tick, if need be the next one, and what it wakes. */
const endDeadlineMs = 150_000;
const pollMs = 100;

const container = {
  name: "db",
  image: APPLICATION_IMAGE,
  ports: [{ name: "db", containerPort: port }],
  readinessProbe: {
    httpGet: { port: "db", path: "/" },
    // A restarted container must not be Ready again before its failure was noticed from zero, also where a cold start takes several seconds.
    initialDelaySeconds: 10,
    periodSeconds: 1,
    timeoutSeconds: 1,
    failureThreshold: 1,
  },
  volumeMounts: [{ name: "podinfo", mountPath: "/podinfo", readOnly: true }],
};

/** Role and token, as the README tells applications to read them. */
const podinfo = {
  name: "podinfo",
  downwardAPI: {
    items: [
      { path: "role", fieldRef: { fieldPath: `metadata.labels['${ROLES.roleLabel}']` } },
      { path: "token", fieldRef: { fieldPath: `metadata.annotations['${tokenAnnotation(ROLES.feature)}']` } },
    ],
  },
};

/** Fields of the pods' only container that shall be other ones. */
export type ContainerFields = Readonly<Record<string, unknown>>;

const statefulSet = (namespace: string, fields: ContainerFields): Parameters<typeof applyManifest>[1] => ({
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  metadata: { name: "db", namespace },
  spec: {
    serviceName: "db",
    replicas: 3,
    podManagementPolicy: "Parallel",
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        terminationGracePeriodSeconds: 10,
        containers: [{ ...container, ...fields }],
        volumes: [podinfo],
      },
    },
  },
});

const lockIn = (namespace: string): LockName => ({ namespace, name: "db", leaseName: "db-writer" });

/** Resolves once all pods are Ready. */
export const createGroup = async (
  node: ClusterNode,
  namespace: string,
  fields: ContainerFields = {},
): Promise<LockName> => {
  const { api } = node;
  await applyManifest(api, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await applyManifest(api, statefulSet(namespace, fields));
  await podsReady(node, namespace);
  const { name, leaseName } = lockIn(namespace);
  await applyManifest(api, {
    apiVersion: "app.anukkrit.me/v1",
    kind: "StatefulSetLock",
    metadata: { name, namespace },
    spec: { statefulSetName: "db", leaseName, leaseDurationSeconds },
  });
  return { namespace, name, leaseName };
};

interface Pods {
  readonly items: readonly (KubeObject & {
    readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  })[];
}

/** Resolves once there are three Ready pods that do not end. The StatefulSet's own count would lag behind a deletion. */
export const podsReady = ({ api }: ClusterNode, namespace: string): Promise<true> =>
  poll(
    async () => {
      const { items } = await succeed<Pods>(api, "GET", `/api/v1/namespaces/${namespace}/pods`);
      const ready = items.filter(
        ({ metadata, status: { conditions = [] } }) =>
          metadata.deletionTimestamp === undefined &&
          conditions.some(({ type, status }) => type === "Ready" && status === "True"),
      );
      return ready.length === 3 ? true : undefined;
    },
    { what: `three Ready pods in ${namespace}`, everyMs: pollMs, deadlineMs: readyDeadlineMs },
  );

/**
 * Whatever `createGroup` has made, or begun to make; the namespace still ends when this resolves. The function must still be there: the
 * lock's finalizer is its business. @throws when the lock is not gone within two and a half minutes.
 */
export const removeGroup = async (node: ClusterNode, namespace: string): Promise<void> => {
  const { api } = node;
  const { name } = lockIn(namespace);
  const path = `/apis/${LOCKS.group}/${LOCKS.version}/namespaces/${namespace}/${LOCKS.plural}/${name}`;
  const isGone = async (): Promise<boolean> => (await api.call("GET", path)).status === 404;
  try {
    await removeIfThere(api, path);
    const what = `the end of lock ${namespace}/${name}`;
    await until(node, isGone, { what, everyMs: pollMs, deadlineMs: endDeadlineMs });
  } finally {
    await removeNamespace(node, namespace);
  }
};

/** The fencing token. */
export const tokenOf = ({ record }: GroupState): number => record?.epoch ?? Number.NaN;

/** The first state of another pod than that one with the writer's label that was seen after `sinceMs`. */
export const nextWriter = (revisions: readonly Revision[], oldUid: string, sinceMs: number): Revision | undefined =>
  revisions.find(
    ({ type, object, observedAt }) =>
      type !== "DELETED" &&
      (observedAt ?? 0) >= sinceMs &&
      object.metadata.uid !== oldUid &&
      object.metadata.labels?.[ROLES.roleLabel] === ROLES.leader,
  );
