/** The election as a function of what was observed: order-free, deaf to what is not its business, idempotent and pure. */
import {
  assert,
  boolean,
  constant,
  constantFrom,
  type Arbitrary,
  dictionary,
  pre,
  property,
  record,
  string,
} from "fast-check";
import { expect, test, vi } from "vitest";
import { admit, elect, type Election, type ElectionInput } from "../../functions/election/decide.ts";
import { ROLES } from "../../functions/election/labels.ts";
import { viewElectionPod, viewLock } from "../../functions/election/model.ts";
import { findingsOf, statusOf } from "../../functions/election/report.ts";
import { contestFindings } from "../../functions/kit/handover/contest.ts";
import { planEnrolment } from "../../functions/kit/handover/plan.ts";
import { readRecord } from "../../functions/kit/handover/record.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { disqualification } from "../../functions/kit/handover/choose.ts";
import {
  aBareLease,
  aLease,
  aLock,
  aRecord,
  aWriter,
  lockView,
  NOW,
  seen,
  SET_UID,
  THE_SET,
} from "../unit/support/builders.ts";
import { applyStep, runToRest } from "../unit/support/group-model.ts";
import { somePods, someRecord } from "./arbitraries.ts";

const someLock = record({
  paused: boolean(),
  switchover: constantFrom({}, {}, { switchoverTo: "db-0" }, { switchoverTo: "db-1" }, { switchoverTo: "db-9" }),
}).map(({ paused, switchover }) => lockView(Object.assign({ spec: { paused } }, switchover)));

const someInput: Arbitrary<ElectionInput> = record({
  lock: someLock,
  set: constant(THE_SET),
  pods: somePods,
  record: someRecord,
});

const essence = (election: Election): unknown => ({
  kind: election.kind,
  reason: election.reason,
  target: election.kind === "lead" ? election.target.uid : undefined,
  types: election.findings.map(({ type, reason }) => `${type} ${reason}`),
});

test("the order of the pods changes nothing", () => {
  assert(
    property(someInput, (input) => {
      expect(essence(elect({ ...input, pods: input.pods.toReversed() }))).toEqual(essence(elect(input)));
    }),
  );
});

const relabelled = (raw: KubeObject, more: Readonly<Record<string, string>>): KubeObject => {
  const extra = Object.fromEntries(Object.entries(more).map(([key, value]) => [`example.test/${key}`, value]));
  const { metadata } = raw;
  return {
    ...raw,
    metadata: {
      ...metadata,
      labels: { ...extra, ...metadata.labels },
      annotations: { ...extra, ...metadata.annotations },
    },
  };
};

test("labels and annotations that are not ours change nothing", () => {
  assert(
    property(someInput, dictionary(string(), string(), { maxKeys: 4 }), (input, more) => {
      const pods = input.pods.map(({ raw }) => viewElectionPod(relabelled(raw, more), THE_SET, NOW));
      expect(essence(elect({ ...input, pods }))).toEqual(essence(elect(input)));
    }),
  );
});

test("a target is always an eligible, enrolled member of what was observed", () => {
  assert(
    property(someInput, (input) => {
      const election = elect(input);
      pre(election.kind === "lead");
      expect(input.pods).toContain(election.target);
      expect(disqualification(election.target, SET_UID)).toBeUndefined();
    }),
  );
});

test("nobody leads only when nobody can, or when the lock is paused", () => {
  assert(
    property(someInput, (input) => {
      const able = input.pods.some((pod) => disqualification(pod, SET_UID) === undefined);
      const { kind } = elect(input);
      expect(kind === "lead" ? able : input.lock.paused || !able).toBe(true);
    }),
  );
});

test("a healthy holder leads unless a switchover to another pod was asked for", () => {
  const holder = seen(aWriter());
  assert(
    property(someInput, (input) => {
      const pods = [...input.pods.filter(({ name }) => name !== holder.name), holder];
      const election = elect({ ...input, pods, record: aRecord() });
      expect(election.kind).toBe("lead");
      const target = election.kind === "lead" ? election.target : undefined;
      expect([holder.name, input.lock.switchoverTo]).toContain(target?.name);
      expect(election.reason).toBe(target === holder ? "HolderHealthy" : "Switchover");
    }),
  );
});

test("asked again after its answer was carried out, it gives the same answer: the holder is healthy", () => {
  assert(
    property(someInput, (input) => {
      const read = { names: ROLES, group: SET_UID, record: input.record, pods: input.pods, epochSeen: 0, now: NOW };
      const observed = applyStep(read, { kind: "enrol", changes: planEnrolment(read) }).at(-1)?.after ?? read;
      const election = elect({ ...input, pods: observed.pods });
      pre(election.kind === "lead");
      const { end } = runToRest(observed, { kind: "pod", uid: election.target.uid });
      const again = elect({ ...input, record: end.record, pods: end.pods });
      expect(essence(again)).toMatchObject({ kind: "lead", reason: "HolderHealthy", target: election.target.uid });
    }),
  );
});

const FORBIDDEN = [
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "fetch",
  "process",
  "crypto",
  "performance",
  "console",
];
const forbid = (name: string) => (): never => {
  throw new Error(`decisions must not use ${name}`);
};

/** A `process` or `crypto` of which nothing may be touched. */
const untouchable = (name: string): unknown =>
  new Proxy(forbid(name), { get: forbid(name), has: forbid(name), apply: forbid(name) });

/** Runs with everything that is not a function of its input stubbed to throw. */
const isolated = <T>(decide: () => T): T => {
  for (const name of FORBIDDEN) vi.stubGlobal(name, untouchable(name));
  const spies = [vi.spyOn(Date, "now"), vi.spyOn(Math, "random")].map((spy) =>
    spy.mockImplementation(forbid("time or chance")),
  );
  try {
    return decide();
  } finally {
    for (const spy of spies) spy.mockRestore();
    vi.unstubAllGlobals();
  }
};

test("the stubs of the next test do throw", () => {
  expect(() => isolated(() => Date.now())).toThrow("decisions must not use");
  expect(() => isolated(() => Math.random())).toThrow("decisions must not use");
  expect(() => isolated(() => process.env)).toThrow("decisions must not use process");
  expect(() => isolated(() => fetch("http://127.0.0.1"))).toThrow("decisions must not use fetch");
});

const decideEverything = (input: ElectionInput, raw: KubeObject): unknown => {
  const lock = viewLock(aLock(), NOW);
  const reading = readRecord(raw, { feature: ROLES.feature, now: NOW, isMemberName: () => true });
  const admission = admit({ lock, locks: [lock], set: THE_SET, reading });
  const election = elect(input);
  const { record: lease, pods } = input;
  const observed = { names: ROLES, group: SET_UID, record: lease, pods, epochSeen: 0, now: NOW };
  const trace = election.kind === "lead" ? runToRest(observed, { kind: "pod", uid: election.target.uid }) : undefined;
  const contested = contestFindings({ names: ROLES, record: lease, lease: raw, pods });
  const result = { kind: "settled", writer: "db-0", epoch: 1, findings: [...election.findings, ...contested] } as const;
  const status = statusOf(lock, result, { findings: findingsOf(lock, result, 5), now: NOW });
  return { admission, election, trace, status };
};

test("design rule 2: deciding uses no clock, no chance, no timer, no I/O and no environment, and gives one answer", () => {
  assert(
    property(someInput, constantFrom(aLease(), aBareLease()), (input, raw) => {
      const [one, other] = isolated(() => [decideEverything(input, raw), decideEverything(input, raw)]);
      expect(one).toEqual(other);
    }),
  );
});
