/**
 * What a sweep makes of one checker from what it has read in bulk: a run, or rest, in which its record may have to be renewed and its
 * pods asked. Nobody is asked here.
 */
import { hasFinalizer } from "../kit/finalizers.ts";
import type { RecordView } from "../kit/handover/model.ts";
import { plan } from "../kit/handover/plan.ts";
import { isInherited, isRenewalDue, readRecord } from "../kit/handover/record.ts";
import type { KubeObject } from "../kit/kube/object.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import { memberNamePattern, viewSet, type SetView } from "../kit/pods/stateful-set.ts";
import { admit, type Reach } from "./admit.ts";
import { chooseLocally } from "./decide.ts";
import { FINALIZER, ROLES } from "./labels.ts";
import { leaseSecondsFor, ownerOf, viewRolesPod, type CheckerView } from "./model.ts";
import type { Resting } from "./resting.ts";

export type Need =
  | { readonly kind: "run" }
  /** Nothing is to be done, unless the application has changed its mind. */
  | { readonly kind: "rest"; readonly resting: Resting; readonly renews: boolean; readonly asks: boolean };

export interface SweptChecker {
  readonly checker: CheckerView;
  /** All that may name the same StatefulSet. */
  readonly checkers: readonly CheckerView[];
  readonly set: KubeObject | undefined;
  readonly lease: KubeObject | undefined;
  /** Enrolled in the set's group. */
  readonly pods: readonly KubeObject[];
}

export interface SweepContext {
  readonly reach: Reach;
  /** Milliseconds on the API server's clock. */
  readonly now: number;
  readonly tickSeconds: number;
  /** Milliseconds since this instance last had the pods asked; undefined: it never had. */
  readonly sinceAskedMs: number | undefined;
}

const RUN: Need = { kind: "run" };

/** Who leads was not known for sure at the last asking. */
const isUnsure = ({ status }: CheckerView): boolean =>
  status.conditions.some(({ type, reason }) => type === "Conflict" || reason === "LeaderSilent");

/** At the tick that is nearest to the end of the interval: the next may come a moment early. */
const isAskingDue = (checker: CheckerView, { sinceAskedMs, tickSeconds }: SweepContext): boolean => {
  if (checker.localDev) return false;
  const afterMs = isUnsure(checker) ? 0 : (checker.intervalSeconds - tickSeconds / 2) * 1000;
  return sinceAskedMs === undefined || sinceAskedMs >= afterMs;
};

/** The last report names exactly this leader. */
const isReported = ({ metadata, status }: CheckerView, record: RecordView): boolean =>
  status.leaderNode === record.holder?.name &&
  status.epoch === record.epoch &&
  status.observedGeneration === metadata.generation;

/** A run would find nothing to write before it reports, if the application has not changed its mind. */
const isAtRest = (
  { checker, pods }: { readonly checker: CheckerView; readonly pods: readonly Candidate[] },
  { set, record }: { readonly set: SetView; readonly record: RecordView },
  now: number,
): boolean => {
  if (pods.filter(({ member }) => member).length !== set.existing) return false;
  // The sticky choice: whoever the record names, while it can lead. For anybody else the plan begins with the record.
  const choice = chooseLocally({ set, record, pods });
  if (choice.kind !== "lead") return false;
  const observed = { names: ROLES, group: set.uid, record, pods, epochSeen: checker.status.epoch ?? 0, now };
  return plan(observed, { kind: "pod", uid: choice.target.uid }).kind === "settled";
};

const isDue = ({ lease, checker }: SweptChecker, record: RecordView, { now, tickSeconds }: SweepContext): boolean =>
  isInherited(lease, ownerOf(checker)) || isRenewalDue(record, leaseSecondsFor(tickSeconds), now);

export const needOf = (swept: SweptChecker, context: SweepContext): Need => {
  const { checker, checkers, lease } = swept;
  const { now, reach } = context;
  const set = swept.set === undefined ? undefined : viewSet(swept.set);
  const isMemberName = memberNamePattern(checker.statefulSetName);
  const reading = readRecord(lease, { feature: ROLES.feature, now, isMemberName });
  const admission = admit({ checker, checkers, set, reading, reach });
  if (admission.kind !== "serve" || reading.kind !== "ours") return RUN;
  if (!hasFinalizer(checker.metadata, FINALIZER)) return RUN;
  const { record } = reading;
  const pods = swept.pods.map((pod) => viewRolesPod(pod, admission.set, now));
  if (!isAtRest({ checker, pods }, { set: admission.set, record }, now) || !isReported(checker, record)) return RUN;
  const resting = { checker, set: admission.set, record, lease, pods };
  return { kind: "rest", resting, renews: isDue(swept, record, context), asks: isAskingDue(checker, context) };
};
