/** Tells the world what a pass over a lock found: status, Kubernetes Events, CloudEvents and metrics. */
import type { Finding } from "../kit/conditions.ts";
import type { FeatureContext, Io } from "../kit/context.ts";
import { announce, type News } from "../kit/group/announce.ts";
import { conclude, findingNotices, promotionNotice } from "../kit/group/report.ts";
import type { Holder, RecordView } from "../kit/handover/model.ts";
import { patchRequest, type KubeRequest } from "../kit/kube/request.ts";
import type { PassOutcome } from "../kit/outcome.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import type { Notice } from "../kit/recorder.ts";
import { LOCKS, ROLES } from "./labels.ts";
import { ERRORS, LEADER_INFO, seriesOf } from "./metrics.ts";
import { ownerOf, type LockView } from "./model.ts";
import { findingsOf, isSameStatus, statusOf, type PassResult } from "./report.ts";

export interface Promotion {
  readonly target: Candidate;
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

const elected = ({ promotion, record }: Pass): readonly Notice[] => {
  if (promotion === undefined || record?.epoch === undefined) return [];
  const { target, previous, reason } = promotion;
  return [promotionNotice({ pod: target.name, title: "the writer", epoch: record.epoch, previous, reason })];
};

const newsOf = ({ result, promotion, record, lock }: Pass): News | undefined => {
  if (promotion !== undefined) {
    const { name, uid } = promotion.target;
    return { kind: "elected", leader: { name, uid }, previous: promotion.previous };
  }
  if (result.kind === "unfinished") return { kind: "stalled", leader: record?.holder };
  const lost = result.kind === "held" && lock.status.writerPod !== "";
  return lost && record?.holder !== undefined ? { kind: "lost", previous: record.holder } : undefined;
};

const emit = (context: FeatureContext, pass: Pass): void => {
  const { lock, group, record, result, promotion } = pass;
  const news = newsOf(pass);
  if (news === undefined || group === undefined || record === undefined) return;
  const reason = promotion?.reason ?? ("reason" in result ? result.reason : "Settled");
  announce(context, { subject: ownerOf(lock), feature: ROLES.feature, group, record }, { ...news, reason });
};

const count = ({ metrics }: FeatureContext, { lock, result }: Pass): void => {
  const series = seriesOf(lock);
  metrics.set(LEADER_INFO, series, result.kind === "settled" ? 1 : 0);
  if (result.kind === "refused" || result.kind === "unfinished") {
    metrics.count(ERRORS, { ...series, error_type: result.kind });
  }
};

const statusWrite = (
  context: FeatureContext,
  { lock, result }: Pass,
  findings: readonly Finding[],
): KubeRequest | undefined => {
  const status = statusOf(lock, result, { findings, now: context.clock.serverNow() });
  if (context.mode === "observe" || isSameStatus(status, lock.status)) return undefined;
  return patchRequest(LOCKS, { namespace: lock.namespace, on: lock.metadata, subresource: "status" }, { status });
};

/** `outcome` is what becomes of the pass unless the report says otherwise. */
export const publish = (io: Io, pass: Pass, outcome: PassOutcome): Promise<PassOutcome> => {
  const { context } = io;
  const { lock, result } = pass;
  const findings = findingsOf(lock, result, context.tickSeconds);
  const found = findingNotices(lock.status.conditions, findings, lock.metadata.generation ?? 0);
  count(context, pass);
  emit(context, pass);
  const status = statusWrite(context, pass, findings);
  return conclude(io, { subject: ownerOf(lock), notices: [...elected(pass), ...found], status }, outcome);
};
