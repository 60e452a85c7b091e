/**
 * The hand-over with one thing left out, each as a wrapper around the shipped functions: whoever checks the protocol has to
 * find the flaw of each, or proves nothing. The exploration (tests/explore) calls the wrapped functions itself; the simulation
 * puts them in the place of the modules' exports (`plan.ts`, `decide.ts`, `candidate.ts`), its transport or its order of reads.
 */
import type { elect } from "../../functions/election/decide.ts";
import type { PodView, RecordView } from "../../functions/kit/handover/model.ts";
import type { Observed, plan, planEnrolment, PodChange, Step, Target } from "../../functions/kit/handover/plan.ts";
import type { absorbEnrolled, answerToReread } from "../../functions/kit/handover/attempt.ts";
import { objectOf, type KubeRequest, type PatchBody } from "../../functions/kit/kube/request.ts";

type Plan = typeof plan;
type PlanEnrolment = typeof planEnrolment;
type Elect = typeof elect;

/** What the flaw leads to: two writers (S1), an epoch that goes back (S4), or a group that never comes to rest (L1). */
export type Flaw = "S1" | "S4" | "L1";

export interface Variant {
  readonly name: string;
  /** What this protocol lacks, as half a sentence. */
  readonly leavesOut: string;
  readonly flaw: Flaw;
  /** In the place of `plan`. It never sees more than `plan` does, and answers with changes of the pods that it was given. */
  readonly plan?: (real: Plan) => Plan;
  /** In the place of `planEnrolment` where that is called apart from `plan`: whoever wraps one has wrapped the other alike. */
  readonly planEnrolment?: (real: PlanEnrolment) => PlanEnrolment;
  /** In the place of `elect`. */
  readonly elect?: (real: Elect) => Elect;
  /** Applied to every pod that was viewed (the result of `viewPod`, or of `viewCandidate`). */
  readonly see?: <P extends PodView>(pod: P) => P;
  /** Applied to every request, on its way to the server. */
  readonly request?: (request: KubeRequest) => KubeRequest;
  /** In the place of `answerToReread`. */
  readonly answerToReread?: (real: typeof answerToReread) => typeof answerToReread;
  /** In the place of `absorbEnrolled`. */
  readonly absorbEnrolled?: (real: typeof absorbEnrolled) => typeof absorbEnrolled;
  /** The pods are read first, the record after them. */
  readonly podsFirst?: true;
  /** Whom the record names is not fenced before it moves on, be it found or not. */
  readonly seeksHolder?: false;
}

const NOBODY: Target = { kind: "nobody" };

/** Asks `real` about pods that look different, and answers about the pods as they are. */
const pretending = <P extends PodView>(
  real: Plan,
  { observed, target }: { observed: Observed<P>; target: Target },
  look: (pod: P) => P,
): Step<P> => {
  const originals = new Map(observed.pods.map((pod) => [pod.uid, pod]));
  const step = real({ ...observed, pods: observed.pods.map(look) }, target);
  const original = (pod: P): P => originals.get(pod.uid) ?? pod;
  if (step.kind === "promote") return { ...step, change: { ...step.change, pod: original(step.change.pod) } };
  return step.kind === "enrol" || step.kind === "fence"
    ? { ...step, changes: step.changes.map(({ pod, ...patch }) => ({ pod: original(pod), ...patch })) }
    : step;
};

/** What all instances of a protocol without a record take for one: it never changes, and names whom each of them wants. */
const imagined = (observed: Observed, uid: string): RecordView => {
  const name = observed.pods.find((pod) => pod.uid === uid)?.name ?? "";
  const identity = { name: "", namespace: "", uid: "imagined", resourceVersion: "", holder: { name, uid }, epoch: 1 };
  const times = { leaseDurationSeconds: undefined, renewTime: undefined, acquireTime: undefined };
  return { ...identity, ...times, tampered: false, leaseTransitions: 0 };
};

