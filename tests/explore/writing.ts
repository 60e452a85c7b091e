/**
 * An instance from what it has read to its last write: whom it elects, which writes it has under way, what their answers make of it.
 * All of that is the shipped code (`elect`, `plan`, `attempt.ts`); only that each write of a parallel phase is delivered on its own is here.
 */
import { ROLES } from "../../functions/election/labels.ts";
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
} from "../../functions/kit/handover/attempt.ts";
import type { RecordView } from "../../functions/kit/handover/model.ts";
import {
  planRepair,
  type Observed,
  type PodChange,
  type Step,
  type Target,
} from "../../functions/kit/handover/plan.ts";
import { recordRequest, type RecordSpec } from "../../functions/kit/handover/record.ts";
import { listOf } from "../../functions/kit/kube/request.ts";
import type { Candidate } from "../../functions/kit/pods/candidate.ts";
import { LOCK_NAME, LOCK_UID, lockView, NAMESPACE, SET_UID, THE_SET } from "../unit/support/builders.ts";
import { IDLE, type Event, type Local, type Writing } from "./local.ts";
import { EPOCH_ONE, type Protocol } from "./protocol.ts";
import { answerText, listText, recordWriteText, writeText } from "./script.ts";
import {
  ENROLLED,
  LEASE_NAMES,
  mayBeEdited,
  outdated,
  respond,
  type Answer,
  type Lock,
  type Server,
} from "./server.ts";

const NOBODY: Target = { kind: "nobody" };

/** Apart from the name. */
const RECORD: RecordSpec = {
  name: "",
  namespace: NAMESPACE,
  feature: ROLES.feature,
  group: SET_UID,
  owner: { namespace: NAMESPACE, name: LOCK_NAME, uid: LOCK_UID },
  leaseDurationSeconds: 30,
};
const LOCK = lockView();

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
      return protocol.plan(observed, target);
  }
};

/** Sends the writes of the stage's next step, if it has any. */
const send = (protocol: Protocol, stage: Omit<Writing, "replies">): Local => {
  const next = judgeStep(stage.progress, stepOf(protocol, stage));
  return next.kind === "perform"
    ? { ...stage, replies: Array.from({ length: writesOf(next.step) }, () => undefined) }
    : IDLE;
};

const BEGUN = { kind: "writing", confirmed: false, created: false } as const;

const electAmong = (protocol: Protocol, progress: Progress<Candidate>, read: Lock): Local => {
  const { record, pods } = progress.observed;
  const election = protocol.elect({ lock: { ...LOCK, switchoverTo: read.wish }, set: THE_SET, record, pods });
  // What was wished for has been heard.
  const lock = { ...read, wish: undefined };
  if (election.kind === "lead") {
    const target = { kind: "pod", uid: election.target.uid } as const;
    return send(protocol, { ...BEGUN, stage: "handOver", lock, target, progress });
  }
  const repairs = planRepair(progress.observed).length > 0;
  return repairs ? send(protocol, { ...BEGUN, stage: "repair", lock, target: NOBODY, progress }) : IDLE;
};

/** The order of the pods decides nothing: one is enough. */
const inOrder = (observed: Observed<Candidate>): Observed<Candidate> => ({
  ...observed,
  pods: observed.pods.toSorted((one, other) => (one.uid < other.uid ? -1 : 1)),
});

/** Everything is read: as `serve` goes on. */
export const start = (
  protocol: Protocol,
  { record, lock }: { readonly record: RecordView | null; readonly lock: Lock },
  read: { readonly pods: readonly Candidate[]; readonly now: number },
): Local => {
  const known = { names: ROLES, group: SET_UID, record: record ?? undefined, epochSeen: 0 };
  const observed = inOrder({ ...known, ...read });
  const progress = begin(observed);
  const enrols = protocol.planEnrolment(observed).length > 0;
  return enrols
    ? send(protocol, { ...BEGUN, stage: "enrol", lock, target: NOBODY, progress })
    : electAmong(protocol, progress, lock);
};

