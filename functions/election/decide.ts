/**
 * Who leads a StatefulSetLock's group, from what was observed: first whether the lock may be served at all (`admit`), then which
 * pod (`elect`). A healthy holder stays; otherwise one total order decides.
 */
import { quoted, trueFinding, type Finding } from "../kit/conditions.ts";
import { olderServed } from "../kit/group/owners.ts";
import { choose, disqualification, type Departure } from "../kit/handover/choose.ts";
import { inspect } from "../kit/handover/inspect.ts";
import type { RecordView } from "../kit/handover/model.ts";
import type { RecordOwner, RecordReading } from "../kit/handover/record.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import type { SetView } from "../kit/pods/stateful-set.ts";
import { ROLES } from "./labels.ts";
import type { LockView } from "./model.ts";

export type RefusalReason =
  | "ValidationError"
  | "StatefulSetNotFound"
  | "StatefulSetShared"
  | "LeaseShared"
  | "LeaseForeign";

export type Admission =
  | { readonly kind: "serve"; readonly set: SetView; readonly record: RecordView | undefined; readonly adopts: boolean }
  | { readonly kind: "end" }
  /** The record belongs to a group that this lock served before, or to an owner that is gone or names another Lease now. */
  | { readonly kind: "end-previous"; readonly group: string; readonly record: RecordView }
  | { readonly kind: "refuse"; readonly reason: RefusalReason; readonly message: string };

export interface AdmissionInput {
  readonly lock: LockView;
  /** All locks of the namespace. */
  readonly locks: readonly LockView[];
  readonly set: SetView | undefined;
  readonly reading: RecordReading;
}

const refuse = (reason: RefusalReason, message: string): Admission => ({ kind: "refuse", reason, message });

/** A lock that is itself refused, whose spec is invalid, or whose group has ended, stops nobody. */
const stands = ({ problems, ended }: LockView): boolean => problems.length === 0 && !ended;

const collide = (one: LockView, other: LockView): boolean =>
  one.statefulSetName === other.statefulSetName || one.leaseName === other.leaseName;

/** The older locks that are served: in the order of age, each whose StatefulSet and Lease no older one has. */
export const servedBefore = (lock: LockView, locks: readonly LockView[]): readonly LockView[] =>
  olderServed(lock, locks, { stands, collide });

const olderRival = ({ lock, locks, reading }: AdmissionInput): Admission | undefined => {
  const older = servedBefore(lock, locks);
  const onSet = older.find((other) => other.statefulSetName === lock.statefulSetName);
  if (onSet !== undefined) {
    return refuse(
      "StatefulSetShared",
      `StatefulSet ${lock.statefulSetName} is served by the older StatefulSetLock ${onSet.name}`,
    );
  }
  // Nothing is stolen: a lock that was edited onto the Lease of another does not stop that one, whatever its age.
  const holdsLease = reading.kind === "ours" && reading.owner?.uid === lock.uid;
  const onLease = holdsLease ? undefined : older.find((other) => other.leaseName === lock.leaseName);
  return onLease === undefined
    ? undefined
    : refuse("LeaseShared", `Lease ${lock.leaseName} is used by the older StatefulSetLock ${onLease.name}`);
};

const emptySelector = ({ selector }: SetView): boolean =>
  Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;

const foreignLease = ({ name, holder }: RecordView): Admission => {
  const by = quoted(holder?.name ?? "");
  return refuse(
    "LeaseForeign",
    `Lease ${name} is held by ${by} and not ours; choose another spec.leaseName or delete it`,
  );
};

/** An older lock has its StatefulSet. */
const isShutOut = (lock: LockView, locks: readonly LockView[]): boolean =>
  servedBefore(lock, locks).some(({ statefulSetName }) => statefulSetName === lock.statefulSetName);

/** The other lock that still names the Lease as its record, and is not refused itself: else the two would wait for each other. */
const keeperOf = ({ lock, locks }: AdmissionInput, owner: RecordOwner | undefined): LockView | undefined =>
  locks.find(
    (other) =>
      other.uid === owner?.uid &&
      other.uid !== lock.uid &&
      other.leaseName === lock.leaseName &&
      !isShutOut(other, locks),
  );

