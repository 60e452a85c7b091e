/**
 * Makes answers of two servers comparable: uids and resourceVersions by the order in which they first appear, times
 * and generated names by placeholders, causes without order and repeats. What is left must be equal.
 */
import type { Fields } from "../json.ts";
import { fieldsOf, isFields, listIn, omit, textIn } from "../json.ts";

export type Normalise = (body: unknown, ignore?: readonly string[]) => unknown;

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const STAMPS: ReadonlySet<string> = new Set(["creationTimestamp", "deletionTimestamp"]);

/** Numbers that each server counts for itself, and documents that messages quote. */
const PLACEHOLDERS: readonly (readonly [RegExp, string])[] = [
  [/in record \(\d+\)/g, "in record (N)"],
  [/(resource version: \d+) \(\d+\)/g, "$1 (N)"],
  [/current: \d+/g, "current: N"],
  [/Invalid value: "\{.*\}"/gs, "Invalid value: {…}"],
  // The causes say the same, and their order is that of a Go map.
  [/is invalid: \[.*\]$/gs, "is invalid: […]"],
  [/\b10\.96\.\d+\.\d+/g, "10.96.N.N"],
];

const without = (value: unknown, [head, ...rest]: readonly string[]): unknown => {
  if (head === undefined || !isFields(value) || !Object.hasOwn(value, head)) return value;
  return rest.length === 0 ? omit(value, head) : { ...value, [head]: without(value[head], rest) };
};

const causes = (list: readonly unknown[]): readonly unknown[] =>
  [...new Set(list.map((cause) => JSON.stringify(cause)))].toSorted().map((cause): unknown => JSON.parse(cause));

/** Numbers what it is asked for by first appearance. */
const numbering = (prefix: string): ((key: string) => string) => {
  const known = new Map<string, string>();
  return (key) => {
    const name = known.get(key) ?? `${prefix}-${known.size + 1}`;
    known.set(key, name);
    return name;
  };
};

/** One normaliser per run: it remembers what it has seen. `namespace` is replaced wherever it appears. */
export const createNormaliser = (namespace: string): Normalise => {
  const uid = numbering("uid");
  const version = numbering("version");
  const text = (value: string): string => {
    const named = value.replaceAll(namespace, "NAMESPACE").replace(UUID, uid);
    return PLACEHOLDERS.reduce((result, [pattern, by]) => result.replace(pattern, by), named);
  };
  const meta = (given: Fields, isList: boolean): Fields => {
    const changed: Record<string, unknown> = { ...omit(given, "managedFields") };
    const number = textIn(given["resourceVersion"]);
    if (number !== undefined) changed["resourceVersion"] = isList ? "of the list" : version(number);
    if (textIn(given["continue"]) !== undefined) changed["continue"] = "token";
    if (textIn(given["generateName"]) !== undefined) changed["name"] = "generated";
    for (const stamp of STAMPS) if (stamp in changed) changed[stamp] = "time";
    return changed;
  };
  const walk = (value: unknown): unknown => {
    if (typeof value === "string") return text(value);
    if (Array.isArray(value)) return value.map(walk);
    if (!isFields(value)) return value;
    const isList = "items" in value;
    const entries = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1));
    return Object.fromEntries(
      entries.map(([name, member]) => {
        if (name === "metadata") return [name, walk(meta(fieldsOf(member), isList))];
        if (name === "lastTransitionTime" && typeof member === "string") return [name, "time"];
        return [text(name), name === "causes" ? causes(listIn(walk(member))) : walk(member)];
      }),
    );
  };
  return (body, ignore = []) => walk(ignore.reduce((rest, path) => without(rest, path.split(".")), body));
};
