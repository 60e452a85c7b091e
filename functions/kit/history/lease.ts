/**
 * S9: our writes keep the Lease's own contract. Another holder adds exactly one to leaseTransitions and raises the
 * epoch; with the same holder the count stays, and the epoch rises only when a stamp outran it.
 */
import type { Holder } from "../handover/model.ts";
import type { Entry } from "./ledger.ts";
import type { PastLease } from "./past.ts";
import { isOurs, type LeaseStep, type PodStep } from "./replay.ts";
import { evidenceOf, faultAt, type Evidence, type Fault } from "./verdict.ts";

const isSame = (before: Holder | undefined, after: Holder | undefined): boolean =>
  before?.name === after?.name && before?.uid === after?.uid;

/** A holder without uid was adopted: it is the same one when its name is. */
const isMoved = (before: Holder | undefined, after: Holder | undefined): boolean =>
  !isSame(before, after) && (before?.name !== after?.name || before?.uid !== "");

const countFaults = (before: PastLease, after: PastLease): readonly string[] => {
  const moved = isMoved(before.holder, after.holder);
  if (after.leaseTransitions === before.leaseTransitions + (moved ? 1 : 0)) return [];
  const holder = moved ? "another holder" : "the same holder";
  return [`leaseTransitions went from ${before.leaseTransitions} to ${after.leaseTransitions} with ${holder}`];
};

/** The highest stamps that pods of a group ever carried. */
interface Highest {
  readonly epoch: number;
  readonly records: ReadonlySet<string>;
}

const raised = (highest: Highest | undefined, { after }: PodStep): Highest | undefined => {
  const stamp = after?.stamp;
  if (stamp === undefined || stamp.epoch < (highest?.epoch ?? 0)) return highest;
  if (stamp.epoch !== highest?.epoch) return { epoch: stamp.epoch, records: new Set([stamp.record]) };
  return highest.records.has(stamp.record)
    ? highest
    : { epoch: stamp.epoch, records: new Set([...highest.records, stamp.record]) };
};

const isOutrun = (epoch: number, uid: string, highest: Highest | undefined): boolean =>
  highest !== undefined &&
  (highest.epoch > epoch || (highest.epoch === epoch && [...highest.records].some((record) => record !== uid)));

const epochFaults = (before: PastLease, after: PastLease, highest: Highest | undefined): readonly string[] => {
  const { epoch, uid } = before;
  const next = after.epoch ?? 0;
  if (epoch === undefined) return [];
  if (isMoved(before.holder, after.holder))
    return next > epoch ? [] : [`epoch ${next} follows ${epoch} with another holder`];
  const isNeedless = next !== epoch && isSame(before.holder, after.holder) && !isOutrun(epoch, uid, highest);
  return isNeedless ? [`epoch ${next} follows ${epoch} with the same holder, though no stamp outran it`] : [];
};

export const createLeaseCheck = (): ((entry: Entry) => readonly Fault[]) => {
  const highestByTeam = new Map<string, Highest>();
  const lastWrites = new Map<string, Evidence>();
  const notePod = (step: PodStep): void => {
    const { team } = step.after ?? {};
    const highest = team === undefined ? undefined : raised(highestByTeam.get(team), step);
    if (team !== undefined && highest !== undefined) highestByTeam.set(team, highest);
  };
  const leaseFaults = (step: LeaseStep): readonly Fault[] => {
    const { before, after } = step;
    const { uid } = step.revision.object.metadata;
    const last = lastWrites.get(uid);
    if (after?.team === undefined) lastWrites.delete(uid);
    else lastWrites.set(uid, evidenceOf(step, "was written so before"));
    if (before === undefined || after?.team === undefined || !isOurs(step)) return [];
    const faults = [...countFaults(before, after), ...epochFaults(before, after, highestByTeam.get(after.team))];
    return faults.map((fault) => faultAt(step, "S9", fault, [last]));
  };
  return ({ step }) => {
    if (step.kind === "pod") notePod(step);
    return step.kind === "lease" ? leaseFaults(step) : [];
  };
};
