/**
 * What a pass says of a lock: status and conditions, as a pure function of what the pass found. Conditions other than
 * Available and Progressing exist only while they are true.
 */
import { areSameConditions, conditionsFrom, joined, type Finding } from "../kit/conditions.ts";
import type { Unfinished } from "../kit/outcome.ts";
import type { LockStatus, LockView } from "./model.ts";

/** How a pass over a served or refused lock ended. */
export type PassResult =
  /** Labels, Lease and stamps agree. */
  | { readonly kind: "settled"; readonly writer: string; readonly epoch: number; readonly findings: readonly Finding[] }
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
  /** The lock cannot be served. */
  | { readonly kind: "refused"; readonly reason: string; readonly message: string }
  /** A hand-over is under way and could not be finished now. */
  | (Unfinished & { readonly kind: "unfinished"; readonly findings: readonly Finding[] });

const at = (type: string, status: "True" | "False", reason: string, message: string): Finding => ({
  type,
  status,
  reason,
  message,
});

const pausedFinding = (lock: LockView): readonly Finding[] =>
  lock.paused ? [at("Paused", "True", "SpecPaused", "spec.paused is true: the writer is not moved automatically")] : [];

/** A tick of period T keeps a Lease of duration D when T + 0.5 s < D/2 (design section 4). */
export const leaseTooShort = (leaseDurationSeconds: number, tickSeconds: number): readonly Finding[] => {
  const least = Math.floor(2 * tickSeconds + 1) + 1;
  return tickSeconds + 0.5 < leaseDurationSeconds / 2
    ? []
    : [
        at(
          "LeaseTooShort",
          "True",
          "TickTooSlow",
          `spec.leaseDurationSeconds: got ${leaseDurationSeconds}, a tick of ${tickSeconds} s can hold ${least} or more; the Lease expires between renewals`,
        ),
      ];
};

const main = (result: PassResult): readonly Finding[] => {
  switch (result.kind) {
    case "settled":
      return [
        at("Available", "True", "Available", "StatefulSetLock is ready"),
        at("Progressing", "False", "Settled", `labels, Lease and stamps agree on pod ${result.writer}`),
        ...result.findings,
      ];
    case "held":
      return [
        at("Available", "False", result.reason, `no writer: ${result.message}; labels and Lease stay as they are`),
        at("Progressing", "False", result.reason, "waiting for a pod that can lead"),
        ...result.findings,
      ];
    case "observed":
      return [at("Observed", "True", "ObserveMode", result.message), ...result.findings];
    case "refused":
      return [
        at("Available", "False", result.reason, result.message),
        at("Progressing", "False", result.reason, "the lock is not served"),
      ];
    case "unfinished":
      return [
        at("Available", "False", result.reason, result.message),
        at("Progressing", "True", result.reason, "the hand-over will be finished by the next pass"),
        ...result.findings,
      ];
  }
};

export const findingsOf = (lock: LockView, result: PassResult, tickSeconds: number): readonly Finding[] => {
  const standing =
    result.kind === "refused" ? [] : [...leaseTooShort(lock.leaseDurationSeconds, tickSeconds), ...pausedFinding(lock)];
  return joined([...main(result), ...standing]);
};

/** The record's; the last one known stays while there is none, because a later record begins above it. */
const epochOf = (lock: LockView, result: PassResult): number | undefined => {
  const found = result.kind === "settled" || result.kind === "held" ? result.epoch : undefined;
  return found ?? lock.status.epoch;
};

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
