/**
 * The hand-over as a pure step function: from what is observed and who shall lead to the next conditional writes
 * (design section 3). It has no memory: asked again with the answers of its writes put back, it ends at "settled".
 * Record before fence, every fence before the promotion; none of the steps may be left out or reordered.
 */
import { nextEpoch } from "./epoch.ts";
import type { Holder, PodView, RecordView } from "./model.ts";
import {
  enrolmentLabel,
  stampEpochAnnotation,
  stampRecordAnnotation,
  tokenAnnotation,
  type RoleNames,
} from "./names.ts";

/** Who shall lead: a pod by its uid, or nobody. */
export type Target = { readonly kind: "pod"; readonly uid: string } | { readonly kind: "nobody" };

export interface Observed<P extends PodView = PodView> {
  readonly names: RoleNames;
  readonly group: string;
  /** Read before the pods. */
  readonly record: RecordView | undefined;
  /** Members and enrolled pods, merged by uid. */
  readonly pods: readonly P[];
  /** Largest epoch known from elsewhere (the owner's status); 0: none. */
  readonly epochSeen: number;
  /** Milliseconds on the API server's clock. */
  readonly now: number;
}

/** A merge patch of one pod's labels and annotations, conditional on uid and resourceVersion; null removes. */
export interface PodChange<P extends PodView = PodView> {
  readonly pod: P;
  readonly labels: Readonly<Record<string, string | null>>;
  readonly annotations: Readonly<Record<string, string | null>>;
}

/** The record's next content, to be created or compared-and-swapped. */
export interface RecordChange {
  readonly previous: RecordView | undefined;
  readonly holder: Holder | undefined;
  readonly epoch: number;
  readonly leaseTransitions: number;
  /** The holder changes, so it acquires the Lease now. */
  readonly acquires: boolean;
}

export type Step<P extends PodView = PodView> =
  | { readonly kind: "enrol"; readonly changes: readonly PodChange<P>[] }
  | { readonly kind: "record"; readonly change: RecordChange }
  | { readonly kind: "fence"; readonly changes: readonly PodChange<P>[]; readonly epoch: number }
  | { readonly kind: "promote"; readonly change: PodChange<P>; readonly epoch: number }
  | { readonly kind: "settled" }
  /** The target is not an enrolled member of what was observed: read again. */
  | { readonly kind: "restart"; readonly reason: string };

export const stampOf = (names: RoleNames, record: { uid: string; epoch: number }): Record<string, string> => ({
  [stampEpochAnnotation(names.feature)]: String(record.epoch),
  [stampRecordAnnotation(names.feature)]: record.uid,
});

/** It was written under that epoch. */
export const hasStamp = (pod: PodView, record: { uid: string; epoch: number }): boolean =>
  pod.stamp?.epoch === record.epoch && pod.stamp.record === record.uid;

const followerRole = (names: RoleNames): Record<string, string | null> => ({ [names.roleLabel]: names.follower });

const isStamped = (record: RecordView | undefined): record is RecordView & { epoch: number } =>
  record?.epoch !== undefined;

/**
 * Our label, and the record's present stamp unless the pod carries a later one. Without a record a pod keeps the role that it
 * has, because it may be the one to adopt; under a record, whoever is not its holder follows.
 */
const enrolment = <P extends PodView>({ names, group, record }: Observed<P>, pod: P): PodChange<P> => {
  const enrols = { [enrolmentLabel(names.feature)]: group };
  const labels = pod.role === names.leader ? enrols : { ...enrols, ...followerRole(names) };
  if (!isStamped(record)) return { pod, labels, annotations: {} };
  const stamp = (pod.stamp?.epoch ?? 0) < record.epoch ? stampOf(names, record) : {};
  if (pod.uid === record.holder?.uid) return { pod, labels, annotations: stamp };
  const tokenless = { [tokenAnnotation(names.feature)]: null };
  return { pod, labels: { ...enrols, ...followerRole(names) }, annotations: { ...stamp, ...tokenless } };
};

/** One patch for each member that is not enrolled in the group yet. */
export const planEnrolment = <P extends PodView>(observed: Observed<P>): readonly PodChange<P>[] =>
  observed.pods.filter((pod) => pod.member && pod.group !== observed.group).map((pod) => enrolment(observed, pod));

/** Whoever promotes by that record finds the pod ahead of it. */
export const outrun = (pod: PodView, record: { uid: string; epoch: number }): boolean =>
  pod.stamp !== undefined &&
  (pod.stamp.epoch > record.epoch || (pod.stamp.epoch === record.epoch && pod.stamp.record !== record.uid));

const isSame = (one: Holder | undefined, other: Holder | undefined): boolean =>
  one?.uid === other?.uid && one?.name === other?.name;

/** As a leader, rightly or not. */
const isMarked = (names: RoleNames, pod: PodView): boolean => pod.role === names.leader || pod.token !== undefined;

