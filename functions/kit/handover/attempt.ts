/**
 * The rules of one attempt at a hand-over, apart from the sending: which of the plan's steps may be carried out, what each answer
 * makes of what is observed, and when the attempt has to end. Whoever sends calls `plan` and passes its step in; so the executor
 * and the exhaustive exploration of the protocol go by the same rules.
 */
import type { KubeObject } from "../kube/object.ts";
import { getRequest, objectOf, patchRequest, PODS, type KubeRequest, type KubeResponse } from "../kube/request.ts";
import { classify } from "../kube/status-class.ts";
import { isObjectName } from "../spec.ts";
import { viewRecord, type PodView, type RecordView, type Stamp } from "./model.ts";
import {
  fencing,
  hasStamp,
  outrun,
  stampOf,
  type Observed,
  type PodChange,
  type RecordChange,
  type Step,
} from "./plan.ts";

const ROUNDS_MAX = 24;

export type Phase = "enrol" | "record" | "fence" | "promote";

/** How far an attempt has come. */
export interface Progress<P extends PodView> {
  readonly observed: Observed<P>;
  readonly rounds: number;
  readonly writes: number;
  /** Record, fence or promotion were written: from here on the record is the one that this attempt works under. */
  readonly handing: boolean;
  readonly promoted: boolean;
}

/** Nothing is left to write. `promoted`: this attempt made the last write of a hand-over. */
export interface Settled<P extends PodView> {
  readonly kind: "settled";
  readonly observed: Observed<P>;
  readonly writes: number;
  readonly promoted: boolean;
}

export type Stop =
  /** Somebody was faster, or the target is gone: read again, decide again. */
  | { readonly kind: "restart"; readonly reason: string }
  /** The API server is in trouble, or refuses: no use in going on now. */
  | { readonly kind: "refused"; readonly doing: string; readonly response: KubeResponse };

export type WritingStep<P extends PodView> = Exclude<Step<P>, { kind: "settled" } | { kind: "restart" }>;

/** What answers made of the view; `stop` when the attempt cannot go on with it. */
export interface Sent<P extends PodView> {
  readonly observed: Observed<P>;
  readonly stop?: Stop;
}

const restart = (reason: string): Stop => ({ kind: "restart", reason });

export const begin = <P extends PodView>(observed: Observed<P>): Progress<P> => ({
  observed,
  rounds: 0,
  writes: 0,
  handing: false,
  promoted: false,
});

/** What the plan's step means here: it is performed, or the attempt ends. */
export const judgeStep = <P extends PodView>(
  { observed, rounds, writes, handing, promoted }: Progress<P>,
  step: Step<P>,
): { readonly kind: "perform"; readonly step: WritingStep<P> } | Settled<P> | Stop => {
  if (rounds === ROUNDS_MAX) return restart(`not at rest after ${ROUNDS_MAX} rounds`);
  if (step.kind === "settled") return { kind: "settled", observed, writes, promoted };
  if (step.kind === "restart") return step;
  // A pod that was read or listed again is ahead of our record: the others were listed before whatever brought it there.
  if (step.kind === "record" && handing) return restart("a pod is ahead of the record");
  return { kind: "perform", step };
};

export const writesOf = <P extends PodView>(step: WritingStep<P>): number =>
  "changes" in step ? step.changes.length : 1;

/** After a step whose answers are all in, none of which stopped the attempt. */
export const advance = <P extends PodView>(
  { rounds, writes, handing, promoted }: Progress<P>,
  step: WritingStep<P>,
  observed: Observed<P>,
): Progress<P> => ({
  observed,
  rounds: rounds + 1,
  writes: writes + writesOf(step),
  handing: handing || step.kind !== "enrol",
  promoted: promoted || step.kind === "promote",
});

export type PodAnswer<P extends PodView> =
  /** The pod as it is now; undefined: it vanished. */
  | { readonly kind: "now"; readonly pod: P | undefined; readonly conflict: boolean }
  /** Another hand-over has stamped the pod since it was listed. */
  | { readonly kind: "overtaken" }
  | { readonly kind: "stop"; readonly response: KubeResponse };

