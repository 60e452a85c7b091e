/** The record of a group is a Lease: what makes one ours, adoptable or foreign, and the writes that change it. */
import type { KubeObject } from "../kube/object.ts";
import { microTime } from "../kube/micro-time.ts";
import { apiVersionOf, createRequest, deleteRequest, LEASES, patchRequest, type KubeRequest } from "../kube/request.ts";
import { viewRecord, type LeaseSpec, type RecordView } from "./model.ts";
import {
  EPOCH_ANNOTATION,
  FEATURE_LABEL,
  GROUP_LABEL,
  HOLDER_UID_ANNOTATION,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  OWNER_ANNOTATION,
} from "./names.ts";
import type { RecordChange } from "./plan.ts";

/** The object on whose behalf a group is served. */
export interface RecordOwner {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** What is constant about a group's record. */
export interface RecordSpec {
  readonly name: string;
  readonly namespace: string;
  readonly feature: string;
  readonly group: string;
  readonly owner: RecordOwner;
  readonly leaseDurationSeconds: number;
}

export type RecordReading =
  | { readonly kind: "none" }
  /** Carries our labels. `owner` undefined: the annotation is missing or unreadable. */
  | {
      readonly kind: "ours";
      readonly record: RecordView;
      readonly group: string;
      readonly owner: RecordOwner | undefined;
    }
  /** Without our labels, but only a holder (empty or named like a member): what the replaced operator writes. */
  | { readonly kind: "adoptable"; readonly record: RecordView }
  | { readonly kind: "foreign"; readonly record: RecordView };

export const ownerText = (owner: RecordOwner): string => `${owner.namespace}/${owner.name}/${owner.uid}`;

/** Undefined: not as `ownerText` writes it. */
export const ownerOfText = (text: string | undefined): RecordOwner | undefined => {
  const [namespace, name, uid] = (text ?? "").split("/");
  return namespace && name && uid ? { namespace, name, uid } : undefined;
};

const isAdoptable = (spec: LeaseSpec, isMemberName: (name: string) => boolean): boolean => {
  const holder = spec.holderIdentity ?? "";
  const untouched = spec.acquireTime === undefined && (spec.leaseTransitions ?? 0) === 0;
  return untouched && (holder === "" || isMemberName(holder));
};

/** Judges a Lease found under the record's name (design section 3, adoption). */
export const readRecord = (
  lease: KubeObject | undefined,
  { feature, now, isMemberName }: { feature: string; now: number; isMemberName: (name: string) => boolean },
): RecordReading => {
  if (lease === undefined) return { kind: "none" };
  const record = viewRecord(lease, now);
  const labels = lease.metadata.labels ?? {};
  const group = labels[GROUP_LABEL];
  if (labels[MANAGED_BY_LABEL] === MANAGED_BY && labels[FEATURE_LABEL] === feature && group !== undefined) {
    return { kind: "ours", record, group, owner: ownerOfText(lease.metadata.annotations?.[OWNER_ANNOTATION]) };
  }
  const adoptable = isAdoptable(lease.spec ?? {}, isMemberName);
  return { kind: adoptable ? "adoptable" : "foreign", record };
};

/** The selector that finds the records of a feature, or of one group of it. */
export const recordSelector = (feature: string, group?: string): string =>
  `${MANAGED_BY_LABEL}=${MANAGED_BY},${FEATURE_LABEL}=${feature}${group === undefined ? "" : `,${GROUP_LABEL}=${group}`}`;

/** Creation, or compare-and-swap by uid and resourceVersion; adds whatever an adopted Lease lacks. */
export const recordRequest = (spec: RecordSpec, change: RecordChange, now: number): KubeRequest => {
  const metadata = {
    labels: { [MANAGED_BY_LABEL]: MANAGED_BY, [FEATURE_LABEL]: spec.feature, [GROUP_LABEL]: spec.group },
    annotations: {
      [OWNER_ANNOTATION]: ownerText(spec.owner),
      [HOLDER_UID_ANNOTATION]: change.holder?.uid ?? "",
      [EPOCH_ANNOTATION]: String(change.epoch),
    },
  };
  const leaseSpec = {
    holderIdentity: change.holder?.name ?? "",
    leaseDurationSeconds: spec.leaseDurationSeconds,
    leaseTransitions: change.leaseTransitions,
    renewTime: microTime(now),
    ...(change.acquires ? { acquireTime: microTime(now) } : {}),
  };
  if (change.previous === undefined) {
    const identity = { apiVersion: apiVersionOf(LEASES), kind: LEASES.kind };
    const named = { ...metadata, name: spec.name, namespace: spec.namespace };
    return createRequest(LEASES, spec.namespace, { ...identity, metadata: named, spec: leaseSpec });
  }
  return patchRequest(LEASES, { namespace: spec.namespace, on: change.previous }, { metadata, spec: leaseSpec });
};

/**
 * True once per half duration: half of it has passed since the last renewal, the duration itself was edited, or the time is
 * unusable (absent, or further ahead of the server's clock than the Lease is long).
 */
export const isRenewalDue = (record: RecordView, leaseDurationSeconds: number, now: number): boolean => {
  if (record.renewTime === undefined || record.leaseDurationSeconds !== leaseDurationSeconds) return true;
  const age = now - record.renewTime;
  return age >= leaseDurationSeconds * 500 || age < -leaseDurationSeconds * 1000;
};

/** The Lease as it was read does not name its owner: it was made for one that is gone. */
export const isInherited = (lease: KubeObject | undefined, owner: RecordOwner): boolean =>
  lease?.metadata.annotations?.[OWNER_ANNOTATION] !== ownerText(owner);

/** A new time; and the owner, because a record may outlive the object that it was made for. */
export const renewalRequest = (
  record: RecordView,
  { owner, leaseDurationSeconds }: Pick<RecordSpec, "owner" | "leaseDurationSeconds">,
  now: number,
): KubeRequest =>
  patchRequest(
    LEASES,
    { namespace: record.namespace, on: record },
    {
      metadata: { annotations: { [OWNER_ANNOTATION]: ownerText(owner) } },
      spec: { renewTime: microTime(now), leaseDurationSeconds },
    },
  );

export const recordDeletion = (record: RecordView): KubeRequest => deleteRequest(LEASES, record.namespace, record);
