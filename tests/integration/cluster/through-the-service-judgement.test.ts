/** That the judgement of a run through the Service finds what it is there to find: each flaw, planted in a run that has no other. */
import { describe, expect, test } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import type { Revision } from "../../../functions/kit/history/revision.ts";
import { brokenPromises, exposureOf, gapMs, oldWrites, sharedTokens } from "./support/accounts.ts";
import type { Write } from "./support/client.ts";
import type { Entry, Register } from "./support/register.ts";
import { outOfTurn, reignsIn, type Reign } from "./support/reigns.ts";

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

const reign = (token: number, seenAtMs = 0): Reign => ({ pod: `pod-${token}`, seenAtMs });
const idsOf = (entries: readonly Entry[]): readonly string[] => entries.map(({ id }) => id);

describe("a write of an old writer that the check has accepted", () => {
  const IN_TURN = [entry("a", 1, 1_000), entry("b", 2, 2_000)];
  const REIGNS = [reign(1), reign(2, 1_900)];

  test.each([
    ["is the newer writer's", entry("b", 2, 2_000), 2],
    ["is larger than the newer writer's", entry("b", 2, 2_000), 3],
    ["did not grow for the newer writer", { ...entry("b", 1, 2_000), pod: "pod-2" }, 1],
  ])("is found by whose turn it was where its token tells nothing: it %s", (_, newer, token) => {
    const { checked } = booksWith([entry("a", 1, 1_000), newer, { ...entry("old", token, 2_500), pod: "pod-1" }]);
    expect(idsOf(oldWrites(checked))).toEqual([]);
    expect(idsOf(outOfTurn(checked, REIGNS))).toEqual(["old"]);
  });

  test("is found where its pod reigns again, but only later", () => {
    const again = [...REIGNS, reign(1, 9_000)];
    const accepted = [
      ...IN_TURN,
      { ...entry("old", 2, 7_000), pod: "pod-1" },
      { ...entry("c", 3, 9_100), pod: "pod-1" },
    ];
    const { checked } = booksWith(accepted);
    expect(idsOf(oldWrites(checked))).toEqual([]);
    expect(idsOf(outOfTurn(checked, again))).toEqual(["old"]);
  });

  test("is none where each wrote in its turn, although the observer heard of a label a little later than its pod", () => {
    const accepted = [...IN_TURN, { ...entry("c", 3, 8_900), pod: "pod-1" }, entry("d", 4, 12_000)];
    expect(
      outOfTurn(booksWith(accepted).checked, [...REIGNS, reign(1, 9_000), reign(3, 10_000), reign(4, 11_000)]),
    ).toEqual([]);
  });

  test("is one of a pod, too, that never had the label", () => {
    expect(idsOf(outOfTurn(booksWith([...IN_TURN, entry("never", 3, 3_000)]).checked, REIGNS))).toEqual(["never"]);
  });
});

const seen = (version: number, pod: string, isWriter: boolean, type: Revision["type"] = "MODIFIED"): Revision => ({
  type,
  resourceVersion: String(version),
  observedAt: version * 100,
  object: {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: pod,
      uid: pod,
      resourceVersion: String(version),
      labels: isWriter ? { [ROLES.roleLabel]: ROLES.leader } : {},
    },
  },
});

test("a reign begins with a label, each time that it comes back, in the order of the server", () => {
  const revisions = [
    seen(1, "a", true, "ADDED"),
    seen(4, "b", true),
    seen(2, "a", true),
    seen(3, "a", false),
    seen(5, "b", true, "DELETED"),
    seen(6, "a", true),
  ];
  expect(reignsIn(revisions)).toEqual([
    { pod: "a", seenAtMs: 100 },
    { pod: "b", seenAtMs: 400 },
    { pod: "a", seenAtMs: 600 },
  ]);
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
