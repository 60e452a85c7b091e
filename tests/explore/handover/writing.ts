/**
 * An instance from what it has read to its last write: whom it elects, which writes it has under way, what their answers make of it.
 * All of that is the shipped code (`elect`, `plan`, `attempt.ts`); only that each write of a parallel phase is delivered on its own is here.
 */
import {
  absorbPod,
  absorbRecord,
  advance,
  answerToWrite,
  begin,
  judgeStep,
  podRequest,
  writesOf,
  type Progress,
  type Sent,
  type WritingStep,
} from "../../../functions/kit/handover/attempt.ts";
import type { RecordView } from "../../../functions/kit/handover/model.ts";
import {
  planRepair,
  type Observed,
  type PodChange,
  type Step,
  type Target,
  type RecordChange,
} from "../../../functions/kit/handover/plan.ts";
import { recordRequest, type RecordSpec } from "../../../functions/kit/handover/record.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { Candidate } from "../../../functions/kit/pods/candidate.ts";
import { LOCK_NAME, LOCK_UID, NAMESPACE } from "../../unit/support/builders.ts";
import { IDLE, type Event, type Local, type Writing } from "./local.ts";
import { enrolledRequest, itemsOf } from "./requests.ts";
import { EPOCH_ONE, teamOf, type Protocol, type Scene } from "./protocol.ts";
import { answerText, listText, recordWriteText, writeText } from "./script.ts";
import { aged, unseenEvent, type RecordStep } from "./hanging.ts";
import { mayBeEdited, respond, type Lock, type Server } from "./server.ts";

const NOBODY: Target = { kind: "nobody" };

/** On the way out of a group nobody is a member any more. */
const leaving = (pod: Candidate): Candidate => ({ ...pod, member: false });

export const recordSpec = (protocol: Protocol, lock: Lock): RecordSpec => {
  const { leaseName: name, group } = teamOf(protocol, lock);
  return {
    name,
    namespace: NAMESPACE,
    feature: protocol.names.feature,
    group,
    owner: { namespace: NAMESPACE, name: LOCK_NAME, uid: LOCK_UID },
    leaseDurationSeconds: 30,
  };
};

/** Counters do not decide anything but the bound of rounds, and an attempt may end at any time here anyway. */
const uncounted = (progress: Progress<Candidate>): Progress<Candidate> => ({
  ...progress,
  rounds: 0,
  writes: 0,
  promoted: false,
});

/** The writes that are under way; asked again it gives the same, so that an instance need not carry them. */
const stepOf = (protocol: Protocol, { stage, progress, target }: Omit<Writing, "replies">): Step<Candidate> => {
  const { observed } = progress;
  switch (stage) {
    case "enrol":
      return { kind: "enrol", changes: protocol.planEnrolment(observed) };
    case "repair":
      return { kind: "fence", changes: planRepair(observed), epoch: 0 };
    case "handOver":
    case "end":
      return protocol.plan(observed, target);
  }
};

/** Sends the writes of the stage's next step, if it has any. */
const send = (protocol: Protocol, stage: Omit<Writing, "replies">): Local => {
  const next = judgeStep(stage.progress, stepOf(protocol, stage));
  if (next.kind === "perform") {
    const { lock, word, unseen, confirmed, created, target, progress } = stage;
    const replies = Array.from({ length: writesOf(next.step) }, () => undefined);
    // In one order, because equal instances are told by equal texts.
    return { kind: "writing", stage: stage.stage, lock, word, unseen, confirmed, created, target, progress, replies };
  }
  return next.kind === "settled" ? afterwards(protocol, stage) : IDLE;
};

/** The hand-over has nothing left to write, or nobody is moved: what the feature does then. */
const afterwards = (protocol: Protocol, stage: Omit<Writing, "replies">): Local => protocol.goesOn?.(stage) ?? IDLE;

const BEGUN = { kind: "writing", unseen: undefined, confirmed: false, created: false } as const;

/** What is known, and of what it is known. */
interface Known extends Pick<Scene, "lock" | "word"> {
  readonly progress: Progress<Candidate>;
}

