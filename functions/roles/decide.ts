/**
 * Who leads by what the pods said. The application decides; a leader that it named loses its label only to a successor that it names as
 * well, or by its own word.
 */
import { listed, trueFinding, type Finding } from "../kit/conditions.ts";
import { choose, disqualification, type Departure } from "../kit/handover/choose.ts";
import { inspect } from "../kit/handover/inspect.ts";
import type { RecordView } from "../kit/handover/model.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import type { SetView } from "../kit/pods/stateful-set.ts";
import type { LeaderAnswer, ServersAnswer, ServerView } from "./ask/ask.ts";
import { ROLES } from "./labels.ts";

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

/** One of the replicas that a majority is made of; not so a pod that a smaller `spec.replicas` or another first ordinal is about to remove. */
const isReplica = ({ name: set, firstOrdinal, replicas }: SetView, { name, ordinal }: Candidate): boolean =>
  name === `${set}-${ordinal}` && ordinal >= firstOrdinal && ordinal < firstOrdinal + replicas;

/** By its id, or by the first DNS label of its address. */
const isServer = ({ id, rpcAddr }: ServerView, { name }: Candidate): boolean =>
  id === name || /^[^.:]+/.exec(rpcAddr)?.[0] === name;

/** The one pod that the answer takes for the leader. */
const seenLeader = (answer: ServersAnswer | undefined, pods: readonly Candidate[]): Candidate | undefined => {
  if (answer?.kind !== "answered") return undefined;
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
  const votes = able.filter((pod) => isReplica(set, pod)).map(({ uid }) => seenLeader(views.get(uid), able));
  return claimants.find((pod) => votes.filter((vote) => vote === pod).length >= majorityOf(set));
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
  /** The named one may take over: from a silent leader only with the answers of a majority of the replicas. */
  readonly mayMove: boolean;
  /** Why it would. */
  readonly departure: LeadReason;
}

const pictureOf = (scene: Scene, { leads, views }: Answers): Picture => {
  const { set, record, pods } = scene;
  const able = ableAmong(scene);
  const silent = able.filter(({ uid }) => leads.get(uid)?.kind !== "answered");
  const answering = able.filter((pod) => isReplica(set, pod) && !silent.includes(pod));
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
    mayMove: !isPresentSilent || answering.length >= majorityOf(set),
    departure: choice.kind === "move" ? choice.reason : lost,
  };
};

const conflicts = ({ claimants, named }: Picture, { set }: Scene): readonly Finding[] => {
  if (claimants.length < 2 || named !== undefined) return [];
  const names = claimants.map(({ name }) => name);
  const message = `${listed(names, ", ")} say that they lead, and no view of ${majorityOf(set)} of ${set.replicas} replicas settles it; nobody is promoted`;
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
  const needs = `${majorityOf(set)} answers of ${set.replicas} replicas`;
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
