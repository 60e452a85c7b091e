/**
 * Whether a checker may be served (`admit`), and who leads by what the pods said (`judge`). The application decides; a leader that it
 * named loses its label only to a successor that it names as well, or by its own word.
 */
import { listed, quoted, trueFinding, type Finding } from "../kit/conditions.ts";
import { olderServed } from "../kit/group/owners.ts";
import { choose, disqualification, type Departure } from "../kit/handover/choose.ts";
import { inspect } from "../kit/handover/inspect.ts";
import type { RecordView } from "../kit/handover/model.ts";
import type { RecordReading } from "../kit/handover/record.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import type { SetView } from "../kit/pods/stateful-set.ts";
import type { LeaderAnswer, ServersAnswer, ServerView } from "./ask/ask.ts";
import { ROLES } from "./labels.ts";
import type { CheckerView } from "./model.ts";

export type RefusalReason =
  | "ValidationError"
  | "NamespaceNotAllowed"
  | "StatefulSetNotFound"
  | "StatefulSetShared"
  | "LeaseForeign";

export type Admission =
  | { readonly kind: "serve"; readonly set: SetView; readonly record: RecordView | undefined; readonly adopts: boolean }
  | { readonly kind: "end" }
  /** The record belongs to a group that this checker served before. */
  | { readonly kind: "end-previous"; readonly group: string }
  | { readonly kind: "refuse"; readonly reason: RefusalReason; readonly message: string };

/** Which namespaces checkers may reach into. */
export interface Reach {
  /** Namespaces that the function serves; empty: all. */
  readonly served: readonly string[];
  /** Namespaces whose StatefulSets checkers of other namespaces may name. */
  readonly open: readonly string[];
}

export interface AdmissionInput {
  readonly checker: CheckerView;
  /** All checkers that may name the same StatefulSet. */
  readonly checkers: readonly CheckerView[];
  readonly set: SetView | undefined;
  readonly reading: RecordReading;
  readonly reach: Reach;
}

const refuse = (reason: RefusalReason, message: string): Admission => ({ kind: "refuse", reason, message });

/** Why the checker must not touch the namespace that it names; undefined: it may. */
export const outOfReach = ({ namespace, setNamespace }: CheckerView, { served, open }: Reach): string | undefined => {
  if (namespace === setNamespace) return undefined;
  if (!open.includes(setNamespace)) {
    return `spec.namespace: got ${quoted(setNamespace)}, accepted is the checker's own namespace; whoever installs Bellwether allows others by naming them in BELLWETHER_ROLES_NAMESPACES`;
  }
  return served.length === 0 || served.includes(setNamespace)
    ? undefined
    : `spec.namespace: got ${quoted(setNamespace)}, which is not among BELLWETHER_NAMESPACES`;
};

const isOnSameSet = (one: CheckerView, other: CheckerView): boolean =>
  one.setNamespace === other.setNamespace && one.statefulSetName === other.statefulSetName;

/** The older checker that is served on the same StatefulSet; undefined: there is none. */
export const servedBefore = ({
  checker,
  checkers,
  reach,
}: Pick<AdmissionInput, "checker" | "checkers" | "reach">): CheckerView | undefined => {
  const stands = (other: CheckerView): boolean =>
    other.problems.length === 0 && !other.ended && outOfReach(other, reach) === undefined;
  return olderServed(checker, checkers, { stands, collide: isOnSameSet }).find((other) => isOnSameSet(other, checker));
};

const admitRecord = (reading: RecordReading, set: SetView): Admission => {
  switch (reading.kind) {
    case "none":
      return { kind: "serve", set, record: undefined, adopts: false };
    case "adoptable":
      return { kind: "serve", set, record: reading.record, adopts: true };
    case "foreign":
      return refuse("LeaseForeign", `Lease ${reading.record.name} is not ours any more; delete it`);
    case "ours":
      return reading.group === set.uid
        ? { kind: "serve", set, record: reading.record, adopts: false }
        : { kind: "end-previous", group: reading.group };
  }
};

