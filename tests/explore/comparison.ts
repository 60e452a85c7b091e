/**
 * The tests that every explored flow passes: nothing tells it from the shipped one in a thousand random worlds, in which every kind of
 * request was seen, and each of its weakened protocols is told.
 */
import { assert, asyncProperty, nat, type Arbitrary } from "fast-check";
import { expect, test } from "vitest";
import { OLD } from "./outdated.ts";
import type { Disturbance } from "./place.ts";
import { TIMEOUT_MS } from "./searching.ts";
import { runBoth, type Flow } from "./side-by-side.ts";

interface Comparison<S, L, Variant> {
  /** The flow of a run, which may depend on a number of any size; `variant` undefined: as shipped. */
  readonly flowBy: (choice: number, variant: Variant | undefined) => Flow<S, L>;
  readonly others: Arbitrary<Disturbance[]>;
  /** Each has to be seen more than twenty times: two words that names begin with, or `STALE`. */
  readonly kinds: readonly string[];
  readonly variants: readonly Variant[];
}

/** A write that somebody was faster than. */
export const STALE = "stale";

/** How often what was sent, by the first two words of its name. */
type Counts = Map<string, number>;

const count = (counts: Counts, log: readonly string[]): void => {
  const stale = log.filter((name) => name.includes(`"resourceVersion":"${OLD}"`)).map(() => STALE);
  for (const kind of [...log.map((name) => name.split(" ", 2).join(" ")), ...stale]) {
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
};

/** What it is that makes `compare` reject, unless something is wrong with the comparison itself. */
const DIFFER: unknown = expect.stringContaining("to deeply equal");

const RUNS = 1000;

const SEEN_MIN = 20;

/** Rejects where the two differ. `shrinks`: to a short history. */
const compare = async <S, L>(
  flowBy: (choice: number) => Flow<S, L>,
  { others, shrinks }: { readonly others: Arbitrary<Disturbance[]>; readonly shrinks: boolean },
): Promise<Counts> => {
  const counts: Counts = new Map();
  const runs = asyncProperty(nat(), nat(), others, async (choice, at, disturbances) => {
    const flow = flowBy(choice);
    const { starts } = flow.system;
    const start = starts[at % starts.length];
    if (start !== undefined) count(counts, await runBoth(flow, start, disturbances));
  });
  await assert(runs, { numRuns: RUNS, seed: 1, endOnFailure: !shrinks });
  return counts;
};

export const testSideBySide = <S, L, Variant extends { readonly name: string }>({
  flowBy,
  others,
  kinds,
  variants,
}: Comparison<S, L, Variant>): void => {
  test(
    "what the shipped flow sends next, the explored one may send next, whatever comes in between",
    async () => {
      const counts = await compare((choice) => flowBy(choice, undefined), { others, shrinks: true });
      for (const kind of kinds) expect(counts.get(kind), kind).toBeGreaterThan(SEEN_MIN);
    },
    TIMEOUT_MS,
  );

  test.each(variants.map((variant) => [variant.name, variant] as const))(
    "%s, explored in the place of the shipped protocol, is told from it",
    async (_name, variant) => {
      const comparison = compare((choice) => flowBy(choice, variant), { others, shrinks: false });
      await expect(comparison).rejects.toHaveProperty("cause.message", DIFFER);
    },
    TIMEOUT_MS,
  );
};
