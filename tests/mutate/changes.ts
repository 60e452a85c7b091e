/**
 * Kinds of change that Stryker does not make and a plan of writes needs: one entry less in what is written, one step less, one
 * more or less in a number, no default, no order, no answer. Stryker has no plugin for kinds; these join its own list before it runs.
 */
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** What is read here of a node of Babel's syntax tree. */
export interface SyntaxNode {
  readonly type: string;
  readonly [field: string]: unknown;
}

interface SyntaxPath {
  readonly node: SyntaxNode;
  readonly parent: SyntaxNode;
}

/** One kind of change: all replacements of a node. https://stryker-mutator.io/docs/mutation-testing-elements/supported-mutators/ */
interface Change {
  readonly name: string;
  readonly mutate: (path: SyntaxPath) => Iterable<SyntaxNode>;
}

/** The tree is shared with all other mutants, so a replacement is made of copies. */
const copy = (node: SyntaxNode): SyntaxNode => structuredClone(node);

const ENTRIES: Readonly<Record<string, string>> = { ObjectExpression: "properties", ArrayExpression: "elements" };

/** One property or element less. With a single one left Stryker itself empties the literal. */
const droppedEntry = function* ({ node }: SyntaxPath): Iterable<SyntaxNode> {
  const field = ENTRIES[node.type];
  const entries = field === undefined ? [] : (node[field] as readonly SyntaxNode[]);
  if (field === undefined || entries.length < 2) return;
  for (const index of entries.keys()) yield copy({ ...node, [field]: entries.toSpliced(index, 1) });
};

const isKey = ({ node, parent }: SyntaxPath): boolean => parent.type === "ObjectProperty" && parent["key"] === node;

const shiftedNumber = function* (path: SyntaxPath): Iterable<SyntaxNode> {
  if (path.node.type !== "NumericLiteral" || isKey(path)) return;
  const value = Number(path.node["value"]);
  for (const next of [value - 1, value + 1]) yield { type: "NumericLiteral", value: next };
};

const droppedStatement = function* ({ node }: SyntaxPath): Iterable<SyntaxNode> {
  if (node.type === "ExpressionStatement") yield { type: "EmptyStatement" };
};

const droppedDefault = function* ({ node }: SyntaxPath): Iterable<SyntaxNode> {
  if (node.type === "LogicalExpression" && node["operator"] === "??") yield copy(node["left"] as SyntaxNode);
};

const droppedOrder = function* ({ node }: SyntaxPath): Iterable<SyntaxNode> {
  const callee = node["callee"] as SyntaxNode | undefined;
  if (node.type !== "CallExpression" || callee?.type !== "MemberExpression") return;
  if ((callee["property"] as SyntaxNode)["name"] === "toSorted") yield copy(callee["object"] as SyntaxNode);
};

/** A callback that says nothing: a predicate that is never true. */
const silentCallback = function* ({ node, parent }: SyntaxPath): Iterable<SyntaxNode> {
  const called = parent.type === "CallExpression" || parent.type === "OptionalCallExpression";
  if (!called || node.type !== "ArrowFunctionExpression") return;
  if ((node["body"] as SyntaxNode).type === "BlockStatement") return;
  yield { type: "ArrowFunctionExpression", params: [], body: { type: "Identifier", name: "undefined" } };
};

const CHANGES: readonly Change[] = [
  { name: "DroppedEntry", mutate: droppedEntry },
  { name: "ShiftedNumber", mutate: shiftedNumber },
  { name: "DroppedStatement", mutate: droppedStatement },
  { name: "DroppedDefault", mutate: droppedDefault },
  { name: "DroppedOrder", mutate: droppedOrder },
  { name: "SilentCallback", mutate: silentCallback },
];

/** Adds the kinds to Stryker's list, which its package does not export: a release that moves it fails here, by name. */
export const addChanges = async (): Promise<void> => {
  const entry = fileURLToPath(import.meta.resolve("@stryker-mutator/instrumenter"));
  const list = join(dirname(entry), "mutators", "mutate.js");
  const { allMutators } = (await import(pathToFileURL(list).href)) as { allMutators: Change[] };
  const known = new Set(allMutators.map(({ name }) => name));
  allMutators.push(...CHANGES.filter(({ name }) => !known.has(name)));
};