/** Enrols, then goes to `target` under the imagined record; `concerned` says which pods it looks at beside the target. */
const withoutRecord =
  (concerned: (pod: PodView) => boolean) =>
  (real: Plan): Plan =>
  (observed, target) => {
    const enrolment = real({ ...observed, record: undefined }, NOBODY);
    if (enrolment.kind === "enrol" || target.kind === "nobody") return enrolment;
    const pods = observed.pods.filter((pod) => pod.uid === target.uid || concerned(pod));
    return real({ ...observed, record: imagined(observed, target.uid), pods }, target);
  };

/** Leaves out of every fence the pods that `concerned` does not name; when none is left, goes on as if they were fenced. */
const fencingOnly =
  (concerned: (pod: PodView, names: Observed["names"]) => boolean) =>
  (real: Plan): Plan =>
  (observed, target) => {
    const step = real(observed, target);
    if (step.kind !== "fence") return step;
    const changes = step.changes.filter(({ pod }) => concerned(pod, observed.names));
    if (changes.length > 0) return { ...step, changes };
    const skipped = new Set(step.changes.map(({ pod }) => pod.uid));
    return real({ ...observed, pods: observed.pods.filter(({ uid }) => !skipped.has(uid)) }, target);
  };

/** Enrolment gives no role. */
const withoutRole = <P extends PodView>(
  { names }: Observed,
  { pod, labels, annotations }: PodChange<P>,
): PodChange<P> => {
  const { [names.roleLabel]: _role, ...rest } = labels;
  return { pod, labels: rest, annotations };
};

const roleless: (real: PlanEnrolment) => PlanEnrolment = (real) => (observed) =>
  real(observed).map((change) => withoutRole(observed, change));

/** Whoever has no role is not fenced. */
const skippingUnlabelled = (real: Plan): Plan => {
  const fenced = fencingOnly((pod) => pod.role !== undefined)(real);
  return (observed, target) => {
    const step = fenced(observed, target);
    return step.kind === "enrol"
      ? { ...step, changes: step.changes.map((change) => withoutRole(observed, change)) }
      : step;
  };
};

const stampedNow =
  (record: RecordView | undefined) =>
  <P extends PodView>(pod: P): P =>
    record?.epoch === undefined ? pod : { ...pod, stamp: { epoch: record.epoch, record: record.uid } };

const stampIdentified =
  (record: RecordView | undefined) =>
  <P extends PodView>(pod: P): P =>
    pod.stamp === undefined ? pod : { ...pod, stamp: { ...pod.stamp, record: record?.uid ?? "" } };

const stampOfRecordOnly =
  (record: RecordView | undefined) =>
  <P extends PodView>(pod: P): P =>
    pod.stamp === undefined || pod.stamp.record === record?.uid ? pod : { ...pod, stamp: undefined };

const enrolled =
  (group: string, isConcerned: (pod: PodView) => boolean) =>
  <P extends PodView>(pod: P): P =>
    isConcerned(pod) ? { ...pod, group } : pod;

/** Enrols every member but the target, and takes the target for enrolled. */
const nominatingUnenrolled =
  (real: Plan): Plan =>
  (observed, target) => {
    const isTarget = ({ uid, member }: PodView): boolean => target.kind === "pod" && uid === target.uid && member;
    return pretending(real, { observed, target }, enrolled(observed.group, isTarget));
  };

/** Stops where the record is behind a stamp, instead of taking a new epoch for the same holder. */
const withoutCatchingUp =
  (real: Plan): Plan =>
  (observed, target) => {
    const step = real(observed, target);
    const catchesUp =
      step.kind === "record" &&
      observed.record?.epoch !== undefined &&
      step.change.holder?.uid === observed.record.holder?.uid;
    return catchesUp ? { kind: "restart", reason: "a stamp is ahead of the record" } : step;
  };

/** What a function without conditional writes would send. */
const unconditional = (request: KubeRequest): KubeRequest => {
  if (request.method !== "PATCH") return request;
  const body = request.body as PatchBody;
  const { uid: _uid, resourceVersion: _version, ...metadata } = body.metadata ?? {};
  return { ...request, body: { ...body, metadata } };
};

