/**
 * Whether a group of Services may be served, and which of its pods is the active one, from what was observed: one group at most for a pod,
 * the oldest; the active pod stays while it can, otherwise one total order decides.
 */
import type { Finding } from "../kit/conditions.ts";
import { byAge, olderServed } from "../kit/group/owners.ts";
import { choose, type Departure } from "../kit/handover/choose.ts";
import { inspect } from "../kit/handover/inspect.ts";
import type { RecordView } from "../kit/handover/model.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import { selects } from "../kit/selector.ts";
import { ROLES } from "./labels.ts";
import { isFencedUnder } from "./leavers.ts";
import { groupOfService, isOwner, type Selector, type ServiceView } from "./model.ts";

/** Services of one namespace that have the same original selector. */
export interface Standing {
  readonly group: string;
  readonly selector: Selector;
  /** The oldest first: it speaks for the group, and the group is as old as it. */
  readonly owners: readonly [ServiceView, ...ServiceView[]];
  readonly metadata: ServiceView["metadata"];
}

/** All groups of a namespace. */
export const standingGroups = (services: readonly ServiceView[]): readonly Standing[] =>
  [...Map.groupBy(services.filter(isOwner), groupOfService)].flatMap(([group, members]) => {
    const [oldest, ...others] = members.toSorted(byAge);
    if (oldest === undefined) return [];
    return [{ group, selector: oldest.original, owners: [oldest, ...others], metadata: oldest.metadata }];
  });

/** A pod may match both: no label has to have two values. */
export const canOverlap = (one: Standing, other: Standing): boolean =>
  one.group !== other.group &&
  Object.entries(one.selector).every(([key, value]) => (other.selector[key] ?? value) === value);

/** The older groups on which it depends, directly or through each other, whether this one is served; in most clusters none. */
export const olderRelatives = (standing: Standing, all: readonly Standing[]): readonly Standing[] => {
  const older = all.filter((other) => byAge(other, standing) < 0);
  const related = new Set([standing]);
  // Grows while it is gone through.
  for (const one of related) {
    for (const other of older) if (canOverlap(one, other)) related.add(other);
  }
  related.delete(standing);
  return [...related];
};

type Labels = Readonly<Record<string, string>>;

const isShared = (one: Standing, other: Standing, pods: readonly Labels[]): boolean =>
  pods.some(
    (labels) => selects({ matchLabels: one.selector }, labels) && selects({ matchLabels: other.selector }, labels),
  );

/** The older group that is served and has a pod in common with this one. `pods`: the labels of all pods of the groups. */
export const olderRival = (
  standing: Standing,
  relatives: readonly Standing[],
  pods: readonly Labels[],
): Standing | undefined => {
  const collide = (one: Standing, other: Standing): boolean => isShared(one, other, pods);
  return olderServed(standing, relatives, { stands: () => true, collide }).find((older) => collide(older, standing));
};

/** Services of younger groups that lead to the active pod of theirs alone, and would lead to one of this group beside it. */
export const crowdedBy = (
  standing: Standing,
  all: readonly Standing[],
  pods: readonly Labels[],
): readonly ServiceView[] =>
  all
    .filter((other) => byAge(other, standing) > 0 && canOverlap(other, standing) && isShared(other, standing, pods))
    .flatMap(({ owners }) => owners.filter(({ isKept }) => isKept));

export type LeadReason = "ActiveHealthy" | "ActiveKept" | Departure;

export type Verdict =
  | {
      readonly kind: "lead";
      readonly target: Candidate;
      readonly reason: LeadReason;
      readonly findings: readonly Finding[];
    }
  /** None can be active: labels, record and Services stay as they are, and the Lease is not renewed. */
  | {
      readonly kind: "hold";
      /** But a pod that is not fenced has left the group: it may be about to be another's, and is active for nobody from now on. */
      readonly vacates: boolean;
      readonly message: string;
      readonly findings: readonly Finding[];
    };

/** Priority, then age, then name: total, so that the order of a LIST changes nothing. */
export const byFitness = (one: Candidate, other: Candidate): number =>
  other.priority - one.priority ||
  (one.createdAt === other.createdAt ? 0 : one.createdAt < other.createdAt ? -1 : 1) ||
  (one.name < other.name ? -1 : 1);

export interface Field {
  readonly group: string;
  readonly record: RecordView | undefined;
  readonly pods: readonly Candidate[];
}

/** It has left the group, and cannot be let go yet: it leads, or may be named to by whoever has found no record, or is not fenced. */
const isDeparted =
  (record: RecordView | undefined) =>
  (pod: Candidate): boolean =>
    !pod.member && (record === undefined || !isFencedUnder(record, pod));

const absence = (pods: readonly Candidate[]): string => {
  const members = pods.filter(({ member }) => member).length;
  return members === 0 ? "the selector finds no pod" : `none of ${members} pods is Ready and not terminating`;
};

/** Which pod is active. Asked again after its answer was applied, it gives the same answer. */
export const lead = ({ group, record, pods }: Field): Verdict => {
  const choice = choose({ names: ROLES, group, record, pods, order: byFitness });
  const findings = inspect(ROLES, record, pods);
  switch (choice.kind) {
    case "none": {
      return { kind: "hold", vacates: pods.some(isDeparted(record)), message: absence(pods), findings };
    }
    case "keep":
      return {
        kind: "lead",
        target: choice.target,
        reason: choice.by === "record" ? "ActiveHealthy" : "ActiveKept",
        findings,
      };
    case "move":
      return { kind: "lead", target: choice.target, reason: choice.reason, findings };
  }
};
