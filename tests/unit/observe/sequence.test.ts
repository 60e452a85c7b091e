/** Revisions of several watches in one order, as soon as that can be known, and what came too late is known to be late. */
import { describe, expect, test } from "vitest";
import type { Revision } from "../../../functions/kit/history/revision.ts";
import { createSequence } from "../../../infra/observe/sequence.ts";

const SECOND_MS = 1000;

const revision = (resourceVersion: string, observedAt: number, kind = "Pod"): Revision => ({
  type: "MODIFIED",
  resourceVersion,
  observedAt,
  object: { kind, metadata: { name: "db-0", uid: "u", resourceVersion } },
});

const versions = (revisions: readonly Revision[]): readonly string[] =>
  revisions.map(({ resourceVersion }) => resourceVersion);

describe("while every watch is open", () => {
  test("a revision waits a second, and brings everything that is older by version", () => {
    const sequence = createSequence();
    sequence.add(revision("10", 0));
    sequence.add(revision("9", 500, "Lease"));
    sequence.add(revision("11", 500));
    expect(versions(sequence.due(SECOND_MS - 1, true))).toEqual([]);
    expect(versions(sequence.due(SECOND_MS, true))).toEqual(["9", "10"]);
    expect(versions(sequence.due(SECOND_MS, true))).toEqual([]);
    expect(versions(sequence.rest())).toEqual(["11"]);
  });

  test("one that comes after later ones were let go is a gap from before it", () => {
    const sequence = createSequence();
    sequence.add(revision("10", 0));
    sequence.due(SECOND_MS, true);
    expect(sequence.add(revision("8", SECOND_MS, "Lease"))).toEqual({
      resource: "a late Lease",
      after: "7",
      until: "10",
    });
    expect(sequence.add(revision("10", SECOND_MS, "Lease"))).toBeUndefined();
    expect(versions(sequence.rest())).toEqual(["8", "10"]);
    expect(sequence.add(revision("9", SECOND_MS))?.until).toBe("10");
  });
});

describe("while a watch is interrupted", () => {
  test("the others wait for it, but not for ever", () => {
    const sequence = createSequence();
    sequence.add(revision("10", 0));
    expect(sequence.due(29 * SECOND_MS, false)).toEqual([]);
    sequence.add(revision("9", 29 * SECOND_MS, "Lease"));
    expect(versions(sequence.due(30 * SECOND_MS, false))).toEqual(["9", "10"]);
  });
});
