/**
 * Sends the writes of the step function and feeds their answers (new resourceVersions) back into what is observed, so that a
 * whole hand-over needs no second read. A conflict on a pod re-reads that pod; whatever makes the view itself
 * doubtful ends the attempt with "restart", and the caller begins again at the read.
 */
import type { Clock } from "../clock.ts";
import type { KubeObject } from "../kube/object.ts";
import { getRequest, objectOf, patchRequest, PODS, type KubeResponse, type Transport } from "../kube/request.ts";
import { classify } from "../kube/status-class.ts";
import { viewRecord, type PodView, type RecordView, type Stamp } from "./model.ts";
import { plan, type Observed, type PodChange, type Step, type Target } from "./plan.ts";
import { recordRequest, type RecordSpec } from "./record.ts";

const ROUNDS_MAX = 24;
const PARALLEL_WRITES_MAX = 32;

export type Phase = "enrol" | "record" | "fence" | "promote";

/** What the executor tells about its work; all optional to act on, none may throw. */
export interface HandoverObserver {
  phase(phase: Phase, milliseconds: number): void;
  wrote(phase: Phase, count: number): void;
  conflict(phase: Phase): void;
}

export interface HandoverPorts<P extends PodView> {
  readonly send: Transport;
  readonly clock: Clock;
  /** Reads a pod as the feature sees it, membership included. */
  readonly view: (pod: KubeObject) => P;
  readonly record: RecordSpec;
  /** The owner still exists, as it was read: asked just before a record is created. */
  readonly confirmOwner: () => Promise<boolean>;
  readonly observer: HandoverObserver;
}

export type Attempt<P extends PodView> =
  /** Nothing is left to write. `promoted`: this attempt made the last write of a hand-over. */
  | { readonly kind: "settled"; readonly observed: Observed<P>; readonly writes: number; readonly promoted: boolean }
  /** Somebody was faster, or the target is gone: read again, decide again. */
  | { readonly kind: "restart"; readonly reason: string }
  /** The API server is in trouble, or refuses: no use in going on now. */
  | { readonly kind: "refused"; readonly doing: string; readonly response: KubeResponse };

interface Sent<P extends PodView> {
  readonly observed: Observed<P>;
  readonly stop?: Exclude<Attempt<P>, { kind: "settled" }>;
}

const replacePod = <P extends PodView>(observed: Observed<P>, uid: string, next: P | undefined): Observed<P> => ({
  ...observed,
  pods: observed.pods.flatMap((pod) => (pod.uid === uid ? (next === undefined ? [] : [next]) : [pod])),
});

type PodAnswer<P> =
  | { readonly kind: "now"; readonly pod: P | undefined; readonly conflict: boolean }
  /** Another hand-over has stamped the pod since it was listed. */
  | { readonly kind: "overtaken" }
  | { readonly kind: "stop"; readonly response: KubeResponse };

const isStampOf = (stamp: Stamp | undefined, record: RecordView | undefined): boolean =>
  stamp !== undefined && stamp.epoch === record?.epoch && stamp.record === record.uid;

/**
 * A stamp that came since the LIST, and is not of our record's epoch, tells of a hand-over that may have chosen among pods which
 * that LIST did not show. Two records of one group (an edited Lease name, two locks on a StatefulSet) have no other arbiter.
 */
const isOvertaken = (before: PodView, after: PodView, record: RecordView | undefined): boolean =>
  (before.stamp?.epoch !== after.stamp?.epoch || before.stamp?.record !== after.stamp?.record) &&
  !isStampOf(after.stamp, record);

const rereadPod = async <P extends PodView>(
  ports: HandoverPorts<P>,
  pod: P,
  record: RecordView | undefined,
): Promise<PodAnswer<P>> => {
  const response = await ports.send(getRequest(PODS, pod.namespace, pod.name));
  const outcome = classify(response);
  if (outcome === "gone") return { kind: "now", pod: undefined, conflict: true };
  if (outcome !== "ok") return { kind: "stop", response };
  const next = ports.view(objectOf(response));
  // Another uid under the same name: the pod that we knew has vanished.
  if (next.uid !== pod.uid) return { kind: "now", pod: undefined, conflict: true };
  return isOvertaken(pod, next, record) ? { kind: "overtaken" } : { kind: "now", pod: next, conflict: true };
};

/** Writes one change; the answer is the pod as it is now, undefined when it vanished. */
const writePod = async <P extends PodView>(
  ports: HandoverPorts<P>,
  change: PodChange<P>,
  record: RecordView | undefined,
): Promise<PodAnswer<P>> => {
  const { pod, labels, annotations } = change;
  const response = await ports.send(
    patchRequest(PODS, { namespace: pod.namespace, on: pod }, { metadata: { labels, annotations } }),
  );
  const outcome = classify(response);
  if (outcome === "ok") return { kind: "now", pod: ports.view(objectOf(response)), conflict: false };
  if (outcome === "gone") return { kind: "now", pod: undefined, conflict: false };
  return outcome === "stale" ? rereadPod(ports, pod, record) : { kind: "stop", response };
};

