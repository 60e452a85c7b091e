/** Two LISTs of one moment may differ: by uid the newer version counts, whichever list it comes from. */
import { expect, test } from "vitest";
import { isNewer, mergeByUid } from "../../../functions/kit/handover/merge.ts";
import { aPod } from "../support/builders.ts";

test.each<[string, string, boolean]>([
  ["10", "9", true],
  ["9", "10", false],
  ["9", "9", false],
  ["18446744073709551617", "18446744073709551616", true],
])("%s is newer than %s: %s", (version, than, newer) => {
  expect(isNewer(version, than)).toBe(newer);
});

const old = aPod({ version: 9, role: "reader" });
const young = aPod({ version: 10, role: "writer" });
const other = aPod({ uid: "another" });

test.each<[string, readonly (typeof old)[], readonly (typeof old)[]]>([
  ["the newer first", [young], [old]],
  ["the newer last", [old], [young]],
])("of one pod at two versions the newer one stays: %s", (_title, one, two) => {
  expect(mergeByUid(one, two)).toEqual([young]);
});

test("two pods of one name are two pods, in the order in which they were seen", () => {
  expect(mergeByUid([old], [other, old])).toEqual([old, other]);
});