/** The write met a pod that has changed: what it is now says how to go on. */
export interface Reread {
  readonly kind: "reread";
  readonly request: KubeRequest;
}

export const isConflict = <P extends PodView>(answer: PodAnswer<P>): boolean =>
  answer.kind === "overtaken" || (answer.kind === "now" && answer.conflict);

export const podRequest = <P extends PodView>({ pod, labels, annotations }: PodChange<P>): KubeRequest =>
  patchRequest(PODS, { namespace: pod.namespace, on: pod }, { metadata: { labels, annotations } });

/** What the answer to a pod's write means. */
export const answerToWrite = <P extends PodView>(
  view: (pod: KubeObject) => P,
  pod: P,
  response: KubeResponse,
): PodAnswer<P> | Reread => {
  const outcome = classify(response);
  if (outcome === "ok") return { kind: "now", pod: view(objectOf(response)), conflict: false };
  if (outcome === "gone") return { kind: "now", pod: undefined, conflict: false };
  if (outcome !== "stale") return { kind: "stop", response };
  return { kind: "reread", request: getRequest(PODS, pod.namespace, pod.name) };
};

const isStampOf = (stamp: Stamp | undefined, record: RecordView | undefined): boolean =>
  stamp !== undefined && stamp.epoch === record?.epoch && stamp.record === record.uid;

/**
 * A stamp that came since the LIST, and is not of our record's epoch, tells of a hand-over that may have chosen among pods which
 * that LIST did not show. Two records of one group (an edited Lease name, two locks on a StatefulSet) have no other arbiter.
 */
const isOvertaken = (before: PodView, after: PodView, record: RecordView | undefined): boolean =>
  (before.stamp?.epoch !== after.stamp?.epoch || before.stamp?.record !== after.stamp?.record) &&
  !isStampOf(after.stamp, record);

/** What the answer to the GET after a conflict means; `pod` as it was before, `record` the one that the attempt works under. */
export const answerToReread = <P extends PodView>(
  view: (pod: KubeObject) => P,
  { pod, record }: { readonly pod: P; readonly record: RecordView | undefined },
  response: KubeResponse,
): PodAnswer<P> => {
  const outcome = classify(response);
  if (outcome === "gone") return { kind: "now", pod: undefined, conflict: true };
  if (outcome !== "ok") return { kind: "stop", response };
  const next = view(objectOf(response));
  // Another uid under the same name: the pod that we knew has vanished.
  if (next.uid !== pod.uid) return { kind: "now", pod: undefined, conflict: true };
  return isOvertaken(pod, next, record) ? { kind: "overtaken" } : { kind: "now", pod: next, conflict: true };
};

const replacePod = <P extends PodView>(observed: Observed<P>, uid: string, next: P | undefined): Observed<P> => ({
  ...observed,
  pods: observed.pods.flatMap((pod) => (pod.uid === uid ? (next === undefined ? [] : [next]) : [pod])),
});

/** What one answer makes of the view. A target that changed before its promotion was chosen by what it was. */
export const absorbPod = <P extends PodView>(
  observed: Observed<P>,
  { phase, pod }: { readonly phase: Phase; readonly pod: P },
  answer: PodAnswer<P>,
): Sent<P> => {
  const { name } = pod;
  switch (answer.kind) {
    case "stop":
      return { observed, stop: { kind: "refused", doing: `${phase} pod ${name}`, response: answer.response } };
    case "overtaken":
      return { observed, stop: restart(`pod ${name} was stamped by another hand-over`) };
    case "now": {
      const next = replacePod(observed, pod.uid, answer.pod);
      const unsettled = phase === "promote" && (answer.conflict || answer.pod === undefined);
      return unsettled
        ? { observed: next, stop: restart(`pod ${name} changed before its promotion`) }
        : { observed: next };
    }
  }
};

/**
 * Pods of a group without a record were not read after one: since then a record may have come and gone unseen, and whoever it chose is
 * enrolled. So the enrolled pods are listed again once the record is there. Those that were known as enrolled stay as they were observed:
 * the write of a pod that has changed since must meet a conflict.
 */
