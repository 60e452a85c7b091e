/**
 * Tells the world what a pass over a group found: Kubernetes Events, CloudEvents and metrics. There is no status to compare with, so each
 * thing is told once by an instance; Events have names and CloudEvents ids that make those of several instances one.
 */
import { joined, type Finding } from "../kit/conditions.ts";
import type { FeatureContext, Io } from "../kit/context.ts";
import { announce, type News } from "../kit/group/announce.ts";
import { conclude, findingNotices, promotionNotice } from "../kit/group/report.ts";
import type { Holder, RecordView } from "../kit/handover/model.ts";
import { keyText } from "../kit/keys.ts";
import type { PassOutcome } from "../kit/outcome.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import type { Notice } from "../kit/recorder.ts";
import type { Standing } from "./decide.ts";
import { ROLES } from "./labels.ts";
import { ACTIVE_INFO, ERRORS, PROMOTIONS, seriesOf } from "./metrics.ts";
import { subjectOf } from "./model.ts";
import type { Said } from "./said.ts";

/** A promotion that somebody made and could not tell of is told when it is no older. */
const UNTOLD_MS = 60_000;

export type PassResult =
  /** Labels, Lease and stamps agree on the active pod. */
  | {
      readonly kind: "settled";
      readonly active: Candidate;
      readonly record: RecordView & { readonly epoch: number };
      /** This pass made the last write of the hand-over. */
      readonly promoted: boolean;
      readonly previous: Holder | undefined;
      readonly reason: string;
    }
  /** No pod can be active. `previous`: the last one that was, if the record does not name it any more. */
  | {
      readonly kind: "held";
      readonly record: RecordView | undefined;
      readonly previous?: Holder | undefined;
      readonly message: string;
    }
  /** A hand-over is under way and could not be finished now. */
  | {
      readonly kind: "unfinished";
      readonly record: RecordView | undefined;
      readonly reason: string;
      readonly message: string;
    }
  /** The group cannot be served. */
  | { readonly kind: "refused"; readonly reason: string; readonly message: string }
  /** Nothing is written: what would have been done. */
  | { readonly kind: "observed"; readonly message: string };

export interface Pass {
  readonly standing: Standing;
  /** Undefined: nobody is chosen any more, and what is left is taken back. */
  readonly result: PassResult | undefined;
  readonly findings: readonly Finding[];
}

const warning = (reason: string, note: string, identity: string = note): Notice => ({
  type: "Warning",
  reason,
  action: "Serve",
  note,
  identity,
});

const isUntold = ({ clock }: FeatureContext, { promoted, record }: Extract<PassResult, { kind: "settled" }>): boolean =>
  promoted || (record.acquireTime !== undefined && clock.serverNow() - record.acquireTime < UNTOLD_MS);

/** The one thing that a pass says beside its findings; undefined: it is old news. */
const noticeOf = (context: FeatureContext, result: PassResult): Notice | undefined => {
  switch (result.kind) {
    case "settled": {
      const { active, record, previous, promoted } = result;
      const reason = promoted ? result.reason : "PromotionFound";
      const title = "the active pod";
      return isUntold(context, result)
        ? promotionNotice({ pod: active.name, title, epoch: record.epoch, previous, reason })
        : undefined;
    }
    case "held": {
      const note = `no pod can be active: ${result.message}; the selectors stay as they are`;
      return warning("NoEligiblePod", note, `${result.record?.epoch ?? 0} ${note}`);
    }
    case "observed":
      return { type: "Normal", reason: "ObserveMode", action: "Observe", note: result.message };
    case "unfinished":
    case "refused":
      return warning(result.reason, result.message);
  }
};

const newsOf = (result: PassResult): News | undefined => {
  switch (result.kind) {
    case "settled": {
      const { name, uid } = result.active;
      return { kind: "elected", leader: { name, uid }, previous: result.previous };
    }
    case "held": {
      const previous = result.previous ?? result.record?.holder;
      return previous === undefined ? undefined : { kind: "lost", previous };
    }
    case "unfinished":
      return { kind: "stalled", leader: result.record?.holder };
    case "refused":
    case "observed":
      return undefined;
  }
};

const emit = (context: FeatureContext, { standing, result }: Pass): void => {
  if (result === undefined) return;
  const news = newsOf(result);
  const record = "record" in result ? result.record : undefined;
  if (news === undefined || record === undefined) return;
  const [oldest] = standing.owners;
  const leadership = { subject: subjectOf(oldest), feature: ROLES.feature, group: standing.group, record };
  announce(context, leadership, { ...news, reason: "reason" in result ? result.reason : "NoEligiblePod" });
};

const count = ({ metrics }: FeatureContext, { standing, result }: Pass): void => {
  if (result === undefined) return;
  const series = seriesOf(standing.owners[0]);
  metrics.set(ACTIVE_INFO, series, result.kind === "settled" ? 1 : 0);
  if (result.kind === "settled" && result.promoted) metrics.count(PROMOTIONS, { ...series, reason: result.reason });
  if (result.kind === "refused" || result.kind === "unfinished") {
    metrics.count(ERRORS, { ...series, error_type: result.kind });
  }
};

/** What makes it the same thing to say again. */
const textOf = ({ reason, note, identity }: Notice): string => `${reason} ${identity ?? note}`;

/** `outcome` is what becomes of the pass. */
export const publish = async (io: Io, said: Said, pass: Pass, outcome: PassOutcome): Promise<PassOutcome> => {
  const { standing, result, findings } = pass;
  const { namespace } = standing.owners[0];
  const main = result === undefined ? undefined : noticeOf(io.context, result);
  const notices = [...(main === undefined ? [] : [main]), ...findingNotices([], joined(findings), 0)];
  const news = said.news(keyText({ namespace, name: standing.group }), notices.map(textOf));
  count(io.context, pass);
  if (main !== undefined && news.has(textOf(main))) emit(io.context, pass);
  const fresh = notices.filter((notice) => news.has(textOf(notice)));
  // What keeps a group from being served concerns each of its Services; what becomes of its pods is said of the oldest.
  const about = result?.kind === "refused" ? standing.owners : [standing.owners[0]];
  await Promise.all(
    about.map((service) => conclude(io, { subject: subjectOf(service), notices: fresh, status: undefined }, outcome)),
  );
  return outcome;
};
