/**
 * S4: an epoch is never used twice and never goes back, neither in a record nor, over the whole history of a group and
 * whatever is deleted in it, on the pods that are promoted.
 */
import type { Ledger } from "./ledger.ts";
import { isOurs, type Step } from "./replay.ts";
import { violationAt, type Violation } from "./verdict.ts";

export interface Epochs {
  readonly violations: readonly Violation[];
  /** Distinct promotions. */
  readonly promotions: number;
}

const checkAssignments = (steps: readonly Step[]): readonly Violation[] => {
  const highest = new Map<string, number>();
  return steps.flatMap((step) => {
    if (step.kind !== "lease" || step.after?.team === undefined || !isOurs(step)) return [];
    const { uid, epoch = 0, assignment } = step.after;
    if (step.before?.assignment === assignment) return [];
    const last = highest.get(uid) ?? 0;
    highest.set(uid, Math.max(last, epoch));
    return epoch > last ? [] : [violationAt(step, "S4", `assigns under epoch ${epoch} after ${last}`)];
  });
};

const checkPromotions = ({ promotions }: Ledger): Epochs => {
  const violations: Violation[] = [];
  const last = new Map<string, { readonly epoch: number; readonly uid: string; readonly name: string }>();
  let distinct = 0;
  for (const { step, pod, team, epoch } of promotions) {
    const former = last.get(team);
    if (former?.epoch === epoch && former.uid === pod.uid) continue;
    distinct += 1;
    if (former === undefined || epoch > former.epoch) {
      last.set(team, { epoch, uid: pod.uid, name: pod.name });
    } else if (epoch === former.epoch) {
      violations.push(
        violationAt(step, "S4", `promoted under epoch ${epoch}, which had promoted ${former.name} (${former.uid})`),
      );
    } else {
      violations.push(violationAt(step, "S4", `promoted under epoch ${epoch} after ${former.epoch}`));
    }
  }
  return { violations, promotions: distinct };
};

export const checkEpochs = (steps: readonly Step[], ledger: Ledger): Epochs => {
  const { violations, promotions } = checkPromotions(ledger);
  return { violations: [...checkAssignments(steps), ...violations], promotions };
};
