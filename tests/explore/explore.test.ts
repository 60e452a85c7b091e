/**
 * Goal: no interleaving whatever of the shipped functions makes two writers, or leaves a group stuck, within scopes that are searched
 * to the end: 2 pods and 2 instances, 3 and 2, 2 and 3. Larger ones: `npm run explore`.
 */
import { expect, test } from "vitest";
import { explore, type Limits } from "./explore.ts";
import { protocolOf } from "./protocol.ts";
import { scopeFrom, scopeText } from "./scopes.ts";

const TIMEOUT_MS = 120_000;
const LIMITS: Limits = {
  statesMax: 5_000_000,
  durationMaxMs: TIMEOUT_MS,
  until: ["S1", "S3", "S4"],
  progress: () => undefined,
};

interface Options {
  readonly splitLists?: true;
  readonly movingClock?: true;
}

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
  (size, faults, statesMin, { splitLists = false, movingClock = false }) => {
    const scope = scopeFrom(size, faults, movingClock);
    const done = explore(protocolOf(undefined, splitLists), scope, LIMITS);
    const { states, transitions, depth, durationMs, finding, exhausted, cut } = done;
    process.stdout.write(
      `${scopeText(scope)}${splitLists ? ", split lists" : ""}: ${states} states, ${transitions} transitions, depth ${depth}, ${(durationMs / 1000).toFixed(1)} s\n`,
    );
    expect(finding?.lines.join("\n")).toBeUndefined();
    expect({ exhausted, cut }).toEqual({ exhausted: true, cut: 0 });
    // A scope that shrinks proves less than it says.
    expect(states).toBeGreaterThan(statesMin);
  },
  TIMEOUT_MS,
);
