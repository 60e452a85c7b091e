/** The rules of an attempt, one by one: which steps may be carried out, what each answer means, and what ends it. */
import { expect, test } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import {
  absorbEnrolled,
  absorbPod,
  absorbRecord,
  advance,
  answerToReread,
  answerToWrite,
  begin,
  isConflict,
  judgeStep,
  writesOf,
  type PodAnswer,
  type Progress,
  type WritingStep,
} from "../../../functions/kit/handover/attempt.ts";
import { plan, type Observed, type Step } from "../../../functions/kit/handover/plan.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { KubeResponse } from "../../../functions/kit/kube/request.ts";
import type { Candidate } from "../../../functions/kit/pods/candidate.ts";
import { aLease, aPod, aReader, aRecord, aWriter, EPOCH, LEASE_NAME, NOW, seen, SET_UID } from "../support/builders.ts";

const PODS = [aWriter(), aReader({ name: "db-1" })];

const observe = (pods: readonly KubeObject[] = PODS): Observed<Candidate> => ({
  names: ROLES,
  group: SET_UID,
  record: aRecord(),
  pods: pods.map((pod) => seen(pod)),
  epochSeen: 0,
  now: NOW,
});

const stepTo = (name: string, pods?: readonly KubeObject[]): Step<Candidate> =>
  plan(observe(pods), { kind: "pod", uid: `uid-of-${name}` });

const writing = (step: Step<Candidate>): WritingStep<Candidate> => {
  if (step.kind === "settled" || step.kind === "restart") throw new Error(`${step.kind} writes nothing`);
  return step;
};

const RECORD_STEP = writing(stepTo("db-1"));
const ENROL_STEP = writing(stepTo("db-1", [aPod({ group: null }), aReader({ name: "db-1" })]));
const FENCE_STEP = writing(stepTo("db-0", [aReader(), aPod({ name: "db-1" })]));
const PROMOTE_STEP = writing(stepTo("db-0", [aReader(), aReader({ name: "db-1" })]));

const after = (...steps: readonly WritingStep<Candidate>[]): Progress<Candidate> => {
  let progress = begin(observe());
  for (const step of steps) progress = advance(progress, step, observe());
  return progress;
};

const answer = (status: number, body: unknown = {}): KubeResponse => ({ status, body });
const refusal = (status: number, reason: string): KubeResponse => answer(status, { kind: "Status", reason });

test("the steps in these tests are the ones that they are named after", () => {
  expect([RECORD_STEP, ENROL_STEP, FENCE_STEP, PROMOTE_STEP].map(({ kind }) => kind)).toEqual([
    "record",
    "enrol",
    "fence",
    "promote",
  ]);
});

test("a record is written at the start, and after enrolment", () => {
  expect(judgeStep(begin(observe()), RECORD_STEP)).toEqual({ kind: "perform", step: RECORD_STEP });
  expect(judgeStep(after(ENROL_STEP), RECORD_STEP)).toMatchObject({ kind: "perform" });
});

test.each([
  ["record", RECORD_STEP],
  ["fence", FENCE_STEP],
  ["promote", PROMOTE_STEP],
])("after %s no other record is written: back to the read", (_title, step) => {
  expect(judgeStep(after(step), RECORD_STEP)).toEqual({ kind: "restart", reason: "a pod is ahead of the record" });
});

test("what was written is counted, and whether the last of it was a promotion is known", () => {
  const end = judgeStep(after(ENROL_STEP, RECORD_STEP, FENCE_STEP, PROMOTE_STEP), { kind: "settled" });
  expect(end).toMatchObject({ kind: "settled", writes: 4, promoted: true });
  expect(judgeStep(after(RECORD_STEP, FENCE_STEP), { kind: "settled" })).toMatchObject({ writes: 2, promoted: false });
  expect([RECORD_STEP, FENCE_STEP, PROMOTE_STEP].map((step) => writesOf(step))).toEqual([1, 1, 1]);
});

