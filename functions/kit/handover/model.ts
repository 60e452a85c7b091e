/** What the hand-over sees of pods and of its record, read from raw objects. */
import type { KubeObject } from "../kube/object.ts";
import { parseEpoch } from "./epoch.ts";
import {
  EPOCH_ANNOTATION,
  enrolmentLabel,
  HOLDER_UID_ANNOTATION,
  stampEpochAnnotation,
  stampRecordAnnotation,
  tokenAnnotation,
  type RoleNames,
} from "./names.ts";

/** The epoch by which a pod was fenced or promoted, and the uid of the record that the epoch belongs to. */
export interface Stamp {
  readonly epoch: number;
  readonly record: string;
}

export interface PodView {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Selected by the group's selector and owned by its owner, now. */
  readonly member: boolean;
  /** Value of the enrolment label. */
  readonly group: string | undefined;
  readonly role: string | undefined;
  readonly stamp: Stamp | undefined;
  readonly token: string | undefined;
  /** A stamp is there but does not parse, or lies in the far future: ignored, and worth a report. */
  readonly tampered: boolean;
}

export interface Holder {
  readonly name: string;
  readonly uid: string;
}

export interface RecordView {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Undefined: nobody. */
  readonly holder: Holder | undefined;
  /** Undefined: none yet (an adopted Lease), or tampered with. */
  readonly epoch: number | undefined;
  /** An epoch is there but does not parse, or lies in the far future: ignored, and worth a report. */
  readonly tampered: boolean;
  readonly leaseTransitions: number;
  readonly leaseDurationSeconds: number | undefined;
  /** Milliseconds on the API server's clock; undefined when absent or unreadable. */
  readonly renewTime: number | undefined;
  readonly acquireTime: number | undefined;
}

/** `spec` of a Lease, https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/ */
export interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

const timeOf = (text: string | undefined): number | undefined => {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
};

/** Reads any pod; `member` is the caller's judgement, because only the feature knows its selector and owner. */
export const viewPod = (
  pod: KubeObject,
  names: RoleNames,
  { member, now }: { member: boolean; now: number },
): PodView => {
  const { metadata } = pod;
  const labels = metadata.labels ?? {};
  const annotations = metadata.annotations ?? {};
  const epochText = annotations[stampEpochAnnotation(names.feature)];
  const epoch = parseEpoch(epochText, now);
  const record = annotations[stampRecordAnnotation(names.feature)];
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    member,
    group: labels[enrolmentLabel(names.feature)],
    role: labels[names.roleLabel],
    // An epoch without its record counts as one of another record: it is never passed over.
    stamp: epoch === undefined ? undefined : { epoch, record: record ?? "" },
    token: annotations[tokenAnnotation(names.feature)],
    tampered: epochText !== undefined && epoch === undefined,
  };
};

const holderOf = (name: string | undefined, uid: string | undefined): Holder | undefined =>
  (name ?? "") === "" && (uid ?? "") === "" ? undefined : { name: name ?? "", uid: uid ?? "" };

export const viewRecord = (lease: KubeObject, now: number): RecordView => {
  const spec = (lease.spec ?? {}) as LeaseSpec;
  const annotations = lease.metadata.annotations ?? {};
  const epoch = parseEpoch(annotations[EPOCH_ANNOTATION], now);
  return {
    name: lease.metadata.name,
    namespace: lease.metadata.namespace ?? "",
    uid: lease.metadata.uid,
    resourceVersion: lease.metadata.resourceVersion,
    holder: holderOf(spec.holderIdentity, annotations[HOLDER_UID_ANNOTATION]),
    epoch,
    tampered: annotations[EPOCH_ANNOTATION] !== undefined && epoch === undefined,
    leaseTransitions: spec.leaseTransitions ?? 0,
    leaseDurationSeconds: spec.leaseDurationSeconds,
    renewTime: timeOf(spec.renewTime),
    acquireTime: timeOf(spec.acquireTime),
  };
};
