/**
 * Goal: whatever happens to a Service in route mode and to its pods, and however late the EndpointSlice controller is: from the end of the
 * cut-over on it leads to one pod at most, two families never to different ones, a cut-over and its way back never leave it without a
 * ready endpoint, and it comes to rest. Larger scopes: `npm run explore -- --feature standby-route`.
 */
import { expect, test } from "vitest";
import { CLEAN, featureNamed, search, TIMEOUT_MS, verdictOf } from "../searching.ts";

test.each<[string, string, number, number]>([
  ["2x1", "ready=2,create=1", 1, 10_000],
  ["2x1", "mode=2,unkey=1", 1, 4_000],
  ["2x1", "ready=1,mode=2", 1, 10_000],
  ["2x2", "ready=1", 1, 15_000],
  ["2x2", "create=1", 1, 4_000],
  ["1x2", "mode=1", 1, 8_000],
  ["2x2", "mode=2", 1, 90_000],
  ["2x1", "ready=1,mode=1,unkey=1", 1, 10_000],
  ["2x2", "unkey=1", 1, 10_000],
  ["2x2", "slice=1", 1, 5_000],
  ["3x2", "ready=1", 1, 15_000],
  ["2x1", "unkey=1,strip=2", 1, 5_000],
  ["2x1", "mode=2,strip=1", 1, 5_000],
  ["2x2", "strip=1", 1, 6_500],
  ["2x1", "ready=1,mode=1", 2, 10_000],
  ["2x1", "unkey=1,slice=1", 2, 5_000],
  ["2x1", "mode=1,strip=1", 2, 4_000],
  ["2x2", "ready=1", 2, 280_000],
])(
  "%s with %s, in %i families: one pod at most, never nobody on the way, and rest",
  (size, faults, families, statesMin) => {
    const done = search("standby-route", { size, faults, families });
    expect(verdictOf(done)).toEqual(CLEAN);
    // A scope that shrinks proves less than it says.
    expect(done.states).toBeGreaterThan(statesMin);
  },
  TIMEOUT_MS,
);

test(
  "epochs grow from slice to slice where each fault takes a second",
  () => {
    const done = search("standby-route", { size: "2x1", faults: "ready=1,mode=2", movingClock: true });
    expect(verdictOf(done)).toEqual(CLEAN);
  },
  TIMEOUT_MS,
);

interface Shown {
  readonly size: string;
  readonly faults: string;
  readonly families: number;
  readonly movingClock?: boolean;
}

/** The smallest scopes that show the flaw, and the events of the shortest history. */
const SHOWN_BY: readonly (readonly [string, number, Shown])[] = [
  ["unconditional-slices", 15, { size: "2x2", faults: "ready=1", families: 1 }],
  ["second-not-emptied", 5, { size: "2x1", faults: "ready=1", families: 2 }],
  ["second-filled-first", 5, { size: "2x1", faults: "ready=1", families: 2 }],
  ["ended-unseen", 11, { size: "2x1", faults: "", families: 1 }],
  ["empty-is-followed", 15, { size: "2x1", faults: "mode=2", families: 1 }],
  ["full-is-followed", 19, { size: "2x1", faults: "mode=1", families: 1 }],
  ["turn-again", 7, { size: "2x1", faults: "unkey=1", families: 1 }],
  ["key-before-slice", 8, { size: "2x1", faults: "", families: 1 }],
  ["record-made-whole", 13, { size: "1x2", faults: "mode=1", families: 1 }],
  ["key-before-pod", 10, { size: "2x1", faults: "", families: 1 }],
  ["without-clock", 20, { size: "2x1", faults: "ready=1,slice=1", families: 1, movingClock: true }],
  ["selector-removed", 0, { size: "2x1", faults: "", families: 1 }],
  ["not-filled", 7, { size: "2x1", faults: "mode=1", families: 1 }],
  ["slices-before-key", 6, { size: "2x1", faults: "mode=1", families: 1 }],
];

test("every weakened protocol is explored", () => {
  expect(SHOWN_BY.map(([name]) => name)).toEqual(featureNamed("standby-route").variants.map(({ name }) => name));
});

test.each(SHOWN_BY)(
  "%s is caught by a history of %i events",
  (variant, steps, shown) => {
    const { finding } = search("standby-route", { ...shown, variant });
    const { flaw } = featureNamed("standby-route").variants.find(({ name }) => name === variant) ?? {};
    expect(finding).toMatchObject({ flaw, steps });
  },
  TIMEOUT_MS,
);
