/** That the judgement of a run through the Service finds what it is there to find: each flaw, planted in a run that has no other. */
import { expect, test } from "vitest";
import { brokenPromises, exposureOf, gapMs, oldWrites, sharedTokens } from "./support/accounts.ts";
import type { Write } from "./support/client.ts";
import type { Entry, Register } from "./support/register.ts";

const write = (id: string, outcome: Write["outcome"], endMs: number): Write => ({
  id,
  outcome,
  book: "checked",
  connecting: "anew",
  why: "",
  startMs: endMs - 10,
  endMs,
});

const entry = (id: string, token: number, atMs = 0): Entry => ({ id, token, pod: `pod-${token}`, atMs });

const booksWith = (checked: readonly Entry[], unchecked: readonly Entry[] = []): Register["books"] => ({
  checked: { accepted: checked, refused: [] },
  unchecked: { accepted: unchecked, refused: [] },
});

const WRITES: readonly Write[] = [write("a", "acknowledged", 10), write("b", "refused", 20), write("c", "unknown", 30)];

test("a write that nobody knows the fate of may be there or not", () => {
  expect(brokenPromises(WRITES, booksWith([entry("a", 1)]))).toEqual([]);
  expect(brokenPromises(WRITES, booksWith([entry("a", 1), entry("c", 1)]))).toEqual([]);
});

test("an acknowledged write that is missing, a refused one that is there, and one that is there twice are told", () => {
  expect(brokenPromises(WRITES, booksWith([]))).toEqual(["checked: a was acknowledged and is not there"]);
  expect(brokenPromises(WRITES, booksWith([entry("a", 1), entry("b", 1)]))).toEqual([
    "checked: b was refused and is there",
  ]);
  expect(brokenPromises(WRITES, booksWith([entry("a", 1), entry("a", 1)]))).toEqual([
    "checked: 1 are there more than once",
  ]);
});

test("a write into the other book does not count as present", () => {
  expect(brokenPromises(WRITES, booksWith([], [entry("a", 1)]))).toHaveLength(1);
});

test("an old writer's writes are those after a newer one's, and the exposure is theirs", () => {
  const accepted = [entry("a", 1, 5), entry("b", 2, 10), entry("c", 1, 25), entry("d", 2, 30), entry("e", 1, 40)];
  const [book] = [booksWith(accepted).checked];
  expect(oldWrites(book).map(({ id }) => id)).toEqual(["c", "e"]);
  expect(exposureOf(book, { fromMs: 0, untilMs: 100 })).toEqual({ writes: 2, forMs: 30 });
  expect(exposureOf(book, { fromMs: 0, untilMs: 40 })).toEqual({ writes: 1, forMs: 15 });
});

test("a token of two pods is told", () => {
  const stranger = { ...entry("b", 1), pod: "another" };
  expect(sharedTokens(booksWith([entry("a", 1), entry("c", 2)], [stranger]))).toEqual([1]);
});

test("the gap is the longest time without an acknowledged write that ends in the span", () => {
  const writes = [10, 20, 70, 80, 200].map((endMs, index) => write(String(index), "acknowledged", endMs));
  expect(gapMs(writes, "anew", { fromMs: 15, untilMs: 100 })).toBe(50);
  expect(gapMs(writes, "anew", { fromMs: 100, untilMs: 300 })).toBe(120);
  expect(gapMs(writes, "kept", { fromMs: 0, untilMs: 300 })).toBe(0);
});
