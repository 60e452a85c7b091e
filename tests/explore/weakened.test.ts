/** Goal: every step of the protocol is needed; without it the exploration finds two writers, or what else it leads to, and says how. */
import { expect, test } from "vitest";
import type { Finding } from "./explore.ts";
import { featureNamed, search, TIMEOUT_MS } from "./searching.ts";

/** The smallest faults that show the flaw among two pods and two instances, and the events of the shortest history. */
const SHOWN_BY: readonly (readonly [string, string, number])[] = [
  ["unconditional-patches", "ready=2", 12],
  ["add-without-remove", "ready=1", 4],
  ["remove-then-add", "ready=2", 9],
  ["record-without-stamps", "ready=2", 10],
  ["fence-previous-leader-only", "ready=2", 15],
  ["skip-unlabelled", "ready=2", 15],
  ["pods-before-record", "ready=1,create=1", 15],
  ["stamps-without-record", "ready=2,lease=1", 20],
  ["fence-selected-only", "move=2", 6],
  ["nominate-unenrolled", "move=2", 8],
  ["epochs-start-again", "ready=1,lease=1", 8],
  ["no-catching-up", "ready=1,lease=1", 9],
  ["pods-before-new-record", "create=1,move=2,lease=1", 18],
  ["trust-reread", "create=1,rival=1", 23],
];

test("every weakened protocol is explored", () => {
  expect(SHOWN_BY.map(([name]) => name)).toEqual(featureNamed("election").variants.map(({ name }) => name));
});

test.each(SHOWN_BY)(
  "%s is caught with %s, by a history of %i events",
  (variant, faults, steps) => {
    const { flaw } = featureNamed("election").variants.find(({ name }) => name === variant) ?? {};
    expect(search("election", { size: "2x2", faults, variant }).finding).toMatchObject({ flaw, steps });
  },
  TIMEOUT_MS,
);

test("a counterexample reads as a script", () => {
  const { finding } = search("election", { size: "2x2", faults: "move=2", variant: "fence-selected-only" });
  expect((finding as Finding).lines).toEqual([
    "     start: record: Lease A, db-0, epoch 1; pods: db-0 (Ready, writer, stamp 1/A), db-1 (Ready, reader, stamp 1/A)",
    "  1  i1 reads the record: Lease A, db-0, epoch 1",
    "  2  db-0 leaves the selector",
    "  3  i1 reads the pods: db-1 (Ready, reader, stamp 1/A), db-0 (Ready, outside the selector, writer, stamp 1/A)",
    "  4  i1 changes the record to db-1, epoch 2: Lease A",
    "  5  i1 promotes db-1 (stamp 2/A): ok",
    "  6  db-0 returns to the selector",
    "     VIOLATION S1: db-0 and db-1 both lead",
  ]);
});
