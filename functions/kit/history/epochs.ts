/**
 * S4: an epoch is never used twice and never goes back, neither in a record nor, over the whole history of a group and
 * whatever is deleted in it, on the pods that are promoted.
 */
import type { Entry } from "./ledger.ts";
import { isOurs, type LeaseStep, type Step } from "./replay.ts";
import { evidenceOf, faultAt, type Evidence, type Fault } from "./verdict.ts";

export interface EpochCheck {
  take(entry: Entry): readonly Fault[];
  /** Distinct promotions so far. */
  promotions(): number;
}

interface Assigned {
  readonly epoch: number;
  readonly evidence: Evidence;
}

/** What we assign; at first sight of a record without a usable epoch somebody else may have spoilt it. */
const isAssignment = (step: Step): step is LeaseStep =>
  step.kind === "lease" &&
  step.after?.team !== undefined &&
  isOurs(step) &&
  step.before?.assignment !== step.after.assignment &&
  (step.before !== undefined || step.after.epoch !== undefined);

const createAssignmentCheck = (): ((step: Step) => readonly Fault[]) => {
  const highest = new Map<string, Assigned>();
  return (step) => {
    const { uid } = step.revision.object.metadata;
    if (step.after === undefined) highest.delete(uid);
    if (!isAssignment(step)) return [];
    const { epoch = 0 } = step.after ?? {};
    const last = highest.get(uid);
    if (last !== undefined && epoch <= last.epoch) {
      return [faultAt(step, "S4", `assigns under epoch ${epoch} after ${last.epoch}`, [last.evidence])];
    }
    highest.set(uid, { epoch, evidence: evidenceOf(step, `assigned epoch ${epoch}`) });
    return epoch > 0 ? [] : [faultAt(step, "S4", "assigns without an epoch")];
  };
};

interface Promoted extends Assigned {
  readonly uid: string;
  readonly name: string;
}

export const createEpochCheck = (): EpochCheck => {
  const assignmentFaults = createAssignmentCheck();
  const last = new Map<string, Promoted>();
  let promotions = 0;

  const promotionFaults = ({ step, imprint, promotedBy: epoch }: Entry): readonly Fault[] => {
    if (imprint === undefined || epoch === undefined) return [];
    const { pod, team } = imprint;
    const former = last.get(team);
    if (former?.epoch === epoch && former.uid === pod.uid) return [];
    promotions += 1;
    if (former === undefined || epoch > former.epoch) {
      const evidence = evidenceOf(step, `was promoted under epoch ${epoch}`);
      last.set(team, { epoch, uid: pod.uid, name: pod.name, evidence });
      return [];
    }
    const message =
      epoch === former.epoch
        ? `promoted under epoch ${epoch}, which had promoted ${former.name} (${former.uid})`
        : `promoted under epoch ${epoch} after ${former.epoch}`;
    return [faultAt(step, "S4", message, [former.evidence])];
  };
  return {
    take: (entry) => [...assignmentFaults(entry.step), ...promotionFaults(entry)],
    promotions: () => promotions,
  };
};
