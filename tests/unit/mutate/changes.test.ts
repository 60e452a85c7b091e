/** The changes that are ours make the mutants that they say, beside Stryker's own. */
import { Instrumenter } from "@stryker-mutator/instrumenter";
import { beforeAll, expect, test } from "vitest";
import { addChanges } from "../../mutate/changes.ts";

const silent = {
  isTraceEnabled: () => false,
  isDebugEnabled: () => false,
  isInfoEnabled: () => false,
  isWarnEnabled: () => false,
  isErrorEnabled: () => false,
  isFatalEnabled: () => false,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  fatal: () => undefined,
};

/** `kind: mutant` for each mutant, white space as one blank. */
const mutantsOf = async (content: string): Promise<readonly string[]> => {
  const files = [{ name: "fixture.ts", mutate: true, content }];
  const { mutants } = await new Instrumenter(silent).instrument(files, {
    plugins: null,
    excludedMutations: [],
    ignorers: [],
  });
  return mutants.map(({ mutatorName, replacement }) => `${mutatorName}: ${replacement.replaceAll(/\s+/g, " ")}`);
};

beforeAll(addChanges);

test.each<[string, string, readonly string[]]>([
  ["a property", "f({ a, ...b })", ["DroppedEntry: { ...b }", "DroppedEntry: { a }"]],
  ["an element", "f([a, b])", ["DroppedEntry: [b]", "DroppedEntry: [a]"]],
  ["a number", "f(7)", ["ShiftedNumber: 6", "ShiftedNumber: 8"]],
  ["a statement", "f();", ["DroppedStatement: ;"]],
  ["a default", "f(a ?? b)", ["LogicalOperator: a && b", "DroppedDefault: a"]],
  ["an order", "f(a.toSorted(b))", ["DroppedOrder: a"]],
  ["an answer", "f((a) => a.b)", ["SilentCallback: () => undefined"]],
])("%s is dropped or shifted", async (_title, source, expected) => {
  expect(await mutantsOf(source)).toEqual(expect.arrayContaining([...expected]));
});

test.each<[string, string, string]>([
  ["the only entry, which Stryker drops with its literal", "f({ a }, [b])", "DroppedEntry"],
  ["a number that is a key", "f({ 7: a })", "ShiftedNumber"],
  ["a number in a type", "let a: 7;", "ShiftedNumber"],
  ["a pattern", "const { a, b } = c;", "DroppedEntry"],
  ["another call", "f(a.sort(b))", "DroppedOrder"],
  ["a function that is no callback", "const f = (a) => a.b;", "SilentCallback"],
  ["a callback of statements", "f(() => { g(); })", "SilentCallback"],
])("not changed: %s", async (_title, source, kind) => {
  expect((await mutantsOf(source)).filter((mutant) => mutant.startsWith(kind))).toEqual([]);
});

test("what Stryker itself must still do for us: comparisons, conditions, negations, steps", async () => {
  const mutants = await mutantsOf("if (a < b && !c) { f(); } g(h.filter(i));");
  expect(mutants).toEqual(
    expect.arrayContaining([
      "EqualityOperator: a <= b",
      "EqualityOperator: a >= b",
      "ConditionalExpression: true",
      "ConditionalExpression: false",
      "LogicalOperator: a < b || !c",
      "BooleanLiteral: c",
      "BlockStatement: {}",
      "MethodExpression: h",
    ]),
  );
});

test("added twice, each change is made once", async () => {
  await addChanges();
  expect(await mutantsOf("f(7)")).toEqual([...new Set(await mutantsOf("f(7)"))]);
});