/** The step's answers are all in. */
const goOn = (
  protocol: Protocol,
  { stage, lock, target, progress }: Writing,
  { step, sent }: { step: WritingStep<Candidate>; sent: Sent<Candidate> },
): Local => {
  if (sent.stop !== undefined || stage === "repair") return IDLE;
  if (stage === "enrol") return electAmong(protocol, { ...progress, observed: sent.observed }, lock);
  const next = uncounted(advance(progress, step, sent.observed));
  return send(protocol, { ...BEGUN, stage, lock, target, progress: next });
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

const aged = <T>(value: T, { touched }: Answer): T => (touched === undefined ? value : outdated(value, touched));

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
  const answer = respond(server, before?.request ?? protocol.request(podRequest(change)));
  const { response } = answer;
  const reply =
    before === undefined
      ? answerToWrite(protocol.view, pod, response)
      : protocol.answerToReread(protocol.view, { pod, record }, response);
  const after = aged(writing, answer);
  const local = takeIn(protocol, { ...after, replies: after.replies.with(index, reply) }, step);
  const text = (): string =>
    `${before === undefined ? writeText(step.kind, change) : `reads ${pod.name} again`}: ${answerText(reply, response)}`;
  return [{ server: answer.server, local, touched: answer.touched, text }];
};

const writeRecord = (
  protocol: Protocol,
  server: Server,
  { writing, step }: { writing: Writing; step: Extract<WritingStep<Candidate>, { kind: "record" }> },
): Event => {
  const { change } = step;
  const name = LEASE_NAMES[writing.lock.lease] ?? "";
  const answer = respond(server, protocol.request(recordRequest({ ...RECORD, name }, change, EPOCH_ONE)));
  const { response } = answer;
  const after = aged(writing, answer);
  const sent = absorbRecord(after.progress.observed, name, response);
  const isNew = sent.stop === undefined && change.previous === undefined;
  const local = isNew
    ? { ...after, created: true, replies: [], progress: uncounted(advance(after.progress, step, sent.observed)) }
    : goOn(protocol, after, { step, sent });
  return { server: answer.server, local, touched: answer.touched, text: () => recordWriteText(change, response) };
};

/** As the executor does once it has made the record. */
const listEnrolled = (protocol: Protocol, server: Server, { stage, lock, target, progress }: Writing): Event => {
  const listed = listOf(respond(server, ENROLLED).response).items;
  const observed = inOrder(protocol.absorbEnrolled(progress.observed, listed.map(protocol.view)));
  return {
    server,
    local: send(protocol, { ...BEGUN, stage, lock, target, progress: { ...progress, observed } }),
    touched: undefined,
    text: () => `reads the enrolled pods: ${listText(listed)}`,
  };
};

/** Before a record is created the owner is read again; an edited one may name another Lease by now. */
const confirmOwner = (server: Server, writing: Writing): Event => {
  const unchanged = server.lock.generation === writing.lock.generation;
  return {
    server,
    local: unchanged ? { ...writing, confirmed: true } : IDLE,
    touched: undefined,
    text: () => `reads the lock again: ${unchanged ? "unchanged" : "edited"}`,
  };
};

/** Every request that is under way, answered. */
export const writes = (protocol: Protocol, server: Server, writing: Writing): readonly Event[] => {
  if (writing.created) return [listEnrolled(protocol, server, writing)];
  const step = stepOf(protocol, writing);
  if (step.kind === "settled" || step.kind === "restart") return [];
  if (step.kind === "record") {
    const asks = step.change.previous === undefined && mayBeEdited(server) && !writing.confirmed;
    return [asks ? confirmOwner(server, writing) : writeRecord(protocol, server, { writing, step })];
  }
  return writing.replies.flatMap((_reply, index) => writePod(protocol, server, { writing, step, index }));
};