/** May this checker be served, and on which record? */
export const admit = (input: AdmissionInput): Admission => {
  const { checker, set, reading, reach } = input;
  if (checker.deleting) return { kind: "end" };
  if (checker.problems.length > 0) return refuse("ValidationError", checker.problems.join("; "));
  const away = outOfReach(checker, reach);
  if (away !== undefined) return refuse("NamespaceNotAllowed", away);
  const older = servedBefore(input);
  if (older !== undefined) {
    return refuse(
      "StatefulSetShared",
      `StatefulSet ${checker.statefulSetName} is served by the older LeaderStatusChecker ${older.namespace}/${older.name}`,
    );
  }
  if (set === undefined || set.deleting) {
    const what = set === undefined ? "does not exist" : "is being deleted; nothing is moved";
    return refuse(
      "StatefulSetNotFound",
      `StatefulSet ${checker.statefulSetName} in namespace ${checker.setNamespace} ${what}`,
    );
  }
  return admitRecord(reading, set);
};

export type LeadReason = "LeaderConfirmed" | "LeaderKept" | "LeaderDenies" | "LeaderSilent" | "LocalDev" | Departure;

export type HoldReason = "PodsNotFound" | "NobodyAnswers";

export type Verdict =
  | {
      readonly kind: "lead";
      readonly target: Candidate;
      readonly reason: LeadReason;
      readonly findings: readonly Finding[];
    }
  /** The application has no leader now, as far as it says. */
  | { readonly kind: "nobody"; readonly message: string; readonly findings: readonly Finding[] }
  /** Nobody could be asked, or nobody answered: labels and record stay as they are. */
  | {
      readonly kind: "hold";
      readonly reason: HoldReason;
      readonly message: string;
      readonly findings: readonly Finding[];
    };

/** What was observed before anybody was asked. */
export interface Scene {
  readonly set: SetView;
  readonly record: RecordView | undefined;
  readonly pods: readonly Candidate[];
}

/** What the pods said, by their uid. */
export interface Answers {
  readonly leads: ReadonlyMap<string, LeaderAnswer>;
  /** Empty unless several claimed to lead. */
  readonly views: ReadonlyMap<string, ServersAnswer>;
}

/** Ordinal, then uid: total, so that the order of a LIST changes nothing. */
const byOrdinal = (one: Candidate, other: Candidate): number =>
  one.ordinal - other.ordinal || (one.uid < other.uid ? -1 : 1);

/** Who is asked: whoever can lead. */
export const ableAmong = ({ set, pods }: Pick<Scene, "set" | "pods">): readonly Candidate[] =>
  pods.filter((pod) => disqualification(pod, set.uid) === undefined).toSorted(byOrdinal);

export const claimantsAmong = (pods: readonly Candidate[], leads: Answers["leads"]): readonly Candidate[] =>
  pods.filter(({ uid }) => {
    const answer = leads.get(uid);
    return answer?.kind === "answered" && answer.leads;
  });

const majorityOf = ({ replicas }: SetView): number => Math.floor(replicas / 2) + 1;

/** By its id, or by the first DNS label of its address. */
const isServer = ({ id, rpcAddr }: ServerView, { name }: Candidate): boolean =>
  id === name || /^[^.:]+/.exec(rpcAddr)?.[0] === name;

/** The one pod that the answer takes for the leader. */
const seenLeader = (answer: ServersAnswer, pods: readonly Candidate[]): Candidate | undefined => {
  if (answer.kind === "silent") return undefined;
  const leaders = answer.servers.filter(({ isLeader }) => isLeader);
  const [leader, ...others] = leaders;
  return leader === undefined || others.length > 0 ? undefined : pods.find((pod) => isServer(leader, pod));
};

/** The claimant that a majority of the replicas takes for the leader. */
const electedAmong = (
  claimants: readonly Candidate[],
  able: readonly Candidate[],
  { set, views }: { readonly set: SetView; readonly views: Answers["views"] },
): Candidate | undefined => {
  const votes = [...views.values()].map((answer) => seenLeader(answer, able));
  const elected = claimants.filter((pod) => votes.filter((vote) => vote === pod).length >= majorityOf(set));
  return elected.length === 1 ? elected[0] : undefined;
};

const absence = ({ set, pods }: Scene): string => {
  const members = pods.filter(({ member }) => member).length;
  if (set.replicas === 0) return "the StatefulSet is scaled to zero";
  return members === 0 ? "the StatefulSet has no pods" : `none of ${members} pods is Ready and not terminating`;
};

/** What was observed and said, put together. */
interface Picture {
  readonly able: readonly Candidate[];
  readonly silent: readonly Candidate[];
  readonly claimants: readonly Candidate[];
  /** Who leads now, and can; undefined: nobody does. */
  readonly present: Candidate | undefined;
  readonly isPresentSilent: boolean;
  /** Whom the application names; undefined: nobody, or several. */
  readonly named: Candidate | undefined;
  /** The named one may take over: from a silent leader only with the answers of a majority. */
  readonly mayMove: boolean;
  /** Why it would. */
  readonly departure: LeadReason;
}

