/**
 * What the memory API stores and announces: raw objects with typed metadata, and the revisions that they went through.
 */
import type { ManagedFieldsEntry, ObjectMeta } from "../../../functions/kit/kube/object.ts";
import type { Resource } from "../../../functions/kit/kube/request.ts";

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/ */
export interface Meta extends ObjectMeta {
  readonly generateName?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly managedFields?: readonly FieldsEntry[];
}

export interface FieldsEntry extends ManagedFieldsEntry {
  readonly manager: string;
  readonly operation: "Update";
  readonly apiVersion: string;
  readonly fieldsType: "FieldsV1";
}

/** Frozen: a change makes a new object that shares what stayed the same. */
export interface MemoryObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Meta;
  readonly [field: string]: unknown;
}

/** Who sent a request. */
export interface Writer {
  /** `manager` of the entry in `metadata.managedFields`. */
  readonly manager: string;
  readonly user: string;
}

/** One committed change of one object; revisions are totally ordered by `resourceVersion`. */
export interface Revision {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly resourceVersion: number;
  readonly resource: Resource;
  /** After the change; of a deleted object the last state, with the resourceVersion of the deletion. */
  readonly object: MemoryObject;
  readonly previous: MemoryObject | undefined;
  readonly writer: Writer;
}

/** `namespace/name`, or the name alone of a kind without namespaces: etcd's key, and so the order of lists. */
export const keyOf = (namespace: string | undefined, name: string): string =>
  namespace === undefined ? name : `${namespace}/${name}`;
