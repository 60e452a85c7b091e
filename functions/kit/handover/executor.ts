/**
 * Sends the writes of the step function and feeds their answers (new resourceVersions) back into what is observed, so that a whole
 * hand-over needs no second read, unless it made the record, or the record names a pod that was not found. A conflict on a pod
 * re-reads that pod; whatever makes the view itself doubtful ends the attempt with "restart", and the caller begins again at the
 * read. The rules of that are in `attempt.ts`.
 */
import type { Clock } from "../clock.ts";
import type { KubeObject } from "../kube/object.ts";
import { listAll } from "../kube/page.ts";
import { getRequest, PODS, type Transport } from "../kube/request.ts";
import {
  absorbEnrolled,
  absorbPod,
  absorbRecord,
  advance,
  answerToReread,
  answerToHolderFence,
  answerToLook,
  answerToWrite,
  begin,
  hangingHolder,
  isConflict,
  judgeStep,
  podRequest,
  type Phase,
  type PodAnswer,
  type Sent,
  type Settled,
  type Stop,
  type WritingStep,
} from "./attempt.ts";
import type { PodView } from "./model.ts";
import { enrolmentLabel } from "./names.ts";
import { plan, type Observed, type PodChange, type RecordChange, type Target } from "./plan.ts";
import { recordRequest, type RecordSpec } from "./record.ts";

const PARALLEL_WRITES_MAX = 32;

/** What the executor tells about its work; all optional to act on, none may throw. */
export interface HandoverObserver {
  phase(phase: Phase, milliseconds: number): void;
  /** A write was applied. */
  wrote(phase: Phase): void;
  conflict(phase: Phase): void;
}

export interface HandoverPorts<P extends PodView> {
  readonly send: Transport;
  readonly clock: Clock;
  /** Reads a pod as the feature sees it, membership included. */
  readonly view: (pod: KubeObject) => P;
  readonly record: RecordSpec;
  /** The owner still exists as it was read, and tells of no later epoch: asked just before a record is created, or nobody's gets a holder. */
  readonly confirmOwner: () => Promise<boolean>;
  /** On the monotonic clock: later than this no record is written, because what the target was chosen by has aged; default: at any time. */
  readonly recordUntil?: number | undefined;
  readonly observer: HandoverObserver;
}

/** How an attempt ended. */
export type Attempt<P extends PodView> = Settled<P> | Stop;

/** Writes one change, and reads the pod again when it has changed meanwhile. */
const writePod = async <P extends PodView>(
  { send, view }: HandoverPorts<P>,
  { record }: Observed<P>,
  change: PodChange<P>,
): Promise<PodAnswer<P>> => {
  const { pod } = change;
  const answer = answerToWrite(view, pod, await send(podRequest(change)));
  return answer.kind === "reread" ? answerToReread(view, { pod, record }, await send(answer.request)) : answer;
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
      answer: await writePod(ports, observed, change),
    });
    // Batches follow one another so that a large set does not take every connection.
    // oxlint-disable-next-line no-await-in-loop
    for (const { pod, answer } of await Promise.all(batch.map(write))) {
      if (isConflict(answer)) ports.observer.conflict(phase);
      else if (answer.kind === "now" && answer.pod !== undefined) ports.observer.wrote(phase);
      if (sent.stop === undefined) sent = absorbPod(sent.observed, { phase, pod }, answer);
    }
  }
  return sent;
};

const listEnrolled = async <P extends PodView>(
  { send, view, record }: HandoverPorts<P>,
  observed: Observed<P>,
): Promise<Sent<P>> => {
  const labelSelector = `${enrolmentLabel(record.feature)}=${record.group}`;
  const listing = await listAll(send, PODS, { namespace: record.namespace, labelSelector });
  return listing.ok
    ? { observed: absorbEnrolled(observed, listing.items.map(view)) }
    : { observed, stop: { kind: "refused", doing: "list enrolled pods", response: listing.response } };
};

/**
 * Nobody's record becomes somebody's: whoever ended the group meanwhile, because its owner went or was edited, has left just such a record, or
 * none, so that comparing and swapping does not tell.
 */
const needsOwner = ({ previous, holder }: RecordChange): boolean =>
  previous === undefined || (previous.holder === undefined && holder !== undefined);

/** Undefined: the record may move on. */
const fenceHolder = async <P extends PodView>(
  { send, view, record: { namespace } }: HandoverPorts<P>,
  observed: Observed<P>,
  change: RecordChange,
): Promise<Stop | undefined> => {
  const hanging = hangingHolder(observed, change);
  const answer =
    hanging?.kind === "look"
      ? answerToLook(view, observed, { change, response: await send(getRequest(PODS, namespace, hanging.name)) })
      : hanging;
  if (answer?.kind !== "fence") return answer;
  return answerToHolderFence(answer.change.pod, await send(podRequest(answer.change)));
};

/** What keeps the record from being written as it is to be; undefined: nothing. */
const obstacleTo = async <P extends PodView>(
  ports: HandoverPorts<P>,
  observed: Observed<P>,
  change: RecordChange,
): Promise<Stop | undefined> => {
  const stop = await fenceHolder(ports, observed, change);
  if (stop !== undefined) return stop;
  if (needsOwner(change) && !(await ports.confirmOwner())) {
    return { kind: "restart", reason: "the owner is gone or was edited" };
  }
  return ports.clock.monotonic() > (ports.recordUntil ?? Infinity)
    ? { kind: "restart", reason: "what the target was chosen by is too old" }
    : undefined;
};

const writeRecord = async <P extends PodView>(
  ports: HandoverPorts<P>,
  observed: Observed<P>,
  change: RecordChange,
): Promise<Sent<P>> => {
  const stop = await obstacleTo(ports, observed, change);
  if (stop !== undefined) return { observed, stop };
  const response = await ports.send(recordRequest(ports.record, change, ports.clock.serverNow()));
  const sent = absorbRecord(observed, ports.record.name, response);
  if (sent.stop === undefined) ports.observer.wrote("record");
  if (sent.stop?.kind === "restart") ports.observer.conflict("record");
  const isNew = sent.stop === undefined && change.previous === undefined;
  return isNew ? listEnrolled(ports, sent.observed) : sent;
};

const perform = <P extends PodView>(
  ports: HandoverPorts<P>,
  observed: Observed<P>,
  step: WritingStep<P>,
): Promise<Sent<P>> => {
  switch (step.kind) {
    case "record":
      return writeRecord(ports, observed, step.change);
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
  let progress = begin(start);
  for (;;) {
    const next = judgeStep(progress, plan(progress.observed, target));
    if (next.kind !== "perform") return next;
    const { step } = next;
    const begun = ports.clock.monotonic();
    // Each step depends on the answers of the last.
    // oxlint-disable-next-line no-await-in-loop
    const sent = await perform(ports, progress.observed, step);
    ports.observer.phase(step.kind, ports.clock.monotonic() - begun);
    if (sent.stop !== undefined) return sent.stop;
    progress = advance(progress, step, sent.observed);
  }
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
  return sent;
};
