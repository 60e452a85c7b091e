/** What fails a soak, and how its promotions are told. */
import { expect, test } from "vitest";
import { failuresOf } from "../../../bench/report.ts";
import { findings, type SoakFindings } from "../../../bench/soak/findings.ts";
import type { Leadership } from "../../../functions/kit/history/verdict.ts";

const leadership = (name: string): Leadership => ({
  group: `data/${name}`,
  name: `data/${name}`,
  served: true,
  changes: 0,
  vacancies: 0,
  vacantMs: 0,
  longestVacancyMs: 0,
  leaders: [`${name}-0`],
});

const SOUND: SoakFindings["verdict"] = {
  violations: [],
  foreign: [],
  gaps: [],
  promotions: 7,
  leaderships: [leadership("db0"), leadership("db1")],
};

const failures = (found: SoakFindings): readonly string[] =>
  failuresOf([{ bench: "soak", scope: "2 groups", figures: findings(found) }]);

test("a sound run fails nothing, and tells first elections apart from what the churn made", () => {
  const found = { verdict: SOUND, unsettled: 0 };
  expect(failures(found)).toEqual([]);
  expect(findings(found).slice(-2)).toMatchObject([
    { name: "first elections", ours: 2 },
    { name: "promotions of the churn", ours: 5 },
  ]);
});

const at = { resourceVersion: "7", object: "Pod data/db0-0", manager: "unknown" };
const VIOLATION = { ...at, invariant: "S1", message: "two writers", evidence: [], inGap: false } as const;
const GAP = { resource: "leases", after: "7", until: "9" };
const DOUBLING = {
  group: "data/db0",
  name: "data/db0",
  served: true,
  from: "7",
  to: undefined,
  repairedAfterMs: undefined,
  pods: ["db0-0", "db0-1"],
  causes: [],
  evidence: [],
};

test.each<[string, SoakFindings]>([
  ["violations of the invariants", { verdict: { ...SOUND, violations: [VIOLATION] }, unsettled: 0 }],
  ["doublings that others made", { verdict: { ...SOUND, foreign: [DOUBLING] }, unsettled: 0 }],
  ["gaps of the observation", { verdict: { ...SOUND, gaps: [GAP] }, unsettled: 0 }],
  ["groups without exactly one writer at the end", { verdict: SOUND, unsettled: 1 }],
])("one of the %s fails the soak", (name, found) => {
  expect(failures(found)).toEqual([`soak: 2 groups: ${name}: 1, must be 0`]);
});
