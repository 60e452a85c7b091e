/**
 * The plan under any mix of labels, stamps and records: it comes to rest, never makes a second writer on the way, fences before
 * it promotes, and raises epochs. Writes are applied one at a time, in any order within a step, and may stop after any of them.
 */
import { array, assert, boolean, nat, pre, property, record } from "fast-check";
import { expect, test } from "vitest";
import type { Holder } from "../../functions/kit/handover/model.ts";
import { plan, type Observed, type Target } from "../../functions/kit/handover/plan.ts";
import type { Candidate } from "../../functions/kit/pods/candidate.ts";
import { leadersOf, runToRest, type Write } from "../unit/support/group-model.ts";
import { someGroup } from "./arbitraries.ts";

/** Enrol, record, fence, promote. */
const STEPS_MAX = 4;

/** A member by number, or nobody when there is none of that number. */
const targetAmong = ({ pods }: Observed<Candidate>, choice: number): Target => {
  const members = pods.filter(({ member }) => member);
  const chosen = members[choice % (members.length + 1)];
  return chosen === undefined ? { kind: "nobody" } : { kind: "pod", uid: chosen.uid };
};

const aCase = record({ group: someGroup, choice: nat({ max: 5 }), backwards: boolean() });
const runOf = ({
  group,
  choice,
  backwards,
}: {
  group: Observed<Candidate>;
  choice: number;
  backwards: boolean;
}): {
  readonly target: Target;
  readonly trace: ReturnType<typeof runToRest<Candidate>>;
} => {
  const target = targetAmong(group, choice);
  return { target, trace: runToRest(group, target, backwards) };
};

test("it comes to rest within one round per step, and asked again nothing is left", () => {
  assert(
    property(aCase, (input) => {
      const { target, trace } = runOf(input);
      expect(trace.last).toBe("settled");
      expect(trace.rounds).toBeLessThanOrEqual(STEPS_MAX);
      expect(plan(trace.end, target)).toEqual({ kind: "settled" });
    }),
  );
});

test("at rest the target alone has role and token, everybody enrolled has the record's stamp, and the record names the target", () => {
  assert(
    property(aCase, (input) => {
      const { target, trace } = runOf(input);
      const { record: lease, pods, group } = trace.end;
      pre(lease !== undefined);
      const uid = target.kind === "pod" ? target.uid : undefined;
      const enrolled = pods.filter((pod) => pod.group === group);
      expect(leadersOf(trace.end).map((pod) => pod.uid)).toEqual(uid === undefined ? [] : [uid]);
      expect(enrolled.filter((pod) => pod.token !== undefined).map((pod) => pod.uid)).toEqual(
        uid === undefined ? [] : [uid],
      );
      expect(lease?.holder?.uid).toBe(uid);
      expect(new Set(enrolled.map(({ stamp }) => `${stamp?.epoch} ${stamp?.record}`)).size).toBeLessThanOrEqual(1);
    }),
  );
});

test("invariant S1: no write makes a second writer, in whatever order parallel writes arrive", () => {
  assert(
    property(aCase, (input) => {
      for (const { after } of runOf(input).trace.writes) expect(leadersOf(after).length).toBeLessThanOrEqual(1);
    }),
  );
});

const isFencedFor = (epoch: number, uid: string | undefined, pod: Candidate): boolean =>
  pod.stamp !== undefined && pod.stamp.epoch >= epoch && pod.stamp.record === uid;

test("invariant S5: before a promotion every other enrolled pod carries the epoch, and no pod the role", () => {
  assert(
    property(aCase, (input) => {
      const { trace } = runOf(input);
      const promotions = trace.writes.filter(({ step }) => step.kind === "promote");
      expect(promotions.length).toBeLessThanOrEqual(1);
      for (const { step, before } of promotions) {
        if (step.kind !== "promote") continue;
        const others = before.pods.filter(({ uid, group }) => uid !== step.change.pod.uid && group === before.group);
        expect(others.every((pod) => isFencedFor(step.epoch, before.record?.uid, pod))).toBe(true);
        expect(others.filter(({ role }) => role === before.names.leader)).toEqual([]);
        expect(before.record?.holder?.uid).toBe(step.change.pod.uid);
      }
    }),
  );
});

