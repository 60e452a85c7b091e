/**
 * Who leads a StatefulSetLock's group, from what was observed: first whether the lock may be served at all (`admit`), then which
 * pod (`elect`). A healthy holder stays; otherwise one total order decides.
 */
import { trueFinding, type Finding } from "../kit/conditions.ts";
import type { RecordView } from "../kit/handover/model.ts";
import type { RecordOwner, RecordReading } from "../kit/handover/record.ts";
import { inspect, isPromotedHolder } from "./inspect.ts";
import { ROLES } from "./labels.ts";
import { NAME_CHARACTERS_MAX, type ElectionPod, type LockView, type SetView } from "./model.ts";

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

const ageText = ({ metadata, uid }: LockView): string => `${metadata.creationTimestamp ?? ""} ${uid}`;

/** Creation time, then uid: the order in which owners of the same pods are served. */
export const byAge = (one: LockView, other: LockView): number => (ageText(one) < ageText(other) ? -1 : 1);

const refuse = (reason: RefusalReason, message: string): Admission => ({ kind: "refuse", reason, message });

/**
 * The older locks that are served: in the order of age, each whose StatefulSet and Lease no older one has. A lock that is itself
 * refused, whose spec is invalid, or whose group has ended, stops nobody.
 */
export const servedBefore = (lock: LockView, locks: readonly LockView[]): readonly LockView[] => {
  const served: LockView[] = [];
  for (const other of locks.toSorted(byAge)) {
    const comesFirst = byAge(other, lock) < 0 && other.problems.length === 0 && !other.ended;
    const collides = served.some(
      ({ statefulSetName, leaseName }) => statefulSetName === other.statefulSetName || leaseName === other.leaseName,
    );
    if (comesFirst && !collides) served.push(other);
  }
  return served;
};

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
  const by = JSON.stringify((holder?.name ?? "").slice(0, NAME_CHARACTERS_MAX));
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

export type ElectionReason =
  | "HolderHealthy"
  | "Switchover"
  | "WriterKept"
  | "FirstElection"
  | "HolderGone"
  | "HolderTerminating"
  | "HolderFinished"
  | "HolderNotReady"
  | "HolderLeft";

export type HoldReason = "PodsNotFound" | "Paused";

export type Election =
  | {
      readonly kind: "lead";
      readonly target: ElectionPod;
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
  readonly pods: readonly ElectionPod[];
}

/** Why the pod cannot lead now; undefined: it can. */
export const disqualification = (pod: ElectionPod, group: string): string | undefined => {
  if (!pod.member) return "is not a member of the StatefulSet";
  if (pod.group !== group) return "is not enrolled yet";
  if (pod.terminating) return "is terminating";
  if (pod.finished) return "is finished";
  return pod.ready ? undefined : "is not Ready";
};

/** Priority, then ordinal, then uid: total, so that the order of a LIST changes nothing. */
export const byFitness = (one: ElectionPod, other: ElectionPod): number =>
  other.priority - one.priority || one.ordinal - other.ordinal || (one.uid < other.uid ? -1 : 1);

/** The pod that the record names: by uid; by name while an adopted Lease has no uid yet, or when its uid was tampered with. */
const holderAmong = (record: RecordView | undefined, pods: readonly ElectionPod[]): ElectionPod | undefined => {
  const holder = record?.holder;
  if (record === undefined || holder === undefined) return undefined;
  if (holder.uid === "") return pods.find((pod) => pod.name === holder.name && pod.role === ROLES.leader);
  return pods.find(({ uid }) => uid === holder.uid) ?? pods.find((pod) => isPromotedHolder(record, pod));
};

/** Without a record: the labelled pod with the highest stamp, else the only labelled one. */
const incumbentAmong = (eligible: readonly ElectionPod[]): ElectionPod | undefined => {
  const labelled = eligible.filter((pod) => pod.role === ROLES.leader);
  const stamped = labelled.filter((pod) => pod.stamp !== undefined);
  const [highest] = stamped.toSorted((a, b) => (b.stamp?.epoch ?? 0) - (a.stamp?.epoch ?? 0) || byFitness(a, b));
  return highest ?? (labelled.length === 1 ? labelled[0] : undefined);
};

const departure = (record: RecordView | undefined, holder: ElectionPod | undefined): ElectionReason => {
  if (record?.holder === undefined) return "FirstElection";
  if (holder === undefined) return "HolderGone";
  if (holder.terminating) return "HolderTerminating";
  if (holder.finished) return "HolderFinished";
  return holder.member ? "HolderNotReady" : "HolderLeft";
};

const switchoverOf = (
  { lock, set, pods }: ElectionInput,
  leading: ElectionPod | undefined,
): { target?: ElectionPod; findings: readonly Finding[] } => {
  const wanted = lock.switchoverTo;
  if (wanted === undefined || wanted === leading?.name) return { findings: [] };
  const candidates = pods.filter(({ name }) => name === wanted);
  const target = candidates.find((pod) => disqualification(pod, set.uid) === undefined);
  if (target !== undefined) return { target, findings: [] };
  const [known] = candidates;
  const why = known === undefined ? "is not a pod of the StatefulSet" : disqualification(known, set.uid);
  return {
    findings: [
      trueFinding(
        "SwitchoverRefused",
        "NotEligible",
        `switchover to ${JSON.stringify(wanted.slice(0, NAME_CHARACTERS_MAX))} refused: the pod ${why}`,
      ),
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
  const eligible = pods.filter((pod) => disqualification(pod, set.uid) === undefined);
  const holder = holderAmong(record, pods);
  const healthy = eligible.find((pod) => pod === holder);
  const leading = healthy ?? (record?.epoch === undefined ? incumbentAmong(eligible) : undefined);
  const switchover = switchoverOf(input, leading);
  const findings = [...inspect(record, pods), ...switchover.findings];
  if (switchover.target !== undefined)
    return { kind: "lead", target: switchover.target, reason: "Switchover", findings };
  if (leading !== undefined) {
    return { kind: "lead", target: leading, reason: healthy === undefined ? "WriterKept" : "HolderHealthy", findings };
  }
  if (lock.paused) {
    return {
      kind: "hold",
      reason: "Paused",
      message: "spec.paused is true and the writer cannot lead; nothing is moved",
      findings,
    };
  }
  const [best] = eligible.toSorted(byFitness);
  if (best === undefined) return { kind: "hold", reason: "PodsNotFound", message: absence(input), findings };
  return { kind: "lead", target: best, reason: departure(record, holder), findings };
};
