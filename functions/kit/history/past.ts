/** One past state of a pod or a Lease, with all that the invariants ask of it, read once. */
import { viewPod, viewRecord, type PodView, type RecordView } from "../handover/model.ts";
import {
  FEATURE_LABEL,
  GROUP_LABEL,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  stampEpochAnnotation,
  tokenAnnotation,
  type RoleNames,
} from "../handover/names.ts";
import type { KubeObject } from "../kube/object.ts";
import { isOurField } from "./authors.ts";

export interface PastPod extends PodView {
  readonly raw: KubeObject;
  /** `<namespace>/<group>`: by the enrolment label, or else the uid of the owning StatefulSet; undefined: neither. */
  readonly team: string | undefined;
  /** Carries the leader role, whoever wrote it. */
  readonly leads: boolean;
  readonly isRoleOurs: boolean;
  readonly isStampOurs: boolean;
  /** False without a token. */
  readonly isTokenOurs: boolean;
  /** Role, stamp and token as one text: it changes when any of them does. */
  readonly imprint: string;
}

export interface PastLease extends RecordView {
  readonly raw: KubeObject;
  /** `<namespace>/<group>`; undefined: not a record of this feature. */
  readonly team: string | undefined;
  /** Holder and epoch as one text. */
  readonly assignment: string;
}

const teamName = (namespace: string, group: string | undefined): string | undefined =>
  group === undefined ? undefined : `${namespace}/${group}`;

const ownerUid = ({ metadata }: KubeObject): string | undefined =>
  metadata.ownerReferences?.find(({ kind }) => kind === "StatefulSet")?.uid;

/** `now`: milliseconds since 1970 at that time; infinite when unknown, then no epoch is too far ahead. */
export const pastPod = (raw: KubeObject, roles: RoleNames, now: number): PastPod => {
  const view = viewPod(raw, roles, { member: false, now });
  const { namespace, group, role, stamp, token } = view;
  return {
    ...view,
    raw,
    team: teamName(namespace, group ?? ownerUid(raw)),
    leads: role === roles.leader,
    isRoleOurs: isOurField(raw, ["metadata", "labels", roles.roleLabel]),
    isStampOurs: isOurField(raw, ["metadata", "annotations", stampEpochAnnotation(roles.feature)]),
    isTokenOurs: token !== undefined && isOurField(raw, ["metadata", "annotations", tokenAnnotation(roles.feature)]),
    imprint: JSON.stringify([role, stamp, token]),
  };
};

export const pastLease = (raw: KubeObject, { feature }: RoleNames, now: number): PastLease => {
  const view = viewRecord(raw, now);
  const labels = raw.metadata.labels ?? {};
  const isRecord = labels[MANAGED_BY_LABEL] === MANAGED_BY && labels[FEATURE_LABEL] === feature;
  return {
    ...view,
    raw,
    team: isRecord ? teamName(view.namespace, labels[GROUP_LABEL]) : undefined,
    assignment: JSON.stringify([view.holder, view.epoch]),
  };
};
