/**
 * The history checker: everything that was observed in, what was promised and not kept out. It reads nothing but the
 * history, so it judges simulated runs, real runs, and the labels of other products alike.
 */
import type { RoleNames } from "../handover/names.ts";
import { findDoublings } from "./doubling.ts";
import { checkEpochs } from "./epochs.ts";
import { checkIdentity } from "./identity.ts";
import { checkIsolation } from "./isolation.ts";
import { checkLeadership } from "./leadership.ts";
import { checkLeases } from "./lease.ts";
import { openLedger } from "./ledger.ts";
import { replay, type Step } from "./replay.ts";
import { compareVersions, type Gap, type Revision } from "./revision.ts";
import type { Doubling, Verdict, Violation } from "./verdict.ts";

export { renderVerdict } from "./render.ts";

export interface Question {
  /** Labels and annotations of the feature that is judged. */
  readonly roles: RoleNames;
  /** What the observer could not see; default: it saw everything. */
  readonly gaps?: readonly Gap[];
}

const doublingViolation = ({ group, pods, causes, to }: Doubling): readonly Violation[] => {
  const cause = causes.find(({ ours }) => ours);
  if (cause === undefined) return [];
  const { resourceVersion, object, manager } = cause;
  const message = `one of ${pods.length} leaders of ${group} (${pods.join(", ")}) until ${to ?? "the end"}`;
  return [{ invariant: "S1", resourceVersion, object, manager, message }];
};

/** Groups that have a record, an enrolled pod, or a leader. */
const countGroups = (steps: readonly Step[]): number => {
  const teams = steps.flatMap((step): readonly (string | undefined)[] => {
    if (step.kind === "lease") return [step.after?.team];
    if (step.kind === "other" || step.after === undefined) return [];
    return step.after.group !== undefined || step.after.leads ? [step.after.team] : [];
  });
  return new Set(teams.filter((team) => team !== undefined)).size;
};

/**
 * Judges revisions in any order. Writes that carry no trace of their author count as ours.
 * @throws SyntaxError when a resourceVersion is not an integer.
 */
export const judge = (revisions: readonly Revision[], { roles, gaps = [] }: Question): Verdict => {
  const steps = replay(revisions, roles);
  const ledger = openLedger(steps);
  const { doublings, doubledRevisions } = findDoublings(steps, roles, ledger);
  const epochs = checkEpochs(steps, ledger);
  const violations = [
    ...doublings.flatMap(doublingViolation),
    ...checkLeadership(ledger),
    ...epochs.violations,
    ...checkIdentity(steps, ledger),
    ...checkLeases(steps),
    ...checkIsolation(steps),
  ];
  return {
    revisions: steps.length,
    groups: countGroups(steps),
    promotions: epochs.promotions,
    doubledRevisions,
    violations: violations.toSorted((left, right) => compareVersions(left.resourceVersion, right.resourceVersion)),
    foreign: doublings.filter(({ causes }) => !causes.some(({ ours }) => ours)),
    gaps,
  };
};
