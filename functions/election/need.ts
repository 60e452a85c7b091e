/**
 * What a sweep makes of one lock from what it has read in bulk: nothing to do, a renewal, or a run. It decides with the same
 * functions as a run, and calls a group at rest only if a run would write nothing but a renewal.
 */
import { hasFinalizer } from "../kit/finalizers.ts";
import { contestFindings } from "../kit/handover/contest.ts";
import type { RecordView } from "../kit/handover/model.ts";
import { plan } from "../kit/handover/plan.ts";
import { isInherited, isRenewalDue, readRecord, type RecordReading } from "../kit/handover/record.ts";
import type { KubeObject } from "../kit/kube/object.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import { memberNamePattern, viewSet, type SetView } from "../kit/pods/stateful-set.ts";
import { admit, elect } from "./decide.ts";
import { FINALIZER, ROLES } from "./labels.ts";
import { ownerOf, viewElectionPod, type LockView } from "./model.ts";
import { findingsOf, isSameStatus, statusOf, type PassResult } from "./report.ts";

export type Need =
  | { readonly kind: "nothing" }
  | { readonly kind: "run" }
  | { readonly kind: "renew"; readonly lock: LockView; readonly record: RecordView };

export interface SweptLock {
  readonly lock: LockView;
  /** All locks of the namespace. */
  readonly locks: readonly LockView[];
  readonly set: KubeObject | undefined;
  readonly lease: KubeObject | undefined;
  /** Enrolled in the set's group. */
  readonly pods: readonly KubeObject[];
}

export interface SweepTime {
  /** Milliseconds on the API server's clock. */
  readonly now: number;
  readonly tickSeconds: number;
}

const RUN: Need = { kind: "run" };

/** Everything is labelled, enrolled, claimed and counted as a run would leave it. */
const isComplete = (lock: LockView, set: SetView, pods: readonly Candidate[]): boolean =>
  pods.filter(({ member }) => member).length === set.existing &&
  hasFinalizer(lock.metadata, FINALIZER) &&
  lock.switchoverTo === undefined;

/** What a run would report, if it would write nothing before that; undefined when it would write. */
const restingResult = (
  { lock, lease }: SweptLock,
  { set, record, pods }: { set: SetView; record: RecordView; pods: readonly Candidate[] },
  now: number,
): PassResult | undefined => {
  const election = elect({ lock, set, record, pods });
  if (election.kind !== "lead" || record.epoch === undefined) return undefined;
  const observed = { names: ROLES, group: set.uid, record, pods, epochSeen: lock.status.epoch ?? 0, now };
  if (plan(observed, { kind: "pod", uid: election.target.uid }).kind !== "settled") return undefined;
  const contested = contestFindings({ names: ROLES, record, lease, pods });
  const findings = [...election.findings, ...contested];
  return { kind: "settled", writer: election.target.name, epoch: record.epoch, findings };
};

/** The record that the lock may go on with; undefined when only a run can tell. */
const ownRecord = (swept: SweptLock, set: SetView | undefined, reading: RecordReading): RecordView | undefined => {
  const { lock, locks } = swept;
  const admission = admit({ lock, locks, set, reading });
  return admission.kind === "serve" && reading.kind === "ours" ? admission.record : undefined;
};

const isDue = ({ lock, lease }: SweptLock, record: RecordView, now: number): boolean =>
  isInherited(lease, ownerOf(lock)) || isRenewalDue(record, lock.leaseDurationSeconds, now);

export const needOf = (swept: SweptLock, { now, tickSeconds }: SweepTime): Need => {
  const { lock, lease } = swept;
  const set = swept.set === undefined ? undefined : viewSet(swept.set);
  const isMemberName = memberNamePattern(lock.statefulSetName);
  const record = ownRecord(swept, set, readRecord(lease, { feature: ROLES.feature, now, isMemberName }));
  if (set === undefined || record === undefined) return RUN;
  const pods = swept.pods.map((pod) => viewElectionPod(pod, set, now));
  if (!isComplete(lock, set, pods)) return RUN;
  const result = restingResult(swept, { set, record, pods }, now);
  if (result === undefined) return RUN;
  const findings = findingsOf(lock, result, tickSeconds);
  if (!isSameStatus(statusOf(lock, result, { findings, now }), lock.status)) return RUN;
  return isDue(swept, record, now) ? { kind: "renew", lock, record } : { kind: "nothing" };
};
