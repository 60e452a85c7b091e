/** How a bench's figures are judged and shown. */
import { expect, test } from "vitest";
import {
  against,
  atMost,
  counted,
  failuresOf,
  none,
  renderConditions,
  renderReport,
  underConditions,
  type BenchReport,
} from "../../../bench/report.ts";

test.each<[string, number, boolean]>([
  ["exactly the target is met", 16, true],
  ["more than the target is missed", 16.1, false],
  ["nothing measured is missed", Number.NaN, false],
])("%s", (_title, ours, met) => {
  expect(against("p50", "ms", { ours, floor: 10 }, 1.6)).toMatchObject({ target: "<= 1.6 x", met });
  expect(atMost("p50", "ms", ours, 16)).toMatchObject({ target: "<= 16", met });
});

const report: BenchReport = {
  bench: "failover",
  scope: "200 rounds",
  figures: [
    against("p50", "ms", { ours: 12.345, floor: 10 }, 1.6),
    against("p99", "ms", { ours: 210, floor: 100 }, 2),
    { name: "writes lost", unit: "", ours: 3 },
    { name: "renewals", unit: "", ours: 2, floor: 0 },
  ],
  notes: ["No tick came."],
};

test("a table shows figures, floor, ratio, target and what was missed, and no ratio to nothing", () => {
  expect(renderReport(report)).toBe(
    [
      "failover: 200 rounds",
      "              ours  floor  ratio    target",
      "p50, ms      12.35     10   1.23  <= 1.6 x     met",
      "p99, ms        210    100   2.10    <= 2 x  MISSED",
      "writes lost      3",
      "renewals         2      0",
      "  No tick came.",
    ].join("\n"),
  );
});

test("what must hold fails its bench when it does not; a target that is missed does not", () => {
  const figures = [against("p50", "ms", { ours: 99, floor: 1 }, 1.6), none("other writes", 0)];
  expect(failuresOf([{ ...report, figures }])).toEqual([]);
  expect(failuresOf([{ ...report, figures: [...figures, none("two writers", 3)] }])).toEqual([
    "failover: 200 rounds: two writers: 3, must be 0",
  ]);
});

test("what must hold and was not measured fails its bench", () => {
  expect(failuresOf([{ ...report, figures: [none("two writers", Number.NaN)] }])).toHaveLength(1);
});

test("one is counted without an s", () => {
  expect([counted(1, "lock"), counted(100, "lock")]).toEqual(["1 lock", "100 locks"]);
});

test("what is compared may be something else than a floor", () => {
  expect(renderReport({ ...report, comparedWith: "quiet" }).split("\n")[1]).toMatch(/ours +quiet +ratio/);
});

test("the conditions say when, on what, and how loaded before and after", async () => {
  const { conditions, reports } = await underConditions(() => Promise.resolve([report]));
  expect(reports).toEqual([report]);
  expect(renderConditions({ ...conditions, date: "D", node: "v24", cores: 2, loadBefore: 0.5, loadAfter: 1 })).toBe(
    "D, Node.js v24, 2 cores, load 0.50 before and 1.00 after",
  );
  expect(conditions.cores).toBeGreaterThan(0);
});
