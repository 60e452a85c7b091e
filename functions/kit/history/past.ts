/** One past state of a pod or a Lease, with all that the invariants ask of it, read once. */
import { viewPod, viewRecord, type PodView, type RecordView } from "../handover/model.ts";
import {
  FEATURE_LABEL,
  GROUP_LABEL,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  OWNER_ANNOTATION,
  stampEpochAnnotation,
  tokenAnnotation,
  type RoleNames,
} from "../handover/names.ts";
import { ownerOfText } from "../handover/record.ts";
import type { KubeObject, OwnerReference } from "../kube/object.ts";
import { isOurField } from "./authors.ts";

/**
 * What makes a group of pods that are not enrolled: their StatefulSet, or whatever else controls them; or that they are
 * in one namespace, for an observer who watches no others than those of the group; or nothing, where owners say nothing of groups.
 */
export type Grouping = "owner" | "namespace" | "enrolment";

export interface PastPod extends PodView {
  readonly raw: KubeObject;
  /** `<namespace>/<group>`: by the enrolment label, or else as the grouping says; undefined: in no group. */
  readonly team: string | undefined;
  /** The team as a person knows it: `<namespace>/<name of the owner>`. */
  readonly teamName: string | undefined;
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
  /** uid of the object on whose behalf it was written last; undefined: it does not say. */
  readonly ownerUid: string | undefined;
  /** Holder and epoch as one text. */
  readonly assignment: string;
}

/** How states are read. */
export interface Reading {
  readonly roles: RoleNames;
  readonly grouping: Grouping;
}

const within = (namespace: string, group: string | undefined): string | undefined =>
  group === undefined ? undefined : `${namespace}/${group}`;

/** KubeBlocks, for one, controls its pods by a kind of its own. */
const ownerOf = ({ metadata: { ownerReferences = [] } }: KubeObject): OwnerReference | undefined =>
  ownerReferences.find(({ kind }) => kind === "StatefulSet") ?? ownerReferences.find(({ controller }) => controller);

const SELECTED = { uid: "selected", name: "selected pods" };

/** `now`: milliseconds since 1970 at that time; infinite when unknown, then no epoch is too far ahead. */
export const pastPod = (raw: KubeObject, { roles, grouping }: Reading, now: number): PastPod => {
  const view = viewPod(raw, roles, { member: false, now });
  const { namespace, group, role, stamp, token } = view;
  const unit = grouping === "namespace" ? SELECTED : ownerOf(raw);
  return {
    ...view,
    raw,
    team: within(namespace, group ?? (grouping === "enrolment" ? undefined : unit?.uid)),
    teamName: within(namespace, unit?.name ?? group),
    leads: role === roles.leader,
    isRoleOurs: isOurField(raw, ["metadata", "labels", roles.roleLabel]),
    isStampOurs: isOurField(raw, ["metadata", "annotations", stampEpochAnnotation(roles.feature)]),
    isTokenOurs: token !== undefined && isOurField(raw, ["metadata", "annotations", tokenAnnotation(roles.feature)]),
    imprint: JSON.stringify([role, stamp, token]),
  };
};

export const pastLease = (raw: KubeObject, { roles: { feature } }: Reading, now: number): PastLease => {
  const view = viewRecord(raw, now);
  const labels = raw.metadata.labels ?? {};
  const isRecord = labels[MANAGED_BY_LABEL] === MANAGED_BY && labels[FEATURE_LABEL] === feature;
  return {
    ...view,
    raw,
    team: isRecord ? within(view.namespace, labels[GROUP_LABEL]) : undefined,
    ownerUid: ownerOfText(raw.metadata.annotations?.[OWNER_ANNOTATION])?.uid,
    assignment: JSON.stringify([view.holder, view.epoch]),
  };
};
