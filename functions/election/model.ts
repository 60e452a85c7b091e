/** Locks and their pods as the election sees them; what a user wrote wrongly becomes a message, never a guess. */
import type { Condition } from "../kit/conditions.ts";
import { hasFinalizer } from "../kit/finalizers.ts";
import type { Claim } from "../kit/group/claim.ts";
import type { Subject } from "../kit/group/subject.ts";
import { parseEpoch } from "../kit/handover/epoch.ts";
import type { KubeObject, ObjectMeta } from "../kit/kube/object.ts";
import { viewCandidate, type Candidate } from "../kit/pods/candidate.ts";
import { isMember, type SetView } from "../kit/pods/stateful-set.ts";
import { flagProblems, nameProblems, textOf, wholeNumberProblems } from "../kit/spec.ts";
import { FINALIZER, LOCKS, ROLES, SWITCHOVER_ANNOTATION } from "./labels.ts";

const LEASE_SECONDS = { from: 1, to: 3600 };

export interface LockStatus {
  readonly writerPod: string;
  readonly epoch: number | undefined;
  readonly observedGeneration: number | undefined;
  readonly conditions: readonly Condition[];
}

export interface LockView {
  readonly metadata: ObjectMeta;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly statefulSetName: string;
  readonly leaseName: string;
  readonly leaseDurationSeconds: number;
  readonly paused: boolean;
  readonly switchoverTo: string | undefined;
  readonly deleting: boolean;
  /** Deleted, and our part of it is done: only somebody else's finalizer keeps it. */
  readonly ended: boolean;
  readonly status: LockStatus;
  /** What is wrong with the spec: each names the field, what it got and what it accepts. */
  readonly problems: readonly string[];
}

const specProblems = (spec: Readonly<Record<string, unknown>>): readonly string[] => [
  ...nameProblems("spec.statefulSetName", spec["statefulSetName"]),
  ...nameProblems("spec.leaseName", spec["leaseName"]),
  ...wholeNumberProblems("spec.leaseDurationSeconds", spec["leaseDurationSeconds"], LEASE_SECONDS),
  ...(spec["paused"] === undefined ? [] : flagProblems("spec.paused", spec["paused"])),
];

const viewStatus = (status: Readonly<Record<string, unknown>>, now: number): LockStatus => ({
  writerPod: typeof status["writerPod"] === "string" ? status["writerPod"] : "",
  epoch: parseEpoch(typeof status["epoch"] === "number" ? String(status["epoch"]) : undefined, now),
  observedGeneration: typeof status["observedGeneration"] === "number" ? status["observedGeneration"] : undefined,
  conditions: Array.isArray(status["conditions"]) ? (status["conditions"] as readonly Condition[]) : [],
});

export const viewLock = (lock: KubeObject, now: number): LockView => {
  const { metadata } = lock;
  const spec = (lock.spec ?? {}) as Readonly<Record<string, unknown>>;
  return {
    metadata,
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    uid: metadata.uid,
    statefulSetName: textOf(spec["statefulSetName"]),
    leaseName: textOf(spec["leaseName"]),
    leaseDurationSeconds: Number(spec["leaseDurationSeconds"]),
    paused: spec["paused"] === true,
    switchoverTo: metadata.annotations?.[SWITCHOVER_ANNOTATION],
    deleting: metadata.deletionTimestamp !== undefined,
    ended: metadata.deletionTimestamp !== undefined && !hasFinalizer(metadata, FINALIZER),
    status: viewStatus((lock.status ?? {}) as Readonly<Record<string, unknown>>, now),
    problems: specProblems(spec),
  };
};

export const ownerOf = ({ namespace, name, uid }: LockView): Subject => ({
  resource: LOCKS,
  noun: "lock",
  namespace,
  name,
  uid,
});

export const claimOf = (lock: LockView): Claim => ({
  subject: ownerOf(lock),
  metadata: lock.metadata,
  finalizer: FINALIZER,
});

/** `set` undefined: no pod is a member. */
export const viewElectionPod = (pod: KubeObject, set: SetView | undefined, now: number): Candidate =>
  viewCandidate(pod, ROLES, { member: isMember(pod, set), now });
