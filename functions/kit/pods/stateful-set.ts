/** A StatefulSet whose pods are a group: what is read of it, and which pods are its. */
import type { KubeObject } from "../kube/object.ts";
import { selects, type LabelSelector } from "../selector.ts";

export interface SetView {
  readonly name: string;
  /** Also the group. */
  readonly uid: string;
  /** On its way out: it gives its pods up one by one, or takes them with it. */
  readonly deleting: boolean;
  readonly replicas: number;
  /** The ordinal of the first replica. */
  readonly firstOrdinal: number;
  /** Pods that the StatefulSet controller counts. */
  readonly existing: number;
  readonly selector: LabelSelector;
  /** The governing Service, under which pods have DNS names; empty: they have none. */
  readonly serviceName: string;
}

export const viewSet = (set: KubeObject): SetView => {
  const spec = (set.spec ?? {}) as {
    replicas?: number;
    ordinals?: { start?: number };
    selector?: LabelSelector;
    serviceName?: string;
  };
  const status = (set.status ?? {}) as { replicas?: number };
  return {
    name: set.metadata.name,
    uid: set.metadata.uid,
    deleting: set.metadata.deletionTimestamp !== undefined,
    replicas: spec.replicas ?? 1,
    firstOrdinal: spec.ordinals?.start ?? 0,
    existing: status.replicas ?? 0,
    selector: spec.selector ?? {},
    serviceName: spec.serviceName ?? "",
  };
};

/** Selected and owned: another set, or nobody, may own pods of the same labels. `set` undefined: no pod is a member. */
export const isMember = (pod: KubeObject, set: SetView | undefined): boolean =>
  set !== undefined &&
  selects(set.selector, pod.metadata.labels) &&
  (pod.metadata.ownerReferences ?? []).some(({ kind, uid }) => kind === "StatefulSet" && uid === set.uid);

export const memberNamePattern = (statefulSetName: string): ((name: string) => boolean) => {
  const prefix = `${statefulSetName}-`;
  return (name) => name.startsWith(prefix) && /^[0-9]+$/.test(name.slice(prefix.length));
};

/** The StatefulSet controller adopts what its selector finds, nobody owns, and has one of the set's names. */
export const isToBeAdopted = ({ metadata }: KubeObject, { name, selector }: SetView): boolean =>
  selects(selector, metadata.labels) &&
  memberNamePattern(name)(metadata.name) &&
  !(metadata.ownerReferences ?? []).some(({ controller }) => controller === true);
