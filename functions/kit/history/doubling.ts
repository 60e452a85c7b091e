/**
 * S1: at no revision does more than one pod of a group carry the leader role. Labels can be written by anybody, so each
 * doubling is charged to whoever wrote the label without which it would not have been.
 */
import type { RoleNames } from "../handover/names.ts";
import { managersOf } from "../managers.ts";
import type { Entry, Leading, Ledger } from "./ledger.ts";
import type { PastPod } from "./past.ts";
import type { PodStep, Step } from "./replay.ts";
import { elapsedMs, type Revision } from "./revision.ts";
import { managersText, objectOf, type Cause, type Doubling, type Evidence, type Fault } from "./verdict.ts";

export interface DoublingNews {
  /** `doubled`: it began, or one more leader joined it. */
  readonly kind: "doubled" | "repaired";
  readonly doubling: Doubling;
}

export interface Doublings {
  take(entry: Entry): readonly DoublingNews[];
  /** Those that ended, in that order, then those that did not. */
  all(): readonly Doubling[];
  doubledRevisions(): number;
}

interface Leader {
  readonly pod: PastPod;
  /** Position at which the pod itself was first seen. */
  readonly born: number;
  /** Revision from which it leads. */
  readonly since: Evidence;
}

interface OpenDoubling {
  readonly begin: Revision;
  readonly doubling: Doubling;
}

/**
 * A promotion of ours is not to blame for another leader whom it could not know of: labelled by somebody else after we
 * had fenced it for this epoch, or outside of the group, or created too late to be read.
 */
const isSurprise = ({ pod: other, born }: Leader, promoted: PastPod, ledger: Ledger): boolean => {
  if (other.isRoleOurs || other.isTokenOurs) return false;
  if (other.group === undefined) return true;
  if (promoted.stamp === undefined) return false;
  if (other.stamp !== undefined && other.stamp.epoch >= promoted.stamp.epoch) return true;
  return born > (ledger.precedent(promoted.stamp) ?? Number.POSITIVE_INFINITY);
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

/** Field managers of the role label. */
export const labellersOf = ({ raw }: PastPod, { roleLabel }: RoleNames): string =>
  managersText(managersOf(raw, ["metadata", "labels", roleLabel]));

const leadingSince = ({ resourceVersion }: Revision, pod: PastPod, roles: RoleNames): Evidence => ({
  resourceVersion,
  object: objectOf(pod.raw),
  manager: labellersOf(pod, roles),
  what: "led already",
});

const causeOf = ({ revision }: PodStep, { pod, ours }: Blame, roles: RoleNames): Cause => ({
  resourceVersion: revision.resourceVersion,
  object: objectOf(pod.raw),
  manager: labellersOf(pod, roles),
  ours,
});

const joined = (doubling: Doubling, pod: PastPod, cause: Cause): Doubling => ({
  ...doubling,
  pods: [...new Set([...doubling.pods, pod.name])],
  causes: [...doubling.causes, cause],
});

const begun = (step: PodStep, pod: PastPod, others: readonly Leader[], served: boolean): Doubling => ({
  group: pod.team ?? "",
  name: pod.teamName ?? "",
  served,
  from: step.revision.resourceVersion,
  to: undefined,
  repairedAfterMs: undefined,
  pods: others.map((other) => other.pod.name),
  causes: [],
  evidence: others.map(({ since }) => since),
});

export const createDoublings = (roles: RoleNames, ledger: Ledger): Doublings => {
  const leadersByTeam = new Map<string, Map<string, Leader>>();
  const births = new Map<string, number>();
  const open = new Map<string, OpenDoubling>();
  const closed: Doubling[] = [];
  let doubledRevisions = 0;

  const leave = ({ team, pod, step: { revision } }: Leading): readonly DoublingNews[] => {
    const leaders = leadersByTeam.get(team);
    leaders?.delete(pod.uid);
    if (leaders?.size === 0) leadersByTeam.delete(team);
    const found = open.get(team);
    if (found === undefined || (leaders?.size ?? 0) > 1) return [];
    const repairedAfterMs = elapsedMs(found.begin, revision);
    const doubling = { ...found.doubling, to: revision.resourceVersion, repairedAfterMs };
    open.delete(team);
    closed.push(doubling);
    return [{ kind: "repaired", doubling }];
  };
  const enter = ({ team, pod, step }: Leading): readonly DoublingNews[] => {
    const { revision, index } = step;
    const leaders = leadersByTeam.get(team) ?? new Map<string, Leader>();
    leadersByTeam.set(team, leaders);
    const others = [...leaders.values()].filter((leader) => leader.pod.uid !== pod.uid);
    const present = leaders.get(pod.uid);
    leaders.set(pod.uid, {
      pod,
      born: births.get(pod.uid) ?? index,
      since: present?.since ?? leadingSince(revision, pod, roles),
    });
    if (present !== undefined || others.length === 0) return [];
    const found = open.get(team) ?? { begin: revision, doubling: begun(step, pod, others, ledger.serves(team)) };
    const doubling = joined(found.doubling, pod, causeOf(step, blame(pod, others, ledger), roles));
    open.set(team, { begin: found.begin, doubling });
    return [{ kind: "doubled", doubling }];
  };
  const noteBirth = ({ before, after, revision, index }: Step): void => {
    const { uid } = revision.object.metadata;
    if (before === undefined) births.set(uid, index);
    if (after === undefined) births.delete(uid);
  };
  return {
    take: ({ step, ceded, leading }) => {
      if (step.kind === "pod") noteBirth(step);
      const news = [...(ceded === undefined ? [] : leave(ceded)), ...(leading === undefined ? [] : enter(leading))];
      if (open.size > 0) doubledRevisions += 1;
      return news;
    },
    all: () => [...closed, ...[...open.values()].map(({ doubling }) => doubling)],
    doubledRevisions: () => doubledRevisions,
  };
};

/** Whose doublings break the promise: ours; or, where we do not serve the group, anybody's. */
export type Accountable = "ours" | "everyone";

/** S1, unless nobody who is accountable made the doubling. */
export const doublingFault = (doubling: Doubling, accountable: Accountable): Fault | undefined => {
  const { name, pods, causes, to, served, evidence } = doubling;
  const ours = causes.find((candidate) => candidate.ours);
  const cause = ours ?? (accountable === "everyone" && !served ? causes[0] : undefined);
  if (cause === undefined) return undefined;
  const { resourceVersion, object, manager } = cause;
  const message = `one of ${pods.length} leaders of ${name} (${pods.join(", ")}) until ${to ?? "the end"}`;
  const joining = causes
    .filter((other) => other !== cause)
    .map((other) => ({
      resourceVersion: other.resourceVersion,
      object: other.object,
      manager: other.manager,
      what: "was labelled too",
    }));
  return { invariant: "S1", resourceVersion, object, manager, message, evidence: [...evidence, ...joining] };
};
