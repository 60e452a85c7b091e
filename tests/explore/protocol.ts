/** The shipped functions that the exploration drives, or what a weakened protocol has in their place. */
import { elect } from "../../functions/election/decide.ts";
import { viewElectionPod } from "../../functions/election/model.ts";
import { absorbEnrolled, answerToReread } from "../../functions/kit/handover/attempt.ts";
import { plan, planEnrolment } from "../../functions/kit/handover/plan.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import type { KubeRequest } from "../../functions/kit/kube/request.ts";
import type { Candidate } from "../../functions/kit/pods/candidate.ts";
import { THE_SET } from "../unit/support/builders.ts";
import type { Variant } from "../weakened/variants.ts";

/** Where new epochs begin at 1. Milliseconds since 1970. */
export const EPOCH_ONE: number = Date.UTC(2020, 0, 1, 0, 0, 1);

export interface Protocol {
  readonly plan: typeof plan;
  readonly planEnrolment: typeof planEnrolment;
  readonly elect: typeof elect;
  readonly answerToReread: typeof answerToReread;
  readonly absorbEnrolled: typeof absorbEnrolled;
  readonly view: (pod: KubeObject) => Candidate;
  readonly request: (request: KubeRequest) => KubeRequest;
  readonly podsFirst: boolean;
  /** The two LISTs of a group's pods come one after the other, in either order; otherwise at once. */
  readonly splitLists: boolean;
}

/** Raw objects are looked at for messages only, which nobody reads here. */
const RAW: KubeObject = { metadata: { name: "", uid: "", resourceVersion: "" } };

/** Objects never change here: each is viewed once. */
const remembering = (view: (pod: KubeObject) => Candidate): ((pod: KubeObject) => Candidate) => {
  const seen = new WeakMap<KubeObject, Candidate>();
  return (pod) => {
    const known = seen.get(pod) ?? view(pod);
    seen.set(pod, known);
    return known;
  };
};

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
};

/** `variant` undefined: the protocol as it is shipped. */
export const protocolOf = (variant: Variant | undefined, splitLists: boolean): Protocol => {
  const weakened = { ...NOTHING_LEFT_OUT, ...variant };
  return {
    plan: weakened.plan(plan),
    planEnrolment: weakened.planEnrolment(planEnrolment),
    elect: weakened.elect(elect),
    answerToReread: weakened.answerToReread(answerToReread),
    absorbEnrolled: weakened.absorbEnrolled(absorbEnrolled),
    view: remembering((pod) => weakened.see({ ...viewElectionPod(pod, THE_SET, EPOCH_ONE), raw: RAW })),
    request: weakened.request,
    podsFirst: weakened.podsFirst,
    splitLists,
  };
};
