/**
 * S1: at no revision does more than one pod of a group carry the leader role. Labels can be written by anybody, so each
 * doubling is charged to whoever wrote the label without which it would not have been.
 */
import type { RoleNames } from "../handover/names.ts";
import { managersOf } from "../managers.ts";
import type { Ledger } from "./ledger.ts";
import type { PastPod } from "./past.ts";
import type { PodStep, Step } from "./replay.ts";
import { elapsedMs } from "./revision.ts";
import { objectOf, type Cause, type Doubling } from "./verdict.ts";

export interface Doublings {
  readonly doublings: readonly Doubling[];
  readonly doubledRevisions: number;
}

interface OpenDoubling {
  readonly begin: PodStep;
  readonly pods: Set<string>;
  readonly causes: Cause[];
}

interface Leader {
  readonly pod: PastPod;
  /** Position at which the pod itself was first seen. */
  readonly born: number;
}

/**
 * A promotion of ours is not to blame for another leader whom it could not know of: labelled by somebody else after we
 * had fenced it for this epoch, or outside of the group, or created too late to be read.
 */
const isSurprise = ({ pod: other, born }: Leader, promoted: PastPod, ledger: Ledger): boolean => {
  if (other.isRoleOurs || other.isTokenOurs) return false;
  if (other.group === undefined) return true;
  if (promoted.stamp === undefined || promoted.team === undefined) return false;
  if (other.stamp !== undefined && other.stamp.epoch >= promoted.stamp.epoch) return true;
  return born > (ledger.precedent(promoted.team, promoted.stamp) ?? Number.POSITIVE_INFINITY);
};

interface Blame {
  readonly pod: PastPod;
  readonly ours: boolean;
}

/** The pod whose label makes one leader too many, and whether that label is ours. */
const blame = (raised: PastPod, others: readonly Leader[], ledger: Ledger): Blame => {
  if (!raised.isRoleOurs) return { pod: raised, ours: false };
  const [surprise] = others;
  const isSurprised = surprise !== undefined && others.every((other) => isSurprise(other, raised, ledger));
  return isSurprised ? { pod: surprise.pod, ours: false } : { pod: raised, ours: true };
};

const causeOf = (step: PodStep, { pod, ours }: Blame, { roleLabel }: RoleNames): Cause => {
  const manager = managersOf(pod.raw, ["metadata", "labels", roleLabel]).join(", ") || "unknown";
  return { resourceVersion: step.revision.resourceVersion, object: objectOf(pod.raw), manager, ours };
};

const closed = (group: string, { begin, pods, causes }: OpenDoubling, end: Step | undefined): Doubling => ({
  group,
  from: begin.revision.resourceVersion,
  to: end?.revision.resourceVersion,
  repairedAfterMs: end === undefined ? undefined : elapsedMs(begin.revision, end.revision),
  pods: [...pods],
  causes,
});

const teamLed = (pod: PastPod | undefined): string | undefined => (pod?.leads === true ? pod.team : undefined);

/** Periods with more than one leader, in the order in which they ended. */
export const findDoublings = (steps: readonly Step[], roles: RoleNames, ledger: Ledger): Doublings => {
  const doublings: Doubling[] = [];
  const leadersByTeam = new Map<string, Map<string, Leader>>();
  const births = new Map<string, number>();
  const open = new Map<string, OpenDoubling>();

  const leave = (team: string, uid: string, step: PodStep): void => {
    const leaders = leadersByTeam.get(team);
    leaders?.delete(uid);
    const doubling = open.get(team);
    if (doubling === undefined || (leaders?.size ?? 0) > 1) return;
    open.delete(team);
    doublings.push(closed(team, doubling, step));
  };
  const enter = (team: string, pod: PastPod, step: PodStep): void => {
    const leaders = leadersByTeam.get(team) ?? new Map<string, Leader>();
    leadersByTeam.set(team, leaders);
    const others = [...leaders.values()].filter((leader) => leader.pod.uid !== pod.uid);
    const isNew = !leaders.has(pod.uid);
    leaders.set(pod.uid, { pod, born: births.get(pod.uid) ?? step.index });
    if (!isNew || others.length === 0) return;
    const doubling = open.get(team) ?? {
      begin: step,
      pods: new Set(others.map((other) => other.pod.name)),
      causes: [],
    };
    open.set(team, doubling);
    doubling.pods.add(pod.name);
    doubling.causes.push(causeOf(step, blame(pod, others, ledger), roles));
  };

  let doubledRevisions = 0;
  for (const step of steps) {
    if (step.kind === "pod") {
      if (step.before === undefined) births.set(step.revision.object.metadata.uid, step.index);
      const [left, led] = [teamLed(step.before), teamLed(step.after)];
      if (left !== undefined && left !== led) leave(left, step.revision.object.metadata.uid, step);
      if (led !== undefined && step.after !== undefined) enter(led, step.after, step);
    }
    if (open.size > 0) doubledRevisions += 1;
  }
  for (const [team, doubling] of open) doublings.push(closed(team, doubling, undefined));
  return { doublings, doubledRevisions };
};
