/** How long a schedule lets pass between two ticks, and how Serving writes durations. */
import { expect, test } from "vitest";
import { durationSeconds } from "../../../infra/doctor/checks/ticks.ts";
import { periodSeconds } from "../../../infra/doctor/ticks.ts";
import { NOW } from "./cluster.ts";

test.each([
  ["*/10 * * * * *", 10],
  // At 0, 25, 50, and again at 0: the longest counts.
  ["*/25 * * * * *", 25],
  ["0 * * * * *", 60],
  ["* * * * *", 60],
  ["@hourly", 3600],
  ["every now and then", undefined],
  ["", undefined],
])("%s comes at least every %s s", (schedule, seconds) => {
  expect(periodSeconds(schedule, NOW)).toBe(seconds);
});

test("a time zone that does not exist is no schedule either", () => {
  expect(periodSeconds("* * * * *", NOW, "Moon/Crater")).toBeUndefined();
});

test.each([
  ["10s", 10],
  ["1m30s", 90],
  ["1h", 3600],
  ["0s", 0],
  [undefined, undefined],
  ["soon", undefined],
])("the duration %s is of %s s", (text, seconds) => {
  expect(durationSeconds(text)).toBe(seconds);
});