test("24 rounds are carried out, and not one more", () => {
  const rounds = Array.from({ length: 24 }, () => FENCE_STEP);
  expect(judgeStep(after(...rounds.slice(1)), FENCE_STEP)).toMatchObject({ kind: "perform" });
  expect(judgeStep(after(...rounds), FENCE_STEP)).toEqual({ kind: "restart", reason: "not at rest after 24 rounds" });
});

test("a restart of the plan is one of the attempt", () => {
  const step = { kind: "restart", reason: "the target is not an enrolled member" } as const;
  expect(judgeStep(begin(observe()), step)).toEqual(step);
});

const POD = seen(aReader());
const newer = aReader({ version: 11 });

test.each<[string, KubeResponse, unknown]>([
  ["done: the pod as it is now", answer(200, newer), { kind: "now", pod: seen(newer), conflict: false }],
  ["the pod is gone", refusal(404, "NotFound"), { kind: "now", pod: undefined, conflict: false }],
  ["the pod has changed", refusal(409, "Conflict"), { kind: "reread", request: { verb: "get", name: "db-0" } }],
  ["refused", refusal(403, "Forbidden"), { kind: "stop", response: { status: 403 } }],
  ["no answer", answer(0), { kind: "stop", response: { status: 0 } }],
])("a pod's write, %s", (_title, response, meaning) => {
  expect(answerToWrite(seen, POD, response)).toMatchObject(meaning as object);
});

const before = aReader({ epoch: EPOCH - 1, record: "former" });

test.each<[string, KubeResponse, object, boolean]>([
  ["its stamp is the same", answer(200, before), { kind: "now", conflict: true }, true],
  ["it has the stamp of our record by now", answer(200, newer), { kind: "now", conflict: true }, true],
  ["it has a later stamp", answer(200, aReader({ epoch: EPOCH + 1 })), { kind: "overtaken" }, true],
  ["it has an earlier stamp, but another", answer(200, aReader({ epoch: EPOCH - 2 })), { kind: "overtaken" }, true],
  ["it has our epoch of another Lease", answer(200, aReader({ record: "other" })), { kind: "overtaken" }, true],
  ["it has no stamp any more", answer(200, aPod()), { kind: "overtaken" }, true],
  ["it is gone", refusal(404, "NotFound"), { kind: "now", pod: undefined }, true],
  ["another has its name", answer(200, aPod({ uid: "another" })), { kind: "now", pod: undefined }, true],
  ["the read is refused", refusal(403, "Forbidden"), { kind: "stop" }, false],
])("a pod that has changed is read again, %s", (_title, response, meaning, conflict) => {
  const told = answerToReread(seen, { pod: seen(before), record: aRecord() }, response);
  expect(told).toMatchObject(meaning);
  expect(isConflict(told)).toBe(conflict);
});

test.each<[string, KubeObject, KubeObject]>([
  ["only the epoch is another", aReader({ epoch: EPOCH - 1 }), aReader({ epoch: EPOCH - 2 })],
  ["only the Lease is another", before, aReader({ epoch: EPOCH - 1, record: "other" })],
  ["there was none", aPod(), aReader({ epoch: EPOCH - 1 })],
])("a stamp that came since the LIST overtakes the attempt, with and without a record: %s", (_title, was, is) => {
  for (const record of [aRecord(), undefined]) {
    expect(answerToReread(seen, { pod: seen(was), record }, answer(200, is))).toEqual({ kind: "overtaken" });
  }
});

test("a pod without a stamp that changed otherwise goes on as it is now", () => {
  const told = answerToReread(seen, { pod: seen(aPod()), record: undefined }, answer(200, aPod({ version: 11 })));
  expect(told).toMatchObject({ kind: "now", pod: { resourceVersion: "11" } });
});