/** Everything is known: whoever is to lead gets there. */
export const decided = (protocol: Protocol, { lock: read, word, progress }: Known): Local => {
  const { record, pods } = progress.observed;
  const target = protocol.decide({ lock: read, record, pods, word });
  // What was wished for has been heard.
  const known = { ...BEGUN, lock: { ...read, wish: undefined }, word: undefined, progress };
  if (target !== undefined) return send(protocol, { ...known, stage: "handOver", target });
  const stage = { ...known, stage: "repair", target: NOBODY } as const;
  return planRepair(progress.observed).length > 0 ? send(protocol, stage) : afterwards(protocol, stage);
};

/** All are enrolled. */
const decideAmong = (protocol: Protocol, known: Known): Local =>
  protocol.asks === "last" ? { kind: "asking", lock: known.lock, progress: known.progress } : decided(protocol, known);

/** Enrols until nobody is left: what a conflict kept out is tried again. */
const enrolAmong = (protocol: Protocol, known: Known): Local =>
  protocol.planEnrolment(known.progress.observed).length > 0
    ? send(protocol, { ...BEGUN, ...known, stage: "enrol", target: NOBODY })
    : decideAmong(protocol, known);

/** The order of the pods decides nothing: one is enough. */
const inOrder = (observed: Observed<Candidate>): Observed<Candidate> => ({
  ...observed,
  pods: observed.pods.toSorted((one, other) => (one.uid < other.uid ? -1 : 1)),
});

interface Read {
  readonly pods: readonly Candidate[];
  readonly now: number;
}

const observe = (
  protocol: Protocol,
  { record, lock }: { readonly record: RecordView | null; readonly lock: Lock },
  read: Read,
): Progress<Candidate> => {
  const { group } = teamOf(protocol, lock);
  const known = { names: protocol.names, group, record: record ?? undefined, epochSeen: 0 };
  return begin(inOrder({ ...known, ...read }));
};

/** Everything is read: as `serve` goes on. */
export const start = (
  protocol: Protocol,
  about: { readonly record: RecordView | null } & Pick<Scene, "lock" | "word">,
  read: Read,
): Local => {
  const { lock, word } = about;
  return enrolAmong(protocol, { lock, word, progress: observe(protocol, about, read) });
};

/** Ends a group: hands over to nobody, of pods none of which counts as a member any more. */
export const startEnd = (
  protocol: Protocol,
  about: { readonly record: RecordView | null; readonly lock: Lock },
  read: Read,
): Local => {
  const progress = observe(protocol, about, { ...read, pods: read.pods.map(leaving) });
  const stage = { ...BEGUN, stage: "end", lock: about.lock, word: undefined, target: NOBODY, progress } as const;
  // Without a record none is made.
  return about.record === null ? afterwards(protocol, stage) : send(protocol, stage);
};

/** The step's answers are all in. */
const goOn = (
  protocol: Protocol,
  writing: Writing,
  { step, sent }: { step: WritingStep<Candidate>; sent: Sent<Candidate> },
): Local => {
  const { stage, lock, word, target, progress } = writing;
  if (sent.stop !== undefined) return IDLE;
  if (stage === "repair") return afterwards(protocol, writing);
  if (stage === "enrol")
    return enrolAmong(protocol, { lock, word, progress: { ...progress, observed: sent.observed } });
  const next = uncounted(advance(progress, step, sent.observed));
  return send(protocol, { ...BEGUN, stage, lock, word, target, progress: next });
};

type PodStep = Exclude<WritingStep<Candidate>, { kind: "record" }>;

const changesOf = (step: PodStep): readonly PodChange<Candidate>[] =>
  step.kind === "promote" ? [step.change] : step.changes;

/** Once all are answered, the answers are taken in, in the order of the changes. */
const takeIn = (protocol: Protocol, writing: Writing, step: PodStep): Local => {
  const { progress, replies } = writing;
  let sent: Sent<Candidate> = { observed: progress.observed };
  for (const [index, { pod }] of changesOf(step).entries()) {
    const reply = replies[index];
    if (reply === undefined || reply.kind === "reread") return writing;
    if (sent.stop === undefined) sent = absorbPod(sent.observed, { phase: step.kind, pod }, reply);
  }
  return goOn(protocol, writing, { step, sent });
};

