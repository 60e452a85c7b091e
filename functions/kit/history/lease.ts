/**
 * S9: our writes keep the Lease's own contract. Another holder adds exactly one to leaseTransitions and raises the
 * epoch; with the same holder the count stays, and the epoch rises only when a stamp outran it.
 */
import type { Holder, Stamp } from "../handover/model.ts";
import type { PastLease } from "./past.ts";
import { isOurs, type Step } from "./replay.ts";
import { violationAt, type Violation } from "./verdict.ts";

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

const epochFaults = (before: PastLease, after: PastLease, stamps: readonly Stamp[]): readonly string[] => {
  const { epoch, uid } = before;
  const next = after.epoch ?? 0;
  if (epoch === undefined) return [];
  if (isMoved(before.holder, after.holder))
    return next > epoch ? [] : [`epoch ${next} follows ${epoch} with another holder`];
  const isOutrun = stamps.some((stamp) => stamp.epoch > epoch || (stamp.epoch === epoch && stamp.record !== uid));
  const isNeedless = next !== epoch && isSame(before.holder, after.holder) && !isOutrun;
  return isNeedless ? [`epoch ${next} follows ${epoch} with the same holder, though no stamp outran it`] : [];
};

/** The stamps that pods of each group ever carried. */
const createStamps = (): { note(step: Step): void; of(team: string): readonly Stamp[] } => {
  const stamps = new Map<string, Map<string, Stamp>>();
  return {
    note: ({ kind, after }) => {
      if (kind !== "pod" || after?.team === undefined || after.stamp === undefined) return;
      const known = stamps.get(after.team) ?? new Map<string, Stamp>();
      stamps.set(after.team, known.set(`${after.stamp.record}/${after.stamp.epoch}`, after.stamp));
    },
    of: (team) => [...(stamps.get(team)?.values() ?? [])],
  };
};

export const checkLeases = (steps: readonly Step[]): readonly Violation[] => {
  const stamps = createStamps();
  return steps.flatMap((step) => {
    stamps.note(step);
    if (step.kind !== "lease" || !isOurs(step)) return [];
    const { before, after } = step;
    if (before === undefined || after?.team === undefined) return [];
    const faults = [...countFaults(before, after), ...epochFaults(before, after, stamps.of(after.team))];
    return faults.map((fault) => violationAt(step, "S9", fault));
  });
};
