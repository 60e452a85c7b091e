/** What the soak calls growth: a leak is found, the bursts and the warm-up of a healthy process are not. */
import { describe, expect, test } from "vitest";
import { growth, type Vitals } from "../../../bench/soak/vitals.ts";
import type { Figure } from "../../../bench/report.ts";

const SAMPLES = 90;

const verdictOf = (vitalsAt: (index: number) => Vitals, name: string): Figure["met"] =>
  growth(Array.from({ length: SAMPLES }, (_, index) => vitalsAt(index))).find((figure) => figure.name === name)?.met;

const healthy = (index: number): Vitals => ({
  // Fills its caches at first, and has more garbage at some times than at others.
  rssMiB: (index < 20 ? 60 + index : 80) + (index % 7),
  descriptors: 30 + (index % 5 === 0 ? 0 : 20),
});

const leaking = (index: number): Vitals => {
  const { rssMiB, descriptors } = healthy(index);
  return { rssMiB, descriptors: descriptors + Math.floor(index / 25) };
};

describe("growth", () => {
  test("a process that has warmed up and meets bursts does not grow", () => {
    expect(verdictOf(healthy, "RSS, median")).toBe(true);
    expect(verdictOf(healthy, "descriptors, fewest")).toBe(true);
  });

  test("memory that creeps up is growth", () => {
    expect(verdictOf((index) => ({ ...healthy(index), rssMiB: 60 + index / 3 }), "RSS, median")).toBe(false);
  });

  test("one descriptor that is lost now and then is growth, whatever the bursts", () => {
    expect(verdictOf(leaking, "descriptors, fewest")).toBe(false);
  });
});