const writePod = (
  protocol: Protocol,
  server: Server,
  { writing, step, index }: { writing: Writing; step: PodStep; index: number },
): readonly Event[] => {
  const before = writing.replies[index];
  const change = changesOf(step)[index];
  if (change === undefined || (before !== undefined && before.kind !== "reread")) return [];
  const { record } = writing.progress.observed;
  const { pod } = change;
  const { view: seen } = teamOf(protocol, writing.lock);
  const view = writing.stage === "end" ? (raw: KubeObject): Candidate => leaving(seen(raw)) : seen;
  const answer = respond(server, before?.request ?? protocol.request(podRequest(change)));
  const { response } = answer;
  const reply =
    before === undefined
      ? answerToWrite(view, pod, response)
      : protocol.answerToReread(view, { pod, record }, response);
  const after = aged(writing, answer);
  const local = takeIn(protocol, { ...after, replies: after.replies.with(index, reply) }, step);
  const text = (): string =>
    `${before === undefined ? writeText(protocol.names, step.kind, change) : `reads ${pod.name} again`}: ${answerText(reply, response)}`;
  return [{ server: answer.server, local, touched: answer.touched, text }];
};

const writeRecord = (
  protocol: Protocol,
  server: Server,
  { writing, step }: { writing: Writing; step: RecordStep },
): Event => {
  const { change } = step;
  const spec = recordSpec(protocol, writing.lock);
  const answer = respond(server, protocol.request(recordRequest(spec, change, EPOCH_ONE)));
  const { response } = answer;
  const after = aged(writing, answer);
  const sent = absorbRecord(after.progress.observed, spec.name, response);
  const isNew = sent.stop === undefined && change.previous === undefined;
  const local = isNew
    ? { ...after, created: true, replies: [], progress: uncounted(advance(after.progress, step, sent.observed)) }
    : goOn(protocol, after, { step, sent });
  return { server: answer.server, local, touched: answer.touched, text: () => recordWriteText(change, response) };
};

/** As the executor does once it has made the record. */
const listEnrolled = (protocol: Protocol, server: Server, writing: Writing): Event => {
  const { stage, lock, word, target, progress } = writing;
  const team = teamOf(protocol, lock);
  const listed = itemsOf(server, enrolledRequest(protocol, team));
  const observed = inOrder(protocol.absorbEnrolled(progress.observed, listed.map(team.view)));
  return {
    server,
    local: send(protocol, { ...BEGUN, stage, lock, word, target, progress: { ...progress, observed } }),
    touched: undefined,
    text: () => `reads the enrolled pods: ${listText(protocol.names, listed)}`,
  };
};

/** Before a record is created the owner is read again; an edited one may name another Lease by now. */
const confirmOwner = (protocol: Protocol, server: Server, writing: Writing): Event => {
  const unchanged =
    protocol.isOwned === undefined
      ? server.lock.generation === writing.lock.generation
      : protocol.isOwned(server, writing.lock);
  return {
    server,
    local: unchanged ? { ...writing, confirmed: true } : IDLE,
    touched: undefined,
    text: () => `reads the lock again: ${unchanged ? "unchanged" : "edited"}`,
  };
};

const isUnheld = ({ previous, holder }: RecordChange): boolean =>
  previous === undefined || (previous.holder === undefined && holder !== undefined);

/** Every request that is under way, answered. */
export const writes = (protocol: Protocol, server: Server, writing: Writing): readonly Event[] => {
  if (writing.created) return [listEnrolled(protocol, server, writing)];
  const step = stepOf(protocol, writing);
  if (step.kind === "settled" || step.kind === "restart") return [];
  if (step.kind === "record") {
    const unseen = unseenEvent(protocol, server, { writing, step });
    if (unseen !== undefined) return [unseen];
    const mayChange = protocol.isOwned !== undefined || mayBeEdited(server);
    const asks = isUnheld(step.change) && mayChange && !writing.confirmed;
    return [asks ? confirmOwner(protocol, server, writing) : writeRecord(protocol, server, { writing, step })];
  }
  return writing.replies.flatMap((_reply, index) => writePod(protocol, server, { writing, step, index }));
};
