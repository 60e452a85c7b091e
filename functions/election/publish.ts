/**
 * Tells the world what a pass found: status, Kubernetes Events, CloudEvents, log and metrics. After the promotion and in
 * parallel, so that it never delays a hand-over.
 */
import {
  handoverStalled,
  leaderElected,
  leaderLost,
  type HandoverFacts,
  type OutgoingEvent,
} from "../../events/encode.ts";
import { newFindings, type Finding } from "../kit/conditions.ts";
import type { Holder, RecordView } from "../kit/handover/model.ts";
import { apiVersionOf, patchRequest, type KubeResponse, type Transport } from "../kit/kube/request.ts";
import { classify, describe } from "../kit/kube/status-class.ts";
import { eventRequest, type Notice } from "../kit/recorder.ts";
import type { ElectionContext } from "./context.ts";
import { LOCKS, ROLES } from "./labels.ts";
import { ERRORS, LEADER_INFO } from "./metrics.ts";
import type { ElectionPod, LockView } from "./model.ts";
import { findingsOf, isSameStatus, statusOf, type PassResult } from "./report.ts";

export interface Promotion {
  readonly target: ElectionPod;
  readonly reason: string;
  /** Who led before, where the record told. */
  readonly previous: Holder | undefined;
}

/** A pass over one lock, as far as it got. */
export interface Pass {
  readonly lock: LockView;
  readonly result: PassResult;
  readonly group: string | undefined;
  readonly record: RecordView | undefined;
  /** Set when this pass promoted a writer, or found one that was promoted and not reported. */
  readonly promotion: Promotion | undefined;
}

/** Conditions that somebody asked for are no warnings. */
const ASKED_FOR: ReadonlySet<string> = new Set(["Paused", "Observed"]);

const reports = (lock: LockView, findings: readonly Finding[]): readonly Notice[] =>
  newFindings(lock.status.conditions, findings)
    .filter(({ type, status }) => (type === "Available" ? status === "False" : type !== "Progressing"))
    .map(({ type, reason, message }) => ({
      type: ASKED_FOR.has(type) ? "Normal" : "Warning",
      reason,
      action: "Report",
      note: message,
      identity: `${lock.metadata.generation ?? 0} ${message}`,
    }));

/** One Event for an epoch, whoever reports it and however often. */
const elected = ({ promotion, record }: Pass): readonly Notice[] => {
  if (promotion === undefined || record?.epoch === undefined) return [];
  const { target, previous, reason } = promotion;
  const after = previous === undefined ? "" : `, after ${previous.name}`;
  const note = `pod ${target.name} is the writer under epoch ${record.epoch}${after} (${reason})`;
  return [{ type: "Normal", reason: "LeaderElected", action: "HandOver", note, identity: String(record.epoch) }];
};

const factsOf = (
  { lock, group, record }: Pick<Pass, "lock" | "group" | "record">,
  reason: string,
  now: number,
): HandoverFacts | undefined => {
  if (group === undefined || record?.epoch === undefined) return undefined;
  const { namespace, name, uid } = lock;
  return {
    feature: ROLES.feature,
    owner: { apiVersion: apiVersionOf(LOCKS), kind: LOCKS.kind, namespace, name, uid },
    group,
    record: { name: record.name, uid: record.uid },
    epoch: record.epoch,
    reason,
    time: new Date(now).toISOString(),
  };
};

const cloudEvent = ({ result, promotion, record, lock }: Pass, facts: HandoverFacts): OutgoingEvent | undefined => {
  if (promotion !== undefined) {
    const { name, uid } = promotion.target;
    return leaderElected({ ...facts, leader: { name, uid }, previous: promotion.previous });
  }
  if (result.kind === "unfinished") return handoverStalled({ ...facts, leader: record?.holder });
  const lost = result.kind === "held" && lock.status.writerPod !== "";
  return lost && record?.holder !== undefined
    ? leaderLost({ ...facts, leader: undefined, previous: record.holder })
    : undefined;
};

/** The group has ended: whoever led it does not any more. */
export const announceEnd = (
  context: ElectionContext,
  lock: LockView,
  { group, record }: { group: string; record: RecordView | undefined },
): void => {
  const facts = factsOf({ lock, group, record }, "GroupEnded", context.clock.serverNow());
  if (facts === undefined || record?.holder === undefined) return;
  context.emit(leaderLost({ ...facts, leader: undefined, previous: record.holder }));
};

const emit = (context: ElectionContext, pass: Pass): void => {
  const { result, promotion } = pass;
  const reason = promotion?.reason ?? ("reason" in result ? result.reason : "Settled");
  const facts = factsOf(pass, reason, context.clock.serverNow());
  const event = facts === undefined ? undefined : cloudEvent(pass, facts);
  if (event !== undefined) context.emit(event);
};

const count = ({ metrics }: ElectionContext, { lock, result }: Pass): void => {
  const labels = { namespace: lock.namespace, statefulsetlock: lock.name };
  metrics.set(LEADER_INFO, labels, result.kind === "settled" ? 1 : 0);
  if (result.kind === "refused" || result.kind === "unfinished") {
    metrics.count(ERRORS, { ...labels, error_type: result.kind });
  }
};

const statusWrite = (
  context: ElectionContext,
  { lock, result }: Pass,
  findings: readonly Finding[],
): ReturnType<typeof patchRequest> | undefined => {
  const status = statusOf(lock, result, { findings, now: context.clock.serverNow() });
  if (context.mode === "observe" || isSameStatus(status, lock.status)) return undefined;
  return patchRequest(LOCKS, { namespace: lock.namespace, on: lock.metadata, subresource: "status" }, { status });
};

/** The answer to the status write when it failed, so that the caller can judge; undefined when all is well. */
export const publish = async (
  context: ElectionContext,
  send: Transport,
  pass: Pass,
): Promise<KubeResponse | undefined> => {
  const { lock, result } = pass;
  const findings = findingsOf(lock, result, context.tickSeconds);
  const notices = [...elected(pass), ...reports(lock, findings)];
  const regarding = { resource: LOCKS, namespace: lock.namespace, name: lock.name, uid: lock.uid };
  const about = { now: context.clock.serverNow(), instance: context.instance };
  count(context, pass);
  emit(context, pass);
  const write = statusWrite(context, pass, findings);
  const [status] = await Promise.all([
    write === undefined ? undefined : send(write),
    ...notices.map((notice) => send(eventRequest(regarding, notice, about))),
  ]);
  if (status === undefined || classify(status) === "ok") return undefined;
  context.log.debug("status not written", { lock: `${lock.namespace}/${lock.name}`, answer: describe(status) });
  return status;
};
