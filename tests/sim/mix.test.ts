/** Goal: pods that are in a lock, a checker and an annotated Service at once have a leader of each, and no feature breaks another's promise. */
import { expect, test } from "vitest";
import { allKeepPromises, freshSeedsKeepPromises, seedsTo, testDeadlineMs } from "./keeping.ts";
import { profileFor } from "./profiles.ts";
import { simulate } from "./run.ts";

const FIXED_SEEDS = seedsTo(12);
const freshMs = 4_000;

test(
  "no seed makes a second leader of any of the three, and all come to rest",
  async () => {
    const promotions = await allKeepPromises(FIXED_SEEDS.map((seed) => ({ feature: "mix", seed })));
    expect(promotions).toBeGreaterThan(3 * FIXED_SEEDS.length);
  },
  testDeadlineMs,
);

test(
  "neither does any seed that nobody has tried before",
  async () => expect(await freshSeedsKeepPromises("mix", freshMs)).toBeGreaterThan(0),
  testDeadlineMs,
);

test(
  "each feature leads, and is judged by itself",
  async () => {
    const actions = ["switchover", "appMoves", "unreadyWriter", "ready"];
    const promotions = [0, 0, 0];
    for (const seed of seedsTo(4)) {
      // oxlint-disable-next-line no-await-in-loop
      const { verdicts } = await simulate({ feature: "mix", seed, profile: "race", actions, faults: [] });
      for (const [index, verdict] of verdicts.entries())
        promotions[index] = (promotions[index] ?? 0) + verdict.promotions;
    }
    expect(promotions).toHaveLength(3);
    for (const count of promotions) expect(count).toBeGreaterThan(0);
  },
  testDeadlineMs,
);

test("every feature is drawn, each in both profiles", () => {
  const drawn = seedsTo(12).map((seed) => {
    const { ways, steps } = profileFor({ feature: "all", seed });
    return `${ways.map(({ names }) => names.feature).join("+")} ${steps}`;
  });
  expect(new Set(drawn).size).toBe(8);
});

test.each(["mixed", "race"] as const)(
  "a seed of profile %s gives the same history each time",
  async (profile) => {
    const again = { feature: "mix", seed: 3, profile } as const;
    const [one, other] = [await simulate(again), await simulate(again)];
    expect(one.timeline.length).toBeGreaterThan(100);
    expect(other).toEqual(one);
  },
  testDeadlineMs,
);