const pictureOf = (scene: Scene, { leads, views }: Answers): Picture => {
  const { set, record, pods } = scene;
  const able = ableAmong(scene);
  const silent = able.filter(({ uid }) => leads.get(uid)?.kind !== "answered");
  const claimants = claimantsAmong(able, leads);
  const choice = choose({ names: ROLES, group: set.uid, record, pods, order: byOrdinal });
  const present = choice.kind === "keep" ? choice.target : undefined;
  const isPresentSilent = present !== undefined && silent.includes(present);
  const lost = isPresentSilent ? "LeaderSilent" : "LeaderDenies";
  return {
    able,
    silent,
    claimants,
    present,
    isPresentSilent,
    named: claimants.length > 1 ? electedAmong(claimants, able, { set, views }) : claimants[0],
    mayMove: !isPresentSilent || able.length - silent.length >= majorityOf(set),
    departure: choice.kind === "move" ? choice.reason : lost,
  };
};

const conflicts = ({ claimants, named }: Picture, { set }: Scene): readonly Finding[] => {
  if (claimants.length < 2 || named !== undefined) return [];
  const names = claimants.map(({ name }) => name);
  const message = `${listed(names, ", ")} say that they lead, and no view of ${majorityOf(set)} of ${set.replicas} pods settles it; nobody is promoted`;
  return [trueFinding("Conflict", "SeveralLeaders", message)];
};

const silence = (
  { silent, present, isPresentSilent, named, mayMove }: Picture,
  { set }: Scene,
  { leads }: Answers,
): readonly Finding[] => {
  const whys = silent.map(({ name, uid }) => {
    const answer = leads.get(uid);
    return `${name}: ${answer?.kind === "silent" ? answer.why : "it was not asked"}`;
  });
  const why = listed(whys, "; ");
  if (silent.length === 0) return [];
  if (!isPresentSilent || (named !== undefined && mayMove)) {
    return [trueFinding("Unreachable", "PodsSilent", `no answer is not "follower": ${why}`)];
  }
  const needs = `${majorityOf(set)} answers of ${set.replicas} pods`;
  const wish = named === undefined ? "" : `; ${named.name} says that it leads, but a move needs ${needs}`;
  return [
    trueFinding("Unreachable", "LeaderSilent", `${present?.name} keeps its label without an answer${wish}: ${why}`),
  ];
};

/** A leader that was confirmed once stays until it denies, or another is named. */
const staysIn = ({ present, isPresentSilent, claimants }: Picture): Candidate | undefined =>
  present !== undefined && (isPresentSilent || claimants.includes(present)) ? present : undefined;

/** Who leads, by what was said. Asked again after its answer was applied, it gives the same answer. */
export const judge = (scene: Scene, answers: Answers): Verdict => {
  const picture = pictureOf(scene, answers);
  const { able, silent, claimants, present, named, mayMove, departure } = picture;
  const found = inspect(ROLES, scene.record, scene.pods);
  if (able.length === 0) return { kind: "hold", reason: "PodsNotFound", message: absence(scene), findings: found };
  const findings = [...found, ...conflicts(picture, scene), ...silence(picture, scene, answers)];
  if (named !== undefined && mayMove) {
    return { kind: "lead", target: named, reason: named === present ? "LeaderConfirmed" : departure, findings };
  }
  const staying = staysIn(picture);
  if (staying !== undefined) return { kind: "lead", target: staying, reason: "LeaderKept", findings };
  if (silent.length === able.length) {
    return { kind: "hold", reason: "NobodyAnswers", message: `none of ${able.length} pods answers`, findings };
  }
  const message = claimants.length > 1 ? "several pods say that they lead" : "no pod says that it leads";
  return { kind: "nobody", message, findings };
};

/** Where nobody is asked: a stable choice. */
export const chooseLocally = (scene: Scene): Verdict => {
  const { set, record, pods } = scene;
  const findings = inspect(ROLES, record, pods);
  const choice = choose({ names: ROLES, group: set.uid, record, pods, order: byOrdinal });
  return choice.kind === "none"
    ? { kind: "hold", reason: "PodsNotFound", message: absence(scene), findings }
    : { kind: "lead", target: choice.target, reason: "LocalDev", findings };
};