const admitRecord = (input: AdmissionInput, set: SetView): Admission => {
  const { reading } = input;
  switch (reading.kind) {
    case "none":
      return { kind: "serve", set, record: undefined, adopts: false };
    case "adoptable":
      return { kind: "serve", set, record: reading.record, adopts: true };
    case "foreign":
      return foreignLease(reading.record);
    case "ours": {
      const { record, group } = reading;
      if (group === set.uid) return { kind: "serve", set, record, adopts: false };
      const keeper = keeperOf(input, reading.owner);
      return keeper === undefined
        ? { kind: "end-previous", group, record }
        : refuse("LeaseShared", `Lease ${record.name} is the record of StatefulSetLock ${keeper.name}`);
    }
  }
};

/** May this lock be served, and on which record? */
export const admit = (input: AdmissionInput): Admission => {
  const { lock, set } = input;
  if (lock.deleting) return { kind: "end" };
  if (lock.problems.length > 0) return refuse("ValidationError", lock.problems.join("; "));
  const rival = olderRival(input);
  if (rival !== undefined) return rival;
  if (set === undefined) {
    return refuse("StatefulSetNotFound", `StatefulSet ${lock.statefulSetName} does not exist in this namespace`);
  }
  if (set.deleting) {
    return refuse("StatefulSetNotFound", `StatefulSet ${set.name} is being deleted; nothing is moved`);
  }
  if (emptySelector(set)) {
    return refuse(
      "ValidationError",
      `StatefulSet ${set.name}: spec.selector: got none, accepted are matchLabels or matchExpressions`,
    );
  }
  return admitRecord(input, set);
};

export type ElectionReason = "HolderHealthy" | "WriterKept" | "Switchover" | Departure;

export type HoldReason = "PodsNotFound" | "Paused";

export type Election =
  | {
      readonly kind: "lead";
      readonly target: Candidate;
      readonly reason: ElectionReason;
      readonly findings: readonly Finding[];
    }
  /** Nobody can lead, or nobody may be moved: labels and record stay as they are, and the Lease is not renewed. */
  | {
      readonly kind: "hold";
      readonly reason: HoldReason;
      readonly message: string;
      readonly findings: readonly Finding[];
    };

export interface ElectionInput {
  readonly lock: LockView;
  readonly set: SetView;
  readonly record: RecordView | undefined;
  readonly pods: readonly Candidate[];
}

/** Priority, then ordinal, then uid: total, so that the order of a LIST changes nothing. */
export const byFitness = (one: Candidate, other: Candidate): number =>
  other.priority - one.priority || one.ordinal - other.ordinal || (one.uid < other.uid ? -1 : 1);

const switchoverOf = (
  { lock, set, pods }: ElectionInput,
  leading: Candidate | undefined,
): { target?: Candidate; findings: readonly Finding[] } => {
  const wanted = lock.switchoverTo;
  if (wanted === undefined || wanted === leading?.name) return { findings: [] };
  const candidates = pods.filter(({ name }) => name === wanted);
  const target = candidates.find((pod) => disqualification(pod, set.uid) === undefined);
  if (target !== undefined) return { target, findings: [] };
  const [known] = candidates;
  const why = known === undefined ? "is not a pod of the StatefulSet" : disqualification(known, set.uid);
  return {
    findings: [
      trueFinding("SwitchoverRefused", "NotEligible", `switchover to ${quoted(wanted)} refused: the pod ${why}`),
    ],
  };
};

const absence = ({ set, pods }: ElectionInput): string => {
  const members = pods.filter(({ member }) => member).length;
  if (set.replicas === 0) return "the StatefulSet is scaled to zero";
  return members === 0 ? "the StatefulSet has no pods" : `none of ${members} pods is Ready and not terminating`;
};

/** Which pod leads. Asked again after its answer was applied, it gives the same answer. */
export const elect = (input: ElectionInput): Election => {
  const { lock, set, record, pods } = input;
  const choice = choose({ names: ROLES, group: set.uid, record, pods, order: byFitness });
  const switchover = switchoverOf(input, choice.kind === "keep" ? choice.target : undefined);
  const findings = [...inspect(ROLES, record, pods), ...switchover.findings];
  if (switchover.target !== undefined)
    return { kind: "lead", target: switchover.target, reason: "Switchover", findings };
  if (choice.kind === "keep") {
    const reason = choice.by === "record" ? "HolderHealthy" : "WriterKept";
    return { kind: "lead", target: choice.target, reason, findings };
  }
  if (lock.paused) {
    return {
      kind: "hold",
      reason: "Paused",
      message: "spec.paused is true and the writer cannot lead; nothing is moved",
      findings,
    };
  }
  return choice.kind === "none"
    ? { kind: "hold", reason: "PodsNotFound", message: absence(input), findings }
    : { kind: "lead", target: choice.target, reason: choice.reason, findings };
};
