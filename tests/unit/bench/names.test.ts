/** How the groups of a bench are counted. */
import { expect, test } from "vitest";
import { groupNames, stepsTo } from "../../../bench/lab/names.ts";

test("each step adds what is missing to its number", () => {
  expect(stepsTo([1, 3], 1)).toEqual([
    { count: 1, added: [] },
    { count: 3, added: groupNames(1, 3) },
  ]);
  expect(stepsTo([2])).toEqual([{ count: 2, added: groupNames(0, 2) }]);
});