export const VARIANTS: readonly Variant[] = [
  {
    name: "unconditional-patches",
    leavesOut: "the preconditions of patches",
    flaw: "S1",
    request: unconditional,
  },
  {
    name: "add-without-remove",
    leavesOut: "record and fence: the role is added where no healthy pod has it",
    flaw: "S1",
    plan: withoutRecord(() => false),
  },
  {
    name: "remove-then-add",
    leavesOut: "the record: others are fenced, then the target is promoted, each by its resourceVersion",
    flaw: "S1",
    plan: withoutRecord(() => true),
  },
  {
    name: "record-without-stamps",
    leavesOut: "the stamps: a pod counts as fenced when its role and token say so",
    flaw: "S1",
    plan: (real) => (observed, target) => pretending(real, { observed, target }, stampedNow(observed.record)),
    see: (pod) => ({ ...pod, stamp: undefined }),
    seeksHolder: false,
  },
  {
    name: "fence-previous-leader-only",
    leavesOut: "the fence of every pod that is not seen to lead, and of whom the record names before it moves on",
    flaw: "S1",
    plan: fencingOnly((pod, names) => pod.role === names.leader || pod.token !== undefined),
    seeksHolder: false,
  },
  {
    name: "skip-unlabelled",
    leavesOut: "the fence of members without a role, and of whom the record names before it moves on",
    flaw: "S1",
    plan: skippingUnlabelled,
    planEnrolment: roleless,
    seeksHolder: false,
  },
  {
    name: "pods-before-record",
    leavesOut: "the order of the reads, and the fence of whom the record names before it moves on",
    flaw: "S1",
    podsFirst: true,
    seeksHolder: false,
  },
  {
    name: "stamps-without-record",
    leavesOut: "the record's identity in the stamps",
    flaw: "S1",
    plan: (real) => (observed, target) => pretending(real, { observed, target }, stampIdentified(observed.record)),
    see: (pod) => (pod.stamp === undefined ? pod : { ...pod, stamp: { ...pod.stamp, record: "" } }),
  },
  {
    name: "fence-selected-only",
    leavesOut: "enrolled pods that the selector does not find",
    flaw: "S1",
    plan: (real) => (observed, target) =>
      real({ ...observed, pods: observed.pods.filter(({ member }) => member) }, target),
  },
  {
    name: "nominate-unenrolled",
    leavesOut: "the enrolment of the target",
    flaw: "S1",
    plan: nominatingUnenrolled,
    planEnrolment: () => () => [],
    elect: (real) => (input) => real({ ...input, pods: input.pods.map(enrolled(input.set.uid, (pod) => pod.member)) }),
  },
  {
    name: "epochs-start-again",
    leavesOut: "the floor of a new epoch: it is one more than the record's, or 1",
    flaw: "S4",
    plan: (real) => (observed, target) =>
      pretending(real, { observed: { ...observed, now: 0, epochSeen: 0 }, target }, stampOfRecordOnly(observed.record)),
  },
  {
    name: "no-catching-up",
    leavesOut: "the new epoch for the same holder when a stamp is ahead of the record",
    flaw: "L1",
    plan: withoutCatchingUp,
  },
];

/**
 * Flaws that need two records of one group, one after the other or at once (an older lock takes a StatefulSet over): the exploration
 * finds them, and histories that are made for it.
 */
export const VARIANTS_OF_TWO_RECORDS: readonly Variant[] = [
  {
    name: "pods-before-new-record",
    leavesOut: "the LIST of the enrolled pods after a record is made",
    flaw: "S1",
    absorbEnrolled: () => (observed) => observed,
  },
  {
    name: "trust-reread",
    leavesOut: "that LIST, and the question who has stamped a pod that is read again after a conflict",
    flaw: "S1",
    absorbEnrolled: () => (observed) => observed,
    answerToReread: (real) => (view, known, response) => {
      const answer = real(view, known, response);
      return answer.kind === "overtaken" ? { kind: "now", pod: view(objectOf(response)), conflict: true } : answer;
    },
  },
];

/** Throws for a name that is none. */
export const variantNamed = (name: string): Variant => {
  const variants = [...VARIANTS, ...VARIANTS_OF_TWO_RECORDS];
  const variant = variants.find((known) => known.name === name);
  if (variant !== undefined) return variant;
  throw new Error(`variant: got ${JSON.stringify(name)}, accepts ${variants.map((known) => known.name).join(", ")}`);
};