test("an attempt begins with nothing done, and ends with what it knew", () => {
  const observed = observe();
  expect(begin(observed)).toStrictEqual({ observed, rounds: 0, writes: 0, handing: false, promoted: false });
  const refused = refusal(403, "Forbidden");
  expect(answerToReread(seen, { pod: POD, record: aRecord() }, refused)).toEqual({ kind: "stop", response: refused });
  const fencing = { phase: "fence", pod: POD } as const;
  expect(absorbPod(observed, fencing, { kind: "stop", response: refused })).toEqual({
    observed,
    stop: { kind: "refused", doing: "fence pod db-0", response: refused },
  });
  expect(absorbPod(observed, fencing, { kind: "overtaken" })).toEqual({
    observed,
    stop: { kind: "restart", reason: "pod db-0 was stamped by another hand-over" },
  });
  const now = { kind: "now", pod: seen(newer), conflict: true } as const;
  expect(absorbPod(observed, { phase: "promote", pod: POD }, now).observed.pods[0]?.resourceVersion).toBe("11");
  const stops = [refusal(409, "Conflict"), refused].map((response) => absorbRecord(observed, LEASE_NAME, response));
  expect(stops).toEqual([
    { observed, stop: { kind: "restart", reason: "the record changed" } },
    { observed, stop: { kind: "refused", doing: `write Lease ${LEASE_NAME}`, response: refused } },
  ]);
});

test("a conflict while fencing goes on with the pod as it is now, a conflict at the promotion does not", () => {
  const now: PodAnswer<Candidate> = { kind: "now", pod: seen(newer), conflict: true };
  const fenced = absorbPod(observe(), { phase: "fence", pod: POD }, now);
  expect(fenced.stop).toBeUndefined();
  expect(fenced.observed.pods.map(({ resourceVersion }) => resourceVersion)).toEqual(["11", "10"]);
  expect(absorbPod(observe(), { phase: "promote", pod: POD }, now).stop).toMatchObject({ kind: "restart" });
});

test("a pod that vanished is no longer observed; as the target it ends the attempt", () => {
  const gone: PodAnswer<Candidate> = { kind: "now", pod: undefined, conflict: false };
  const fenced = absorbPod(observe(), { phase: "fence", pod: POD }, gone);
  expect(fenced.observed.pods.map(({ name }) => name)).toEqual(["db-1"]);
  expect(fenced.stop).toBeUndefined();
  expect(absorbPod(observe(), { phase: "promote", pod: POD }, gone).stop).toMatchObject({ kind: "restart" });
});

test("pods that were enrolled unseen are added, and replace what was known before their enrolment", () => {
  const observed = { ...observe(), pods: [seen(aReader()), seen(aPod({ name: "db-1", group: null }))] };
  const listed = [aReader({ version: 99 }), aWriter({ name: "db-1", version: 12 }), aReader({ name: "db-2" })];
  const { pods } = absorbEnrolled(
    observed,
    listed.map((pod) => seen(pod)),
  );
  expect(pods.map(({ name, group, resourceVersion }) => [name, group, resourceVersion])).toEqual([
    ["db-0", SET_UID, "10"],
    ["db-1", SET_UID, "12"],
    ["db-2", SET_UID, "10"],
  ]);
});

test("a member that nobody has enrolled stays as it was observed", () => {
  const observed = { ...observe(), pods: [seen(aPod({ group: null }))] };
  expect(absorbEnrolled(observed, []).pods).toEqual(observed.pods);
});

const rewritten = { observed: { record: { resourceVersion: "8" } } };

test.each<[string, KubeResponse, object]>([
  ["changed", answer(200, aLease({ version: 8 })), rewritten],
  ["created", answer(201, aLease({ version: 8 })), rewritten],
  ["changed by somebody faster", refusal(409, "Conflict"), { stop: { kind: "restart" } }],
  ["created by somebody faster", refusal(409, "AlreadyExists"), { stop: { kind: "restart" } }],
  ["deleted by somebody", refusal(404, "NotFound"), { stop: { kind: "restart" } }],
  ["refused", refusal(403, "Forbidden"), { stop: { kind: "refused", doing: `write Lease ${LEASE_NAME}` } }],
])("the record is %s", (_title, response, outcome) => {
  expect(absorbRecord(observe(), LEASE_NAME, response)).toMatchObject(outcome);
});

test("only a refused or failed record write ends the attempt", () => {
  expect(absorbRecord(observe(), LEASE_NAME, answer(200, aLease())).stop).toBeUndefined();
});
