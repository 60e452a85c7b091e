/**
 * JSON Patch (RFC 6902) over frozen values, with the API server's one deviation: `replace` of a missing member sets it.
 */
import type { Fields } from "./json.ts";
import { fieldsOf, isFields, sameJson } from "./json.ts";

/** What `apply` gives when an operation cannot be carried out; the API server says no more than that. */
export const REJECTED: unique symbol = Symbol("rejected");

type Edit = (parent: unknown, token: string) => unknown;

const tokensOf = (pointer: unknown): readonly string[] | undefined =>
  typeof pointer === "string" && pointer.startsWith("/")
    ? pointer
        .slice(1)
        .split("/")
        .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"))
    : undefined;

const childOf = (parent: unknown, token: string): unknown => {
  if (Array.isArray(parent)) return parent[Number(token)];
  return isFields(parent) && Object.hasOwn(parent, token) ? parent[token] : undefined;
};

const valueAt = (document: unknown, tokens: readonly string[]): unknown =>
  tokens.reduce((node, token) => childOf(node, token), document);

const setTo =
  (value: unknown, insert: boolean): Edit =>
  (parent, token) => {
    if (!Array.isArray(parent)) return isFields(parent) ? { ...parent, [token]: value } : REJECTED;
    const at = token === "-" ? parent.length : Number(token);
    if (!Number.isInteger(at) || at < 0 || at > parent.length - (insert ? 0 : 1)) return REJECTED;
    return parent.toSpliced(at, insert ? 0 : 1, value);
  };

const remove: Edit = (parent, token) => {
  if (childOf(parent, token) === undefined) return REJECTED;
  if (Array.isArray(parent)) return parent.toSpliced(Number(token), 1);
  const rest: Record<string, unknown> = { ...fieldsOf(parent) };
  delete rest[token];
  return rest;
};

const editAt = (node: unknown, [token, ...rest]: readonly string[], edit: Edit): unknown => {
  if (token === undefined) return REJECTED;
  if (rest.length === 0) return edit(node, token);
  const child = childOf(node, token);
  const next = child === undefined ? REJECTED : editAt(child, rest, edit);
  return next === REJECTED ? REJECTED : setTo(next, false)(node, token);
};

const relocate = (
  document: unknown,
  from: readonly string[] | undefined,
  to: readonly string[],
  keep: boolean,
): unknown => {
  const value = from === undefined ? undefined : valueAt(document, from);
  if (from === undefined || value === undefined) return REJECTED;
  const base = keep ? document : editAt(document, from, remove);
  return editAt(base, to, setTo(value, true));
};

type Operation = (document: unknown, to: readonly string[], rest: Fields) => unknown;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  add: (document, to, { value }) => editAt(document, to, setTo(value, true)),
  replace: (document, to, { value }) => editAt(document, to, setTo(value, false)),
  remove: (document, to) => editAt(document, to, remove),
  test: (document, to, { value }) => (sameJson(valueAt(document, to) ?? null, value ?? null) ? document : REJECTED),
  move: (document, to, { from }) => relocate(document, tokensOf(from), to, false),
  copy: (document, to, { from }) => relocate(document, tokensOf(from), to, true),
};

const step = (document: unknown, operation: unknown): unknown => {
  const fields = fieldsOf(operation);
  const to = tokensOf(fields["path"]);
  const carryOut = OPERATIONS[String(fields["op"])];
  return to === undefined || carryOut === undefined ? REJECTED : carryOut(document, to, fields);
};

/** The patched document, or `REJECTED`. The document is not changed. */
export const applyJsonPatch = (document: unknown, operations: readonly unknown[]): unknown =>
  operations.reduce((state, operation) => (state === REJECTED ? REJECTED : step(state, operation)), document);
