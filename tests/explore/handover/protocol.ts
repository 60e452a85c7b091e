/** The shipped functions that the exploration drives, or what a weakened protocol has in their place; and what differs between the features. */
import { elect } from "../../../functions/election/decide.ts";
import { ROLES } from "../../../functions/election/labels.ts";
import { viewElectionPod } from "../../../functions/election/model.ts";
import { absorbEnrolled, answerToReread } from "../../../functions/kit/handover/attempt.ts";
import type { RecordView } from "../../../functions/kit/handover/model.ts";
import type { RoleNames } from "../../../functions/kit/handover/names.ts";
import { plan, planEnrolment, type Target } from "../../../functions/kit/handover/plan.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { KubeRequest } from "../../../functions/kit/kube/request.ts";
import type { Candidate } from "../../../functions/kit/pods/candidate.ts";
import { selectorText } from "../../../functions/kit/selector.ts";
import { lockView, SET_UID, THE_SET } from "../../unit/support/builders.ts";
import type { Variant } from "../../weakened/variants.ts";
import { LEASE_NAMES } from "./faults.ts";
import type { Local, Writing } from "./local.ts";
import type { Lock, Server, Word } from "./server.ts";

/** Where new epochs begin at 1. Milliseconds since 1970. */
export const EPOCH_ONE: number = Date.UTC(2020, 0, 1, 0, 0, 1);

/** A group under one of its records. */
export interface Team {
  readonly group: string;
  /** Finds its members. */
  readonly selector: string;
  readonly leaseName: string;
  readonly view: (pod: KubeObject) => Candidate;
}

/** What is known when it is decided who leads. */
export interface Scene {
  readonly lock: Lock;
  readonly record: RecordView | undefined;
  readonly pods: readonly Candidate[];
  /** Roles: what the pods said. */
  readonly word: Word | undefined;
}

/** What differs between the features. */
export interface Rules {
  readonly names: RoleNames;
  /** By the Lease. */
  readonly teams: readonly Team[];
  /** Undefined: nobody is moved. */
  readonly decide: (scene: Scene) => Target | undefined;
  /** The owner still stands for the group; undefined: only the election's may change. */
  readonly isOwned?: (server: Server, lock: Lock) => boolean;
  /** What comes after a hand-over, an end or a repair; undefined: nothing. */
  readonly goesOn?: (stage: Omit<Writing, "replies">) => Local;
  /** Roles: the pods are asked before that is decided; by a weakened protocol before anything is read. */
  readonly asks?: "last" | "first";
}

/** The hand-over itself, which all features share. */
export interface Protocol extends Rules {
  readonly plan: typeof plan;
  readonly planEnrolment: typeof planEnrolment;
  readonly answerToReread: typeof answerToReread;
  readonly absorbEnrolled: typeof absorbEnrolled;
  readonly request: (request: KubeRequest) => KubeRequest;
  readonly podsFirst: boolean;
  /** A pod that the record names, and that was not among those that were read, is fenced before the record moves on. */
  readonly seeksHolder: boolean;
  /** The two LISTs of a group's pods come one after the other, in either order; otherwise at once. */
  readonly splitLists: boolean;
}

/** Raw objects are looked at for messages only, which nobody reads here. */
const RAW: KubeObject = { metadata: { name: "", uid: "", resourceVersion: "" } };

/** Objects never change here: each is viewed once, and without what it is made of. */
export const remembering = (view: (pod: KubeObject) => Candidate): ((pod: KubeObject) => Candidate) => {
  const seen = new WeakMap<KubeObject, Candidate>();
  return (pod) => {
    const known = seen.get(pod) ?? { ...view(pod), raw: RAW };
    seen.set(pod, known);
    return known;
  };
};

export const teamOf = (protocol: Pick<Protocol, "teams">, { lease }: Pick<Lock, "lease">): Team => {
  const team = protocol.teams[lease];
  if (team === undefined) throw new Error(`lease: got ${lease}, accepts 0 to ${protocol.teams.length - 1}`);
  return team;
};

export const nowOf = ({ clock }: Pick<Server, "clock">): number => EPOCH_ONE + clock.second * 1000;

const same = <T>(value: T): T => value;
const NOTHING_LEFT_OUT = {
  plan: same,
  planEnrolment: same,
  elect: same,
  answerToReread: same,
  absorbEnrolled: same,
  see: same,
  request: same,
  podsFirst: false,
  seeksHolder: true,
};

export const handoverBy = (rules: Rules): Protocol => ({
  ...rules,
  plan,
  planEnrolment,
  answerToReread,
  absorbEnrolled,
  request: same,
  podsFirst: false,
  seeksHolder: true,
  splitLists: false,
});

const LOCK = lockView();

/** The election. `variant` undefined: the protocol as it is shipped. */
export const protocolOf = (variant: Variant | undefined, splitLists: boolean): Protocol => {
  const weakened = { ...NOTHING_LEFT_OUT, ...variant };
  const chooses = weakened.elect(elect);
  const view = remembering((pod) => weakened.see(viewElectionPod(pod, THE_SET, EPOCH_ONE)));
  const selector = selectorText(THE_SET.selector);
  return {
    names: ROLES,
    teams: LEASE_NAMES.map((leaseName) => ({ group: SET_UID, selector, leaseName, view })),
    decide: ({ lock, record, pods }) => {
      const election = chooses({ lock: { ...LOCK, switchoverTo: lock.wish }, set: THE_SET, record, pods });
      return election.kind === "lead" ? { kind: "pod", uid: election.target.uid } : undefined;
    },
    plan: weakened.plan(plan),
    planEnrolment: weakened.planEnrolment(planEnrolment),
    answerToReread: weakened.answerToReread(answerToReread),
    absorbEnrolled: weakened.absorbEnrolled(absorbEnrolled),
    request: weakened.request,
    podsFirst: weakened.podsFirst,
    seeksHolder: weakened.seeksHolder,
    splitLists,
  };
};
