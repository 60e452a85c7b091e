/** State as the operator that this function replaces leaves it, and the name under which it writes. */
import { FINALIZER, ROLES } from "../../../functions/election/labels.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { microTime, secondTime } from "../../../functions/kit/kube/micro-time.ts";
import { succeed } from "../../../infra/lab/api.ts";
import type { Lab } from "../../../infra/lab/lab.ts";
import { createLock, createNamespace, createStatefulSet } from "./fixture.ts";
import { leasesPath, lockPath, patch, podPath, podsReady } from "./objects.ts";

/** As it appears in `metadata.managedFields`. */
export const OLD_OPERATOR = "sts-leader-elect-operator";
const LEASE_SECONDS = 30;

/** A Lease with `spec`, written by `manager`. */
export const createLease = (
  lab: Lab,
  {
    namespace,
    name,
    spec,
    manager = OLD_OPERATOR,
  }: { namespace: string; name: string; spec: unknown; manager?: string },
): Promise<KubeObject> => {
  const body = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name }, spec };
  return succeed(lab.api, "POST", `${leasesPath(namespace)}?fieldManager=${manager}`, { body });
};

export interface OldState {
  readonly namespace: string;
  /** The pod that carries the writer label; undefined: no pod is labelled. */
  readonly writer: string | undefined;
  /** `holderIdentity`; undefined: there is no Lease. */
  readonly holder: string | undefined;
  /** How long ago the Lease was renewed, in seconds. */
  readonly renewedAgoSeconds: number;
}

const labelPods = (lab: Lab, namespace: string, writer: string): Promise<unknown> =>
  Promise.all(
    ["db-0", "db-1", "db-2"].map((name) => {
      const role = name === writer ? ROLES.leader : ROLES.follower;
      return patch(lab, podPath(namespace, name), { metadata: { labels: { [ROLES.roleLabel]: role } } }, OLD_OPERATOR);
    }),
  );

/** The namespace with StatefulSet `db` of three Ready pods, its lock `db` and its Lease `db`. */
export const createOldState = async (lab: Lab, state: OldState): Promise<void> => {
  const { namespace, writer, holder, renewedAgoSeconds } = state;
  await createNamespace(lab, namespace);
  await createStatefulSet(lab, { name: "db", namespace, replicas: 3 });
  await podsReady(lab, namespace, 3);
  await createLock(lab, { name: "db", namespace, statefulSetName: "db", leaseDurationSeconds: LEASE_SECONDS });
  await patch(lab, lockPath(namespace, "db"), { metadata: { finalizers: [FINALIZER] } }, OLD_OPERATOR);
  const now = Date.now();
  const at = (type: string): unknown => ({
    type,
    status: "True",
    reason: type === "Available" ? "Available" : "Reconciling",
    message: type === "Available" ? "StatefulSetLock is ready" : "Reconciling StatefulSetLock",
    lastTransitionTime: secondTime(now),
  });
  const status = { writerPod: writer ?? "", observedGeneration: 1, conditions: [at("Available"), at("Progressing")] };
  await patch(lab, `${lockPath(namespace, "db")}/status`, { status }, OLD_OPERATOR);
  if (writer !== undefined) await labelPods(lab, namespace, writer);
  if (holder === undefined) return;
  const renewTime = microTime(now - renewedAgoSeconds * 1000);
  const spec = { holderIdentity: holder, leaseDurationSeconds: LEASE_SECONDS, renewTime };
  await createLease(lab, { namespace, name: "db", spec });
};