/** The rule for new epochs: without it, instances would supersede each other for ever. */
const isOver = (
  record: RecordView & { epoch: number },
  holder: Holder | undefined,
  pods: readonly PodView[],
): boolean => !isSame(record.holder, holder) || pods.some((pod) => outrun(pod, record));

/** A holder without uid comes from an adopted Lease: it is the same one when its name is. */
const isAnother = (before: Holder | undefined, after: Holder | undefined): boolean => {
  if (before === undefined || after === undefined) return before !== after;
  return before.name !== after.name || (before.uid !== "" && before.uid !== after.uid);
};

const recordChange = (observed: Observed, holder: Holder | undefined): RecordChange => {
  const { record, pods, epochSeen, now } = observed;
  const seen = [epochSeen, record?.epoch ?? 0, ...pods.map((pod) => pod.stamp?.epoch ?? 0)];
  const changes = record !== undefined && isAnother(record.holder, holder);
  return {
    previous: record,
    holder,
    epoch: nextEpoch(seen, now),
    leaseTransitions: (record?.leaseTransitions ?? 0) + (changes ? 1 : 0),
    acquires: changes || record?.acquireTime === undefined,
  };
};

const isFenced = (names: RoleNames, pod: PodView, record: { uid: string; epoch: number }): boolean =>
  hasStamp(pod, record) && (pod.role ?? null) === names.follower && pod.token === undefined;

export const fencing = <P extends PodView>(
  names: RoleNames,
  pod: P,
  record: { uid: string; epoch: number },
): PodChange<P> => ({
  pod,
  labels: followerRole(names),
  annotations: { ...stampOf(names, record), [tokenAnnotation(names.feature)]: null },
});

const isPromoted = (names: RoleNames, pod: PodView, record: { uid: string; epoch: number }): boolean =>
  hasStamp(pod, record) && pod.role === names.leader && pod.token === String(record.epoch);

const promotion = <P extends PodView>(
  names: RoleNames,
  pod: P,
  record: { uid: string; epoch: number },
): PodChange<P> => ({
  pod,
  labels: { [names.roleLabel]: names.leader },
  annotations: { ...stampOf(names, record), [tokenAnnotation(names.feature)]: String(record.epoch) },
});

const planUnderRecord = <P extends PodView>(
  { names, group, pods }: Observed<P>,
  record: RecordView & { epoch: number },
  leader: P | undefined,
): Step<P> => {
  const unfenced = pods.filter(
    (pod) => pod.group === group && pod.uid !== leader?.uid && !isFenced(names, pod, record),
  );
  if (unfenced.length > 0) {
    return { kind: "fence", changes: unfenced.map((pod) => fencing(names, pod, record)), epoch: record.epoch };
  }
  return leader === undefined || isPromoted(names, leader, record)
    ? { kind: "settled" }
    : { kind: "promote", change: promotion(names, leader, record), epoch: record.epoch };
};

/**
 * While nobody can lead nothing is handed over; but a pod that is not the record's holder and has the leader's role or a token
 * was given it by somebody else, and is fenced under the present epoch.
 */
export const planRepair = <P extends PodView>({ names, group, record, pods }: Observed<P>): readonly PodChange<P>[] =>
  isStamped(record)
    ? pods
        .filter((pod) => pod.group === group && pod.uid !== record.holder?.uid && !outrun(pod, record))
        .filter((pod) => isMarked(names, pod))
        .map((pod) => fencing(names, pod, record))
    : [];

/** Nobody ever led under a record that is still there, no pod looks as if it did, and none has left. */
const isLeaderless = ({ names, group, record, pods }: Observed): boolean =>
  record === undefined && !pods.some((pod) => pod.group === group && (!pod.member || isMarked(names, pod)));

/**
 * The next writes on the way to `target`; apply them, put the answers back into `observed`, and ask again. Where nobody shall lead, a
 * record is made only to take the lead from a pod under it, or for one that has left and is to be fenced.
 */
export const plan = <P extends PodView>(observed: Observed<P>, target: Target): Step<P> => {
  const changes = planEnrolment(observed);
  if (changes.length > 0) return { kind: "enrol", changes };
  const { record, pods, group } = observed;
  const isLeader = (pod: P): boolean => target.kind === "pod" && pod.uid === target.uid;
  const leader = pods.find((pod) => pod.member && pod.group === group && isLeader(pod));
  if (target.kind === "pod" && leader === undefined) {
    return { kind: "restart", reason: "the target is not an enrolled member" };
  }
  const holder = leader === undefined ? undefined : { name: leader.name, uid: leader.uid };
  if (holder === undefined && isLeaderless(observed)) return { kind: "settled" };
  return isStamped(record) && !isOver(record, holder, pods)
    ? planUnderRecord(observed, record, leader)
    : { kind: "record", change: recordChange(observed, holder) };
};
