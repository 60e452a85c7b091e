/**
 * Goal: no interleaving whatever of the shipped functions makes two writers, or leaves a group stuck, within scopes that are searched
 * to the end: 2 pods and 2 instances, 3 and 2, 2 and 3. Larger ones: `npm run explore`.
 */
import { expect, test } from "vitest";
import type { Exploring } from "./features.ts";
import { CLEAN, search, TIMEOUT_MS, verdictOf } from "./searching.ts";

type Options = Omit<Exploring, "size" | "faults" | "variant">;

test.each<[string, string, number, Options]>([
  ["2x2", "ready=2,create=1", 30_000, {}],
  ["2x2", "ready=1,delete=1", 10_000, {}],
  ["2x2", "ready=1,replace=1", 50_000, {}],
  ["2x2", "ready=1,move=2", 50_000, {}],
  ["2x2", "ready=2,lease=1", 100_000, {}],
  ["2x2", "ready=1,wish=2", 100_000, {}],
  ["2x2", "create=1,replace=1,lease=1", 300_000, {}],
  ["2x2", "create=1,delete=1,lease=1", 300_000, { movingClock: true }],
  ["2x2", "ready=1,create=1,move=1", 100_000, { splitLists: true }],
  ["2x2", "move=2,lease=1", 200_000, { splitLists: true }],
  ["2x2", "create=1,move=2,lease=1", 300_000, {}],
  ["2x2", "create=1,rival=1", 100_000, {}],
  ["2x2", "create=1,rename=1", 80_000, {}],
  ["3x2", "ready=1,create=1", 100_000, {}],
  ["3x2", "ready=2", 500_000, {}],
  ["3x2", "ready=1,lease=1", 500_000, {}],
  ["2x3", "ready=2", 200_000, {}],
  ["2x3", "ready=1,lease=1", 1_000_000, {}],
  ["2x3", "create=1,lease=1", 150_000, {}],
])(
  "%s with %s: one writer at most in every state, and from every state the group comes to rest",
  (size, faults, statesMin, options) => {
    const done = search("election", { size, faults, ...options });
    expect(verdictOf(done)).toEqual(CLEAN);
    // A scope that shrinks proves less than it says.
    expect(done.states).toBeGreaterThan(statesMin);
  },
  TIMEOUT_MS,
);
