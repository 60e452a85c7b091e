/**
 * What a pass says of a lock: status and conditions, as a pure function of what the pass found. Conditions other than
 * Available and Progressing exist only while they are true.
 */
import { areSameConditions, at, conditionsFrom, joined, trueFinding, type Finding } from "../kit/conditions.ts";
import { unsettledFindings, type Unsettled, type Words } from "../kit/group/report.ts";
import type { LockStatus, LockView } from "./model.ts";

/** How a pass over a served or refused lock ended. */
export type PassResult =
  /** Labels, Lease and stamps agree. */
  | { readonly kind: "settled"; readonly writer: string; readonly epoch: number; readonly findings: readonly Finding[] }
  | Unsettled;

const WORDS: Words = { noun: "lock", leader: "writer", awaited: "a pod that can lead" };

const pausedFinding = (lock: LockView): readonly Finding[] =>
  lock.paused
    ? [trueFinding("Paused", "SpecPaused", "spec.paused is true: the writer is not moved automatically")]
    : [];

/** A tick of period T keeps a Lease of duration D when T + 0.5 s < D/2 (design section 4). */
export const leaseTooShort = (leaseDurationSeconds: number, tickSeconds: number): readonly Finding[] => {
  if (tickSeconds + 0.5 < leaseDurationSeconds / 2) return [];
  const least = Math.floor(2 * tickSeconds + 1) + 1;
  const message = `spec.leaseDurationSeconds: got ${leaseDurationSeconds}, a tick of ${tickSeconds} s can hold ${least} or more; the Lease expires between renewals`;
  return [trueFinding("LeaseTooShort", "TickTooSlow", message)];
};

const main = (result: PassResult): readonly Finding[] =>
  result.kind === "settled"
    ? [
        at("Available", "True", "Available", "StatefulSetLock is ready"),
        at("Progressing", "False", "Settled", `labels, Lease and stamps agree on pod ${result.writer}`),
        ...result.findings,
      ]
    : unsettledFindings(result, WORDS);

export const findingsOf = (lock: LockView, result: PassResult, tickSeconds: number): readonly Finding[] => {
  const standing =
    result.kind === "refused" ? [] : [...leaseTooShort(lock.leaseDurationSeconds, tickSeconds), ...pausedFinding(lock)];
  return joined([...main(result), ...standing]);
};

/** The record's; the last one known stays while there is none, because a later record begins above it. */
const epochOf = ({ status }: LockView, result: PassResult): number | undefined =>
  ("epoch" in result ? result.epoch : undefined) ?? status.epoch;

/** The whole status; equal to the present one when there is nothing to write (`isSameStatus`). */
export const statusOf = (
  lock: LockView,
  result: PassResult,
  { findings, now }: { findings: readonly Finding[]; now: number },
): LockStatus => {
  const generation = lock.metadata.generation ?? 0;
  return {
    writerPod: result.kind === "settled" ? result.writer : "",
    epoch: epochOf(lock, result),
    observedGeneration: generation,
    conditions: conditionsFrom(lock.status.conditions, findings, { now, generation }),
  };
};

export const isSameStatus = (one: LockStatus, other: LockStatus): boolean =>
  one.writerPod === other.writerPod &&
  one.epoch === other.epoch &&
  one.observedGeneration === other.observedGeneration &&
  areSameConditions(one.conditions, other.conditions);
