/**
 * What a pass says of a checker: status and conditions, as a pure function of what the pass found. Conditions other than Available and
 * Progressing exist only while they are true.
 */
import { areSameConditions, at, conditionsFrom, joined, type Finding } from "../kit/conditions.ts";
import { unsettledFindings, type Unsettled, type Words } from "../kit/group/report.ts";
import { secondTime } from "../kit/kube/micro-time.ts";
import type { CheckerStatus, CheckerView } from "./model.ts";

/** How a pass over a served or refused checker ended. */
export type PassResult =
  /** Labels, Lease and stamps agree. `relabelled`: a role label of a pod changed. */
  | {
      readonly kind: "settled";
      readonly leader: string;
      readonly epoch: number;
      readonly relabelled: boolean;
      readonly findings: readonly Finding[];
    }
  /** Labels, Lease and stamps agree that nobody leads. */
  | {
      readonly kind: "leaderless";
      readonly message: string;
      readonly epoch: number | undefined;
      readonly relabelled: boolean;
      readonly findings: readonly Finding[];
    }
  | Unsettled;

const WORDS: Words = { noun: "checker", leader: "leader", awaited: "a pod that can be asked" };

/** The reason of Available, and so of Progressing. */
const NOBODY_LEADS = "NobodyLeads";

const main = (result: PassResult): readonly Finding[] => {
  if (result.kind === "settled") {
    return [
      at("Available", "True", "Available", "one pod is labelled leader"),
      at("Progressing", "False", "Settled", `labels, Lease and stamps agree on pod ${result.leader}`),
      ...result.findings,
    ];
  }
  if (result.kind === "leaderless") {
    return [
      at("Available", "False", "NobodyLeads", `no leader: ${result.message}; no pod is labelled leader`),
      at("Progressing", "False", NOBODY_LEADS, "waiting for a pod that says that it leads"),
      ...result.findings,
    ];
  }
  return unsettledFindings(result, WORDS);
};

export const findingsOf = (result: PassResult): readonly Finding[] => joined(main(result));

/** The record's; the last one known stays while there is none, because a later record begins above it. */
const epochOf = ({ status }: CheckerView, result: PassResult): number | undefined =>
  ("epoch" in result ? result.epoch : undefined) ?? status.epoch;

/** The whole status; equal to the present one when there is nothing to write (`isSameStatus`). */
export const statusOf = (
  checker: CheckerView,
  result: PassResult,
  { findings, now }: { readonly findings: readonly Finding[]; readonly now: number },
): CheckerStatus => {
  const generation = checker.metadata.generation ?? 0;
  const epoch = epochOf(checker, result);
  const relabelled = "relabelled" in result && (result.relabelled || epoch !== checker.status.epoch);
  return {
    leaderNode: result.kind === "settled" ? result.leader : "",
    lastUpdated: relabelled ? secondTime(now) : checker.status.lastUpdated,
    epoch,
    observedGeneration: generation,
    conditions: conditionsFrom(checker.status.conditions, findings, { now, generation }),
  };
};

export const isSameStatus = (one: CheckerStatus, other: CheckerStatus): boolean =>
  one.leaderNode === other.leaderNode &&
  one.lastUpdated === other.lastUpdated &&
  one.epoch === other.epoch &&
  one.observedGeneration === other.observedGeneration &&
  areSameConditions(one.conditions, other.conditions);
