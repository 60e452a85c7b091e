/** A survivor needs an explanation, and an explanation needs its survivor. */
import { expect, test } from "vitest";
import { judgeMutants, nthIn, renderMutants, type Accepted, type Mutant } from "../../mutate/verdict.ts";

const SURVIVOR: Mutant = {
  file: "a.ts",
  line: 3,
  within: "return x",
  original: "x\n    .y",
  nth: undefined,
  replacement: "true",
  fate: "survived",
};
const PLACE = { file: "a.ts", within: SURVIVOR.within };
const ACCEPTED: Accepted = { ...PLACE, changes: ["x .y -> true"], reason: "equivalent" };
const NEEDLESS = { ...PLACE, change: "x .y -> true" };

test("killed and timed-out mutants need no explanation", () => {
  const mutants: readonly Mutant[] = [
    { ...SURVIVOR, fate: "killed" },
    { ...SURVIVOR, fate: "timed out" },
  ];
  expect(judgeMutants(mutants, [])).toEqual({
    counts: { killed: 1, survived: 0, "timed out": 1 },
    endless: [{ ...SURVIVOR, fate: "timed out" }],
    unexplained: [],
    needless: [],
  });
});

test("a survivor is found by its texts, wherever its line has moved", () => {
  expect(judgeMutants([{ ...SURVIVOR, line: 99 }], [ACCEPTED])).toMatchObject({ unexplained: [], needless: [] });
});

test.each<[string, Partial<Mutant>]>([
  ["in another file", { file: "b.ts" }],
  ["in another line", { within: "return z" }],
  ["of another expression", { original: "z" }],
  ["of the same text further on in its line", { nth: 2 }],
  ["with another replacement", { replacement: "false" }],
])("an explanation of a survivor %s explains nothing, and is needless", (_title, difference) => {
  const mutant = { ...SURVIVOR, ...difference };
  expect(judgeMutants([mutant], [ACCEPTED])).toMatchObject({ unexplained: [mutant], needless: [NEEDLESS] });
});

test("of two equal texts in one line, only the one that is explained is accepted", () => {
  const within = "by(a, b) < 0 && c.length === 0";
  const [first, second]: [Mutant, Mutant] = [
    { ...SURVIVOR, within, original: "0", nth: 1, replacement: "1" },
    { ...SURVIVOR, within, original: "0", nth: 2, replacement: "1" },
  ];
  const entry = { file: "a.ts", within, changes: ["0 #1 -> 1"], reason: "by says -1 or 1" };
  expect(judgeMutants([first, second], [entry])).toMatchObject({ unexplained: [second], needless: [] });
});

test.each<[string, string, number, number | undefined]>([
  ["the first of two", "0", 4, 1],
  ["the second of two", "0", 15, 2],
  ["the only one", "b", 9, undefined],
  ["one of several lines, of which the line has only the first", "0 &&\n  b", 4, undefined],
])("which of the equal texts of a line it is: %s", (_title, text, column, nth) => {
  expect(nthIn("a < 0 && b === 0", text, column)).toBe(nth);
});

test("an explanation whose mutant is killed now is needless", () => {
  const verdict = judgeMutants([{ ...SURVIVOR, fate: "killed" }], [ACCEPTED]);
  expect(verdict.needless).toEqual([NEEDLESS]);
  expect(renderMutants(verdict)).toContain("accepted, but gone: a.ts");
});

test("each change of an explanation is needed by itself", () => {
  const entry = { ...ACCEPTED, changes: [...ACCEPTED.changes, "z -> false"] };
  expect(judgeMutants([SURVIVOR], [entry])).toMatchObject({
    unexplained: [],
    needless: [{ ...PLACE, change: "z -> false" }],
  });
});

test("a survivor is shown with its place and its change", () => {
  const text = renderMutants(judgeMutants([SURVIVOR], []));
  expect(text).toContain("survived: a.ts:3\n");
  expect(text).toContain("x .y -> true");
  expect(text).toContain("0 killed, 1 survived, 0 timed out; 0 of the survivors explained");
});