export const absorbEnrolled = <P extends PodView>(observed: Observed<P>, enrolled: readonly P[]): Observed<P> => {
  const known = new Set(observed.pods.filter(({ group }) => group === observed.group).map(({ uid }) => uid));
  const found = enrolled.filter(({ uid }) => !known.has(uid));
  const news = new Set(found.map(({ uid }) => uid));
  return { ...observed, pods: [...observed.pods.filter(({ uid }) => !news.has(uid)), ...found] };
};

/** Whom the record names, and who is to be fenced before it moves on: an enrolled pod that was observed, or one to be looked for. */
export type Hanging<P extends PodView> =
  | { readonly kind: "fence"; readonly change: PodChange<P> }
  | { readonly kind: "look"; readonly name: string };

/**
 * Whom the record names, unless an enrolled pod was observed that was written under it. It has vanished, or lost its enrolment while it was
 * named, or somebody who has given notice before it was named is still about to let it go: of such a pod no later LIST may tell, and whoever
 * knows the record as it is may still enrol and promote it. Undefined: nobody hangs in the air like that.
 */
export const hangingHolder = <P extends PodView>(
  { names, group, pods }: Observed<P>,
  { previous, epoch }: RecordChange,
): Hanging<P> | undefined => {
  const { holder } = previous ?? {};
  // No pod has a name that no object can have: somebody has edited it.
  if (previous?.epoch === undefined || holder === undefined || !isObjectName(holder.name)) return undefined;
  const pod = pods.find(({ uid, group: own }) => uid === holder.uid && own === group);
  if (pod === undefined) return { kind: "look", name: holder.name };
  const { uid } = previous;
  const present = { uid, epoch: previous.epoch };
  return hasStamp(pod, present) || outrun(pod, present)
    ? undefined
    : { kind: "fence", change: fencing(names, pod, { uid, epoch }) };
};

/** One that was looked for is fenced by the stamp alone, because it may be enrolled elsewhere. Undefined: nothing is to be done. */
export const answerToLook = <P extends PodView>(
  view: (pod: KubeObject) => P,
  { names, group }: Observed<P>,
  { change: { previous, epoch }, response }: { readonly change: RecordChange; readonly response: KubeResponse },
): Extract<Hanging<P>, { kind: "fence" }> | Stop | undefined => {
  const outcome = classify(response);
  if (outcome === "gone" || previous?.epoch === undefined) return undefined;
  if (outcome !== "ok") return { kind: "refused", doing: "get the pod that the record names", response };
  const pod = view(objectOf(response));
  const { uid } = previous;
  if (pod.uid !== previous.holder?.uid) return undefined;
  if (pod.group === group) return restart(`pod ${pod.name} was enrolled meanwhile`);
  // Nobody promotes it by this record any more. So another group's leader is stamped once at most.
  if (outrun(pod, { uid, epoch: previous.epoch })) return undefined;
  return { kind: "fence", change: { pod, labels: {}, annotations: stampOf(names, { uid, epoch }) } };
};

/** What the answer to that fence means; undefined: the record may move on. */
export const answerToHolderFence = ({ name }: PodView, response: KubeResponse): Stop | undefined => {
  const outcome = classify(response);
  if (outcome === "ok" || outcome === "gone") return undefined;
  if (outcome === "stale") return restart(`pod ${name} changed before the record did`);
  return { kind: "refused", doing: `fence pod ${name}`, response };
};

/** What the answer to the record's write makes of the view; `name` is the Lease's. */
export const absorbRecord = <P extends PodView>(
  observed: Observed<P>,
  name: string,
  response: KubeResponse,
): Sent<P> => {
  const outcome = classify(response);
  if (outcome === "ok") return { observed: { ...observed, record: viewRecord(objectOf(response), observed.now) } };
  const faster = outcome === "stale" || outcome === "exists" || outcome === "gone";
  return faster
    ? { observed, stop: restart("the record changed") }
    : { observed, stop: { kind: "refused", doing: `write Lease ${name}`, response } };
};
