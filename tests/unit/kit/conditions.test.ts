/** Status conditions: recomputed on each pass, only the time of the last change is carried over. */
import { expect, test } from "vitest";
import { conditionsFrom, newFindings, type Condition, type Finding } from "../../../functions/kit/conditions.ts";
import { NOW } from "../support/builders.ts";

const found = (status: Finding["status"], message = "m"): Finding => ({
  type: "Available",
  status,
  reason: "R",
  message,
});
const stored = (status: Finding["status"]): Condition => ({
  ...found(status),
  lastTransitionTime: "2025-01-01T00:00:00Z",
  observedGeneration: 1,
});
const about = { now: NOW, generation: 7 };

test("lastTransitionTime is kept while the status stays, whatever else changes", () => {
  const [condition] = conditionsFrom([stored("False")], [{ ...found("False", "other"), reason: "Other" }], about);
  expect(condition).toEqual({
    ...found("False", "other"),
    reason: "Other",
    observedGeneration: 7,
    lastTransitionTime: "2025-01-01T00:00:00Z",
  });
});

test("lastTransitionTime is now when the status changes or the type is new", () => {
  expect(conditionsFrom([stored("False")], [found("True")], about)[0]?.lastTransitionTime).toBe("2026-01-01T00:00:00Z");
  expect(conditionsFrom([], [found("True")], about)[0]?.lastTransitionTime).toBe("2026-01-01T00:00:00Z");
});

test("a condition that was not found this time is gone", () => {
  expect(conditionsFrom([stored("True")], [], about)).toEqual([]);
});

test.each<[string, Finding, number]>([
  ["the same finding is not new", found("True"), 0],
  ["another status is new", found("False"), 1],
  ["another reason is new", { ...found("True"), reason: "Q" }, 1],
  ["another message is new", found("True", "n"), 1],
  ["another type is new", { ...found("True"), type: "Paused" }, 1],
])("%s", (_title, finding, count) => {
  expect(newFindings([stored("True")], [finding])).toHaveLength(count);
});
