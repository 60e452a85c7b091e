/** What a pass says: status and conditions for each way in which it can end. */
import { expect, test } from "vitest";
import {
  findingsOf,
  isSameStatus,
  leaseTooShort,
  statusOf,
  type PassResult,
} from "../../../functions/election/report.ts";
import type { LockStatus } from "../../../functions/election/model.ts";
import { EPOCH, lockView, NOW, type LockOptions } from "../support/builders.ts";

const TICK_SECONDS = 5;
const EXTRA = { type: "Contested", status: "True", reason: "ForeignWrites", message: "somebody" } as const;
const SETTLED: PassResult = { kind: "settled", writer: "db-1", epoch: EPOCH, findings: [] };
const HELD: PassResult = { kind: "held", reason: "PodsNotFound", message: "no pods", epoch: EPOCH, findings: [EXTRA] };
const UNFINISHED: PassResult = { kind: "unfinished", reason: "WriteRefused", message: "403", findings: [EXTRA] };
const REFUSED: PassResult = { kind: "refused", reason: "LeaseForeign", message: "not ours" };

const report = (result: PassResult, lock: LockOptions = {}): LockStatus => {
  const view = lockView(lock);
  return statusOf(view, result, { findings: findingsOf(view, result, TICK_SECONDS), now: NOW });
};
const lines = ({ conditions }: LockStatus): readonly string[] =>
  conditions.map(({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`);

test.each<[PassResult, readonly string[]]>([
  [
    SETTLED,
    [
      "Available=True Available: StatefulSetLock is ready",
      "Progressing=False Settled: labels, Lease and stamps agree on pod db-1",
    ],
  ],
  [
    HELD,
    [
      "Available=False PodsNotFound: no writer: no pods; labels and Lease stay as they are",
      "Progressing=False PodsNotFound: waiting for a pod that can lead",
      "Contested=True ForeignWrites: somebody",
    ],
  ],
  [REFUSED, ["Available=False LeaseForeign: not ours", "Progressing=False LeaseForeign: the lock is not served"]],
  [
    UNFINISHED,
    [
      "Available=False WriteRefused: 403",
      "Progressing=True WriteRefused: the hand-over will be finished by the next pass",
      "Contested=True ForeignWrites: somebody",
    ],
  ],
  [{ kind: "observed", message: "would lead", findings: [] }, ["Observed=True ObserveMode: would lead"]],
])("conditions of %j", (result, expected) => {
  expect(lines(report(result))).toEqual(expected);
});

test.each<[PassResult, string, number | undefined]>([
  [SETTLED, "db-1", EPOCH],
  [HELD, "", EPOCH],
  [{ ...HELD, epoch: undefined }, "", 7],
  [REFUSED, "", 7],
  [UNFINISHED, "", 7],
])("writer and epoch of %j", (result, writerPod, epoch) => {
  expect(report(result, { status: { writerPod: "db-0", epoch: 7 } })).toMatchObject({
    writerPod,
    epoch,
    observedGeneration: 3,
  });
});

test("without any epoch the status has none", () => {
  expect(report(REFUSED).epoch).toBeUndefined();
});

test("paused is said while it is so, also while nobody leads, and not of a lock that is not served", () => {
  const spec = { paused: true };
  const said = "Paused=True SpecPaused: spec.paused is true: the writer is not moved automatically";
  expect(lines(report(SETTLED, { spec }))).toContain(said);
  expect(lines(report(HELD, { spec }))).toContain(said);
  expect(lines(report(REFUSED, { spec }))).not.toContain(said);
});

test("a condition whose cause is gone is gone", () => {
  const { conditions } = report(UNFINISHED);
  expect(lines(report(SETTLED, { status: { conditions } })).some((line) => line.startsWith("Contested"))).toBe(false);
});

test("two findings of one type become one condition with both messages", () => {
  const findings = [EXTRA, { ...EXTRA, message: "another" }];
  expect(lines(report({ ...SETTLED, findings }))).toContain("Contested=True ForeignWrites: somebody; another");
});

test.each<[number, number, boolean]>([
  [12, 5, false],
  [11, 5, true],
  [2, 0.4, false],
  [1, 1, true],
  [6, 2, false],
  [5, 2, true],
])("a Lease of %i s under a tick of %d s is too short: %j", (seconds, tick, tooShort) => {
  expect(leaseTooShort(seconds, tick)).toHaveLength(tooShort ? 1 : 0);
});

test.each([0.5, 1, 2, 5, 60])(
  "the shortest Lease that is named for a tick of %d s is long enough, and one less is not",
  (tick) => {
    const [finding] = leaseTooShort(1, tick);
    const least = Number(/can hold (\d+) or more/.exec(finding?.message ?? "")?.[1]);
    expect([leaseTooShort(least, tick).length, leaseTooShort(least - 1, tick).length]).toEqual([0, 1]);
  },
);

test("a status that was stored is the same as the one computed again later", () => {
  const stored = report(SETTLED);
  const later = lockView({ status: stored });
  const again = statusOf(later, SETTLED, { findings: findingsOf(later, SETTLED, TICK_SECONDS), now: NOW + 60_000 });
  expect(isSameStatus(again, later.status)).toBe(true);
});

test.each<[string, Partial<LockStatus>]>([
  ["writer", { writerPod: "db-9" }],
  ["epoch", { epoch: 8 }],
  ["generation", { observedGeneration: 9 }],
  ["conditions", { conditions: [] }],
])("another %s is another status", (_field, change) => {
  const stored = report(SETTLED);
  expect(isSameStatus({ ...stored, ...change }, stored)).toBe(false);
});
