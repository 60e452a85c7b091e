/** Tells the world what a pass over a checker found: status, Kubernetes Events, CloudEvents and metrics. */
import type { Finding } from "../kit/conditions.ts";
import type { FeatureContext, Io } from "../kit/context.ts";
import { announce, type News } from "../kit/group/announce.ts";
import { conclude, findingNotices, promotionNotice } from "../kit/group/report.ts";
import type { Holder, RecordView } from "../kit/handover/model.ts";
import { patchRequest, type KubeRequest } from "../kit/kube/request.ts";
import type { PassOutcome } from "../kit/outcome.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import type { Notice } from "../kit/recorder.ts";
import { CHECKERS, ROLES } from "./labels.ts";
import { LEADER_KNOWN, seriesOf } from "./metrics.ts";
import { ownerOf, type CheckerView } from "./model.ts";
import { findingsOf, isSameStatus, statusOf, type PassResult } from "./report.ts";

/** Who leads now instead of whom. */
export interface Move {
  /** Undefined: nobody. */
  readonly target: Candidate | undefined;
  readonly reason: string;
  /** Who led before, where the record told. */
  readonly previous: Holder | undefined;
}

/** A pass over one checker, as far as it got. */
export interface Pass {
  readonly checker: CheckerView;
  readonly result: PassResult;
  readonly group: string | undefined;
  readonly record: RecordView | undefined;
  /** Set when this pass moved the leadership, or found a promotion that was not reported. */
  readonly move: Move | undefined;
}

const elected = ({ move, record }: Pass): readonly Notice[] => {
  if (move?.target === undefined || record?.epoch === undefined) return [];
  const { target, previous, reason } = move;
  return [promotionNotice({ pod: target.name, title: "the leader", epoch: record.epoch, previous, reason })];
};

const newsOfMove = ({ target, previous }: Move): News | undefined => {
  if (target !== undefined) return { kind: "elected", leader: { name: target.name, uid: target.uid }, previous };
  return previous === undefined ? undefined : { kind: "lost", previous };
};

const newsOf = ({ result, move, record, checker }: Pass): News | undefined => {
  if (move !== undefined) return newsOfMove(move);
  if (result.kind === "unfinished") return { kind: "stalled", leader: record?.holder };
  const lost = result.kind === "held" && checker.status.leaderNode !== "";
  return lost && record?.holder !== undefined ? { kind: "lost", previous: record.holder } : undefined;
};

const emit = (context: FeatureContext, pass: Pass): void => {
  const { checker, group, record, result, move } = pass;
  const news = newsOf(pass);
  if (news === undefined || group === undefined || record === undefined) return;
  const reason = move?.reason ?? ("reason" in result ? result.reason : "Settled");
  announce(context, { subject: ownerOf(checker), feature: ROLES.feature, group, record }, { ...news, reason });
};

const statusWrite = (
  context: FeatureContext,
  { checker, result }: Pass,
  findings: readonly Finding[],
): KubeRequest | undefined => {
  const status = statusOf(checker, result, { findings, now: context.clock.serverNow() });
  if (context.mode === "observe" || isSameStatus(status, checker.status)) return undefined;
  const { namespace, metadata: on } = checker;
  return patchRequest(CHECKERS, { namespace, on, subresource: "status" }, { status });
};

/** `outcome` is what becomes of the pass unless the report says otherwise. */
export const publish = (io: Io, pass: Pass, outcome: PassOutcome): Promise<PassOutcome> => {
  const { context } = io;
  const { checker, result } = pass;
  const findings = findingsOf(result);
  const found = findingNotices(checker.status.conditions, findings, checker.metadata.generation ?? 0);
  context.metrics.set(LEADER_KNOWN, seriesOf(checker), result.kind === "settled" ? 1 : 0);
  emit(context, pass);
  const status = statusWrite(context, pass, findings);
  return conclude(io, { subject: ownerOf(checker), notices: [...elected(pass), ...found], status }, outcome);
};
