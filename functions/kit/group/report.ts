/**
 * How a pass ends: with a report to the subject (its status, where it has one, and Kubernetes Events), after the promotion and in
 * parallel, so that it never delays a hand-over. What every status says alike is worded here once.
 */
import { at, newFindings, type Condition, type Finding } from "../conditions.ts";
import type { Io } from "../context.ts";
import type { Holder } from "../handover/model.ts";
import type { KubeRequest, KubeResponse } from "../kube/request.ts";
import { classify, describe } from "../kube/status-class.ts";
import { failed, restart, type PassOutcome, type Unfinished } from "../outcome.ts";
import { eventRequest, type Notice } from "../recorder.ts";
import { changed, logged, type Subject } from "./subject.ts";

/** How a pass ended that did not bring its group to rest. */
export type Unsettled =
  /** Nobody leads and nothing is moved. */
  | {
      readonly kind: "held";
      readonly reason: string;
      readonly message: string;
      readonly epoch: number | undefined;
      readonly findings: readonly Finding[];
    }
  /** Nothing is written: what would have been done. */
  | { readonly kind: "observed"; readonly message: string; readonly findings: readonly Finding[] }
  /** The subject cannot be served. */
  | { readonly kind: "refused"; readonly reason: string; readonly message: string }
  /** A hand-over is under way and could not be finished now. */
  | (Unfinished & { readonly kind: "unfinished"; readonly findings: readonly Finding[] });

/** What a feature calls things in its conditions. */
export interface Words {
  /** As in `Subject`. */
  readonly noun: string;
  /** Whoever leads: `writer`. */
  readonly leader: string;
  /** What a group that is held waits for. */
  readonly awaited: string;
}

/** Available and Progressing, and what else the pass found. */
export const unsettledFindings = (result: Unsettled, { noun, leader, awaited }: Words): readonly Finding[] => {
  switch (result.kind) {
    case "held": {
      const message = `no ${leader}: ${result.message}; labels and Lease stay as they are`;
      return [
        at("Available", "False", result.reason, message),
        at("Progressing", "False", result.reason, `waiting for ${awaited}`),
        ...result.findings,
      ];
    }
    case "observed":
      return [at("Observed", "True", "ObserveMode", result.message), ...result.findings];
    case "refused":
      return [
        at("Available", "False", result.reason, result.message),
        at("Progressing", "False", result.reason, `the ${noun} is not served`),
      ];
    case "unfinished":
      return [
        at("Available", "False", result.reason, result.message),
        at("Progressing", "True", result.reason, "the hand-over will be finished by the next pass"),
        ...result.findings,
      ];
  }
};

/** Conditions that somebody asked for are no warnings. */
const ASKED_FOR: ReadonlySet<string> = new Set(["Paused", "Observed"]);

/** One Event for each finding that is news. `before`: the stored conditions; `generation`: of the spec that they are about. */
export const findingNotices = (
  before: readonly Condition[],
  findings: readonly Finding[],
  generation: number,
): readonly Notice[] =>
  newFindings(before, findings)
    .filter(({ type, status }) => (type === "Available" ? status === "False" : type !== "Progressing"))
    .map(({ type, reason, message }) => ({
      type: ASKED_FOR.has(type) ? "Normal" : "Warning",
      reason,
      action: "Report",
      note: message,
      identity: `${generation} ${message}`,
    }));

export interface Promoted {
  readonly pod: string;
  /** What the pod is now: `the writer`. */
  readonly title: string;
  readonly epoch: number;
  /** Who led before, where the record told, and it was another. */
  readonly previous: Holder | undefined;
  readonly reason: string;
}

/** One Event for an epoch, whoever reports it and however often. */
export const promotionNotice = ({ pod, title, epoch, previous, reason }: Promoted): Notice => {
  const after = previous === undefined ? "" : `, after ${previous.name}`;
  const note = `pod ${pod} is ${title} under epoch ${epoch}${after} (${reason})`;
  return { type: "Normal", reason: "LeaderElected", action: "HandOver", note, identity: String(epoch) };
};

export interface Report {
  readonly subject: Subject;
  readonly notices: readonly Notice[];
  /** The write of the status; undefined: there is none, or it says what is stored already. */
  readonly status: KubeRequest | undefined;
}

/** The answer to the status write when it failed; undefined when all is well. That an Event was refused harms nobody. */
const send = async (io: Io, { subject, notices, status }: Report): Promise<KubeResponse | undefined> => {
  const { clock, instance, log } = io.context;
  const about = { now: clock.serverNow(), instance };
  const [answer] = await Promise.all([
    status === undefined ? undefined : io.send(status),
    ...notices.map((notice) => io.send(eventRequest(subject, notice, about))),
  ]);
  if (answer === undefined || classify(answer) === "ok") return undefined;
  log.debug("status not written", { ...logged(subject), answer: describe(answer) });
  return answer;
};

/** Reports the pass; a status that could not be written because the subject changed begins the pass again. */
export const conclude = async (io: Io, report: Report, outcome: PassOutcome): Promise<PassOutcome> => {
  const answer = await send(io, report);
  if (answer === undefined || outcome.kind !== "done") return outcome;
  const verdict = classify(answer);
  if (verdict === "gone") return outcome;
  return verdict === "stale" ? restart(changed(report.subject)) : failed("write the status", answer);
};
