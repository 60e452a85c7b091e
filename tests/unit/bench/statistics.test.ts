/** What benches make of their samples. */
import { expect, test } from "vitest";
import { median, percentile, shuffled } from "../../../bench/statistics.ts";

const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

test.each<[number, number]>([
  [50, 50],
  [99, 99],
  [100, 100],
  [1, 1],
])("the smallest value that %i hundredths of 1 to 100 do not exceed is %i", (hundredths, value) => {
  expect(percentile(hundred, hundredths)).toBe(value);
});

test("a percentile of few values is one of them: p99 of three is the largest", () => {
  expect([percentile([3, 1, 2], 99), percentile([3, 1, 2], 50)]).toEqual([3, 2]);
});

test("the median of an even number of values lies between the middle two", () => {
  expect([median([4, 1, 3, 2]), median([3, 1, 2])]).toEqual([2.5, 2]);
});

test("nothing measured is no number, which no target accepts", () => {
  expect([percentile([], 50), median([])]).toEqual([Number.NaN, Number.NaN]);
});

test("shuffling keeps every item, once", () => {
  expect(shuffled(hundred).toSorted((left, right) => left - right)).toEqual(hundred.toReversed());
});
