/**
 * Goal: whatever happens to a Service in label mode and to its pods: one active pod at most, its selector is extended only onto a pod of which
 * the EndpointSlice controller has heard, labels go only once it has heard of the selector that was given back, and everything comes to
 * rest. Larger scopes: `npm run explore -- --feature standby-label`.
 */
import { expect, test } from "vitest";
import { CLEAN, featureNamed, search, TIMEOUT_MS, verdictOf } from "../searching.ts";

test.each<[string, string, number]>([
  ["2x1", "ready=1,mode=2", 5_000],
  ["2x1", "ready=1,edit=2", 20_000],
  ["2x2", "ready=1,unkey=1", 40_000],
  ["2x2", "ready=1,create=1", 40_000],
  ["2x2", "replace=1", 10_000],
  ["2x2", "move=1", 10_000],
  ["2x2", "move=2", 200_000],
  ["2x2", "lease=1", 10_000],
  ["2x2", "mode=1", 40_000],
  ["3x2", "ready=1", 40_000],
])(
  "%s with %s: one active pod, never nobody on the way, and rest",
  (size, faults, statesMin) => {
    const done = search("standby-label", { size, faults });
    expect(verdictOf(done)).toEqual(CLEAN);
    // A scope that shrinks proves less than it says.
    expect(done.states).toBeGreaterThan(statesMin);
  },
  TIMEOUT_MS,
);

/** The smallest scopes that show the flaw, and the events of the shortest history. */
const SHOWN_BY: readonly {
  readonly variant: string;
  readonly size: string;
  readonly faults: string;
  readonly flaw: string;
  readonly steps: number;
}[] = [
  { variant: "extended-unconfirmed", size: "2x1", faults: "", flaw: "G", steps: 11 },
  { variant: "labels-go-at-once", size: "2x1", faults: "mode=1", flaw: "G", steps: 11 },
  { variant: "never-restored", size: "2x1", faults: "mode=1", flaw: "G", steps: 8 },
  { variant: "let-go-unnoticed", size: "2x2", faults: "ready=2,move=2", flaw: "S1", steps: 24 },
];

/** Seen among millions of states only: `--faults mode=2,move=2 --only S1,S3`, as docs/verification.md says. */
const SHOWN_BY_HAND = ["ended-without-record"];

test("every weakened protocol is explored", () => {
  expect([...SHOWN_BY.map(({ variant }) => variant), ...SHOWN_BY_HAND]).toEqual(
    featureNamed("standby-label").variants.map(({ name }) => name),
  );
});

test.each(SHOWN_BY)(
  "$variant is caught at $size with $faults: $flaw is violated by a history of $steps events",
  ({ variant, size, faults, flaw, steps }) => {
    expect(search("standby-label", { size, faults, variant }).finding).toMatchObject({ flaw, steps });
  },
  TIMEOUT_MS,
);