const epochsSeen = ({ record: lease, pods, epochSeen }: Observed<Candidate>): readonly number[] => [
  lease?.epoch ?? 0,
  epochSeen,
  ...pods.map(({ stamp }) => stamp?.epoch ?? 0),
];

test("invariant S4: a new epoch is above every epoch that was seen, and is taken once", () => {
  assert(
    property(aCase, (input) => {
      const records = runOf(input).trace.writes.filter(({ step }) => step.kind === "record");
      expect(records.length).toBeLessThanOrEqual(1);
      for (const { before, after } of records) {
        expect(after.record?.epoch).toBeGreaterThan(Math.max(...epochsSeen(before)));
      }
    }),
  );
});

/** A holder without uid comes from an adopted Lease: its name decides. */
const isSameHolder = (old: Holder | undefined, now: Holder | undefined): boolean =>
  old?.name === now?.name && (!old?.uid || old.uid === now?.uid);

test("invariant S9: leaseTransitions grows by one with another holder, and stays otherwise", () => {
  assert(
    property(aCase, (input) => {
      for (const { step, before, after } of runOf(input).trace.writes) {
        if (step.kind !== "record" || before.record === undefined) continue;
        const grown = step.change.leaseTransitions - before.record.leaseTransitions;
        expect(grown).toBe(isSameHolder(before.record.holder, after.record?.holder) ? 0 : 1);
      }
    }),
  );
});

/** Stops after a number of writes, and begins again with another target, as after a crash. */
const interrupted = (
  start: Observed<Candidate>,
  attempts: readonly { choice: number; writes: number; backwards: boolean }[],
): readonly Write<Candidate>[] => {
  const all: Write<Candidate>[] = [];
  let observed = start;
  for (const { choice, writes, backwards } of attempts) {
    const target = targetAmong(observed, choice);
    const done = runToRest(observed, target, backwards).writes.slice(0, writes);
    all.push(...done);
    observed = done.at(-1)?.after ?? observed;
  }
  return all;
};

test("pattern L3: dying after any write and going on with any target keeps one writer, rising epochs, and comes to rest", () => {
  const attempts = array(record({ choice: nat({ max: 5 }), writes: nat({ max: 8 }), backwards: boolean() }), {
    minLength: 1,
    maxLength: 4,
  });
  assert(
    property(someGroup, attempts, (group, steps) => {
      const writes = interrupted(group, steps);
      const promoted = writes.flatMap(({ step }) => (step.kind === "promote" ? [step] : []));
      for (const { after } of writes) expect(leadersOf(after).length).toBeLessThanOrEqual(1);
      const byEpoch = Map.groupBy(promoted, ({ epoch }) => epoch);
      for (const steppers of byEpoch.values())
        expect(new Set(steppers.map(({ change }) => change.pod.uid)).size).toBe(1);
      const epochs = promoted.map(({ epoch }) => epoch);
      expect(epochs).toEqual(epochs.toSorted((a, b) => a - b));
      const end = writes.at(-1)?.after ?? group;
      expect(runToRest(end, targetAmong(end, 0)).last).toBe("settled");
    }),
  );
});

const sorted = (trace: ReturnType<typeof runToRest<Candidate>>): unknown => ({
  record: trace.end.record,
  pods: trace.end.pods.toSorted((a, b) => (a.uid < b.uid ? -1 : 1)),
});

test("the order of the pods changes nothing but the order of the writes", () => {
  assert(
    property(someGroup, nat({ max: 5 }), (group, choice) => {
      const target = targetAmong(group, choice);
      const reversed = { ...group, pods: group.pods.toReversed() };
      expect(sorted(runToRest(reversed, target))).toEqual(sorted(runToRest(group, target)));
    }),
  );
});
