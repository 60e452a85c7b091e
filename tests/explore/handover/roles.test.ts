/**
 * Goal: whatever the application says, and whenever: one leader at most, each assigned by an answer that is younger than the record before; and
 * while its word stays, whom it names leads, or nobody. Larger scopes: `npm run explore -- --feature roles`.
 */
import { expect, test } from "vitest";
import { CLEAN, featureNamed, search, TIMEOUT_MS, verdictOf } from "../searching.ts";

test.each<[string, string, number]>([
  ["2x1", "ready=1,lease=1,word=1", 5_000],
  ["2x1", "create=1,replace=1,word=1", 10_000],
  ["2x1", "move=2,word=1", 5_000],
  ["2x2", "word=2", 100_000],
  ["2x2", "ready=1,word=1", 50_000],
  ["2x1", "word=1,lie=2", 1_000],
  ["3x2", "word=1", 100_000],
  ["2x3", "word=1", 200_000],
])(
  "%s with %s: one leader at most, by young answers, and as the application says in the end",
  (size, faults, statesMin) => {
    const done = search("roles", { size, faults });
    expect(verdictOf(done)).toEqual(CLEAN);
    // A scope that shrinks proves less than it says.
    expect(done.states).toBeGreaterThan(statesMin);
  },
  TIMEOUT_MS,
);

/** The smallest scopes that show the flaw, and the events of the shortest history. */
const SHOWN_BY: readonly (readonly [string, string, number])[] = [
  ["asked-before-record", "word=1", 9],
  ["nobody-unfenced", "word=1", 1],
];

test("every weakened protocol is explored", () => {
  expect(SHOWN_BY.map(([name]) => name)).toEqual(featureNamed("roles").variants.map(({ name }) => name));
});

test.each(SHOWN_BY)(
  "%s is caught with %s, by a history of %i events",
  (variant, faults, steps) => {
    const { flaw } = featureNamed("roles").variants.find(({ name }) => name === variant) ?? {};
    expect(search("roles", { size: "2x2", faults, variant }).finding).toMatchObject({ flaw, steps });
  },
  TIMEOUT_MS,
);