/** What one answer makes of the view; `stop` when the attempt cannot go on with it. */
const absorb = <P extends PodView>(
  observed: Observed<P>,
  { phase, pod }: { phase: Phase; pod: P },
  answer: PodAnswer<P>,
): Sent<P> => {
  const { name } = pod;
  switch (answer.kind) {
    case "stop":
      return { observed, stop: { kind: "refused", doing: `${phase} pod ${name}`, response: answer.response } };
    case "overtaken":
      return { observed, stop: { kind: "restart", reason: `pod ${name} was stamped by another hand-over` } };
    case "now": {
      const next = replacePod(observed, pod.uid, answer.pod);
      const unsettled = phase === "promote" && (answer.conflict || answer.pod === undefined);
      return unsettled
        ? { observed: next, stop: { kind: "restart", reason: `pod ${name} changed before its promotion` } }
        : { observed: next };
    }
  }
};

const writePods = async <P extends PodView>(
  ports: HandoverPorts<P>,
  observed: Observed<P>,
  { phase, changes }: { phase: Phase; changes: readonly PodChange<P>[] },
): Promise<Sent<P>> => {
  let sent: Sent<P> = { observed };
  for (let start = 0; start < changes.length && sent.stop === undefined; start += PARALLEL_WRITES_MAX) {
    const batch = changes.slice(start, start + PARALLEL_WRITES_MAX);
    const write = async (change: PodChange<P>): Promise<{ pod: P; answer: PodAnswer<P> }> => ({
      pod: change.pod,
      answer: await writePod(ports, change, observed.record),
    });
    // Batches follow one another so that a large set does not take every connection.
    // oxlint-disable-next-line no-await-in-loop
    for (const { pod, answer } of await Promise.all(batch.map(write))) {
      if (answer.kind === "overtaken" || (answer.kind === "now" && answer.conflict)) ports.observer.conflict(phase);
      if (sent.stop === undefined) sent = absorb(sent.observed, { phase, pod }, answer);
    }
  }
  return sent;
};

const writeRecord = async <P extends PodView>(
  ports: HandoverPorts<P>,
  observed: Observed<P>,
  { change }: Extract<Step<P>, { kind: "record" }>,
): Promise<Sent<P>> => {
  if (change.previous === undefined && !(await ports.confirmOwner())) {
    return { observed, stop: { kind: "restart", reason: "the owner is gone or was edited" } };
  }
  const response = await ports.send(recordRequest(ports.record, change, ports.clock.serverNow()));
  const outcome = classify(response);
  if (outcome === "ok") {
    return { observed: { ...observed, record: viewRecord(objectOf(response), observed.now) } };
  }
  if (outcome === "stale" || outcome === "exists" || outcome === "gone") {
    ports.observer.conflict("record");
    return { observed, stop: { kind: "restart", reason: "the record changed" } };
  }
  return { observed, stop: { kind: "refused", doing: `write Lease ${ports.record.name}`, response } };
};

type WritingStep<P extends PodView> = Exclude<Step<P>, { kind: "settled" } | { kind: "restart" }>;

const perform = <P extends PodView>(
  ports: HandoverPorts<P>,
  observed: Observed<P>,
  step: WritingStep<P>,
): Promise<Sent<P>> => {
  switch (step.kind) {
    case "record":
      return writeRecord(ports, observed, step);
    case "promote":
      return writePods(ports, observed, { phase: "promote", changes: [step.change] });
    case "enrol":
    case "fence":
      return writePods(ports, observed, { phase: step.kind, changes: step.changes });
  }
};

/** Carries the group to rest under `target`: bounded rounds, every write conditional. */
export const handOver = async <P extends PodView>(
  ports: HandoverPorts<P>,
  start: Observed<P>,
  target: Target,
): Promise<Attempt<P>> => {
  let observed = start;
  let writes = 0;
  let promoted = false;
  let handing = false;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const step = plan(observed, target);
    if (step.kind === "settled") return { kind: "settled", observed, writes, promoted };
    if (step.kind === "restart") return step;
    // A pod that was read again is ahead of our record: the pods were listed before whatever brought it there.
    if (step.kind === "record" && handing) return { kind: "restart", reason: "a pod is ahead of the record" };
    handing ||= step.kind !== "enrol";
    const begun = ports.clock.monotonic();
    // Each step depends on the answers of the last.
    // oxlint-disable-next-line no-await-in-loop
    const sent = await perform(ports, observed, step);
    ports.observer.phase(step.kind, ports.clock.monotonic() - begun);
    if (sent.stop !== undefined) return sent.stop;
    const count = "changes" in step ? step.changes.length : 1;
    ports.observer.wrote(step.kind, count);
    writes += count;
    promoted ||= step.kind === "promote";
    ({ observed } = sent);
  }
  return { kind: "restart", reason: `not at rest after ${ROUNDS_MAX} rounds` };
};

/** One phase by itself: enrolment before a target can be chosen, or the repair of a group that nobody can lead. */
export const writePhase = async <P extends PodView>(
  ports: HandoverPorts<P>,
  observed: Observed<P>,
  { phase, changes }: { phase: "enrol" | "fence"; changes: readonly PodChange<P>[] },
): Promise<Sent<P>> => {
  if (changes.length === 0) return { observed };
  const begun = ports.clock.monotonic();
  const sent = await writePods(ports, observed, { phase, changes });
  ports.observer.phase(phase, ports.clock.monotonic() - begun);
  ports.observer.wrote(phase, changes.length);
  return sent;
};
