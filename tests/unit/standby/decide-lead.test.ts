/** Which pod is active and why: each reason, and what is said of pods while none can be. */
import { expect, test } from "vitest";
import type { RecordView } from "../../../functions/kit/handover/model.ts";
import type { Candidate } from "../../../functions/kit/pods/candidate.ts";
import { byFitness, lead, type Field } from "../../../functions/standby/decide.ts";
import { groupOf, viewStandbyPod } from "../../../functions/standby/model.ts";
import { aPod, aRecord, NOW } from "../support/builders.ts";

const TEAM = { group: groupOf({ app: "db" }), selector: { app: "db" } };

const aCandidate = (name: string, over: Partial<Candidate> = {}): Candidate => {
  const pod = aPod({ name, group: null, labels: { "bellwether.dev/standby": TEAM.group } });
  return { ...viewStandbyPod(pod, TEAM, NOW), createdAt: "2026-01-01T00:00:00Z", ...over };
};

const aRecordOf = (holder: string | undefined): RecordView => ({
  ...aRecord(),
  holder: holder === undefined ? undefined : { name: holder, uid: `uid-of-${holder}` },
});

const ask = (pods: readonly Candidate[], record: Field["record"]): string => {
  const verdict = lead({ group: TEAM.group, record, pods });
  return verdict.kind === "lead" ? `${verdict.target.name} ${verdict.reason}` : `hold, vacates: ${verdict.vacates}`;
};

const OTHER = aCandidate("a");

test.each<[string, Partial<Candidate>, string]>([
  ["it can be", {}, "b ActiveHealthy"],
  ["terminating", { terminating: true }, "a HolderTerminating"],
  ["finished", { finished: true, ready: false }, "a HolderFinished"],
  ["not Ready", { ready: false }, "a HolderNotReady"],
  ["no member any more", { member: false }, "a HolderLeft"],
])("under a record the active pod is its holder, while it can be: %s", (_title, over, expected) => {
  expect(ask([OTHER, aCandidate("b", { role: "active", ...over })], aRecordOf("b"))).toBe(expected);
});

test("a holder that is gone is followed by the best, and a label that no record names counts for nothing", () => {
  expect(ask([OTHER, aCandidate("b", { role: "active" })], aRecordOf("gone"))).toBe("a HolderGone");
  expect(ask([OTHER, aCandidate("b", { priority: 1 })], aRecordOf(undefined))).toBe("b FirstElection");
});

const FENCED = { epoch: aRecord().epoch ?? 0, record: aRecord().uid };

test.each<[string, Partial<Candidate>, string | undefined, boolean]>([
  ["it leads", { member: false, role: "active" }, "a", true],
  ["it is named to", { member: false }, "b", true],
  ["there is no record, which one that is about to be made may name it", { member: false }, undefined, true],
  ["it follows, and is not fenced yet", { member: false }, "a", true],
  ["it is fenced", { member: false, stamp: FENCED }, "a", false],
  ["it is fenced, and nobody leads", { member: false, stamp: FENCED }, "", false],
  ["it leads, but has not left", { role: "active" }, "b", false],
])(
  "while none can be active, one that has left the group is active for nobody any more: %s",
  (_title, over, holder, vacates) => {
    const pods = [aCandidate("a", { ready: false }), aCandidate("b", { ready: false, ...over })];
    expect(ask(pods, holder === undefined ? undefined : aRecordOf(holder === "" ? undefined : holder))).toBe(
      `hold, vacates: ${vacates}`,
    );
  },
);

test("only members are counted among those that are not Ready", () => {
  const pods = [aCandidate("a", { ready: false }), aCandidate("b", { ready: false, member: false })];
  expect(lead({ group: TEAM.group, record: undefined, pods })).toMatchObject({
    message: "none of 1 pods is Ready and not terminating",
  });
  expect(lead({ group: TEAM.group, record: undefined, pods: pods.slice(1) })).toMatchObject({
    message: "the selector finds no pod",
  });
});

test.each<[string, readonly Candidate[], Field["record"]]>([
  ["the record keeps it", [aCandidate("b", { role: "active" })], aRecordOf("b")],
  ["another is chosen", [aCandidate("b")], aRecordOf(undefined)],
  ["nobody is chosen", [aCandidate("b", { ready: false })], aRecordOf(undefined)],
])("what is wrong on pods and record is told whatever is decided: %s", (_title, pods, record) => {
  const wrong = pods.map((pod) => ({ ...pod, problems: ["priority: got high"], tampered: true }));
  const verdict = lead({ group: TEAM.group, record: { ...aRecord(), ...record, tampered: true }, pods: wrong });
  expect(verdict.findings.map(({ reason }) => reason)).toEqual([
    "InvalidPriority",
    "StampUnreadable",
    "EpochUnreadable",
  ]);
});

test("fitness is an order: asked the other way round it answers the other way round", () => {
  const early = aCandidate("z", { createdAt: "2025-01-01T00:00:00Z" });
  const pairs: readonly (readonly [Candidate, Candidate])[] = [
    [aCandidate("z", { priority: 2, createdAt: "2026-02-01T00:00:00Z" }), aCandidate("a", { priority: 1 })],
    [early, aCandidate("a")],
    [aCandidate("a"), aCandidate("b")],
  ];
  expect(pairs.map(([one, other]) => [byFitness(one, other), byFitness(other, one)])).toEqual(pairs.map(() => [-1, 1]));
});
