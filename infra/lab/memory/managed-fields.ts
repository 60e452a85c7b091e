/**
 * Who last set which field, as `metadata.managedFields` tells it. Update semantics only: the last manager that changes
 * a field owns it. Lists other than finalizers are one field here; the real server goes into lists with keys.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
 */
import type { Fields } from "./json.ts";
import { fieldsOf, isFields, listIn, omit, sameJson } from "./json.ts";
import type { FieldsEntry, MemoryObject } from "./object.ts";

type Path = readonly string[];

const OWNED_METADATA = ["labels", "annotations", "ownerReferences", "generateName"] as const;
const LEAF: Fields = Object.freeze({});

/** Collects the paths below `path` at which the two values differ. */
const differences = (before: unknown, after: unknown, path: Path, found: Path[]): void => {
  if (before === after) return;
  const left = fieldsOf(before);
  const right = fieldsOf(after);
  if (!isFields(after) && !isFields(before)) {
    if (!sameJson(before, after)) found.push(path);
    return;
  }
  for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
    differences(left[name], right[name], [...path, `f:${name}`], found);
  }
};

const asSet = (finalizers: unknown): ReadonlySet<string> =>
  new Set(listIn(finalizers).map((name) => `v:${JSON.stringify(name)}`));

const contentOf = (object: Fields): Fields => omit(object, "apiVersion", "kind", "metadata");

const changedPaths = (before: MemoryObject | undefined, after: MemoryObject): readonly Path[] => {
  const found: Path[] = [];
  for (const name of OWNED_METADATA) {
    differences(before?.metadata[name], after.metadata[name], ["f:metadata", `f:${name}`], found);
  }
  const [had, has] = [asSet(before?.metadata.finalizers), asSet(after.metadata.finalizers)];
  for (const item of [...had, ...has])
    if (had.has(item) !== has.has(item)) found.push(["f:metadata", "f:finalizers", item]);
  differences(contentOf(before ?? LEAF), contentOf(after), [], found);
  return found;
};

const without = (tree: Fields, [head, ...rest]: Path): Fields => {
  if (head === undefined || !Object.hasOwn(tree, head)) return tree;
  const child = rest.length === 0 ? LEAF : without(fieldsOf(tree[head]), rest);
  if (child === tree[head] && rest.length > 0) return tree;
  return Object.keys(child).length === 0 ? omit(tree, head) : { ...tree, [head]: child };
};

const withPath = (tree: Fields, [head, ...rest]: Path): Fields =>
  head === undefined ? LEAF : { ...tree, [head]: withPath(fieldsOf(tree[head]), rest) };

const valueAt = (object: MemoryObject, path: Path): unknown =>
  path.reduce<unknown>((node, step) => {
    if (step.startsWith("v:")) return listIn(node).includes(JSON.parse(step.slice(2))) ? true : undefined;
    return fieldsOf(node)[step.slice(2)];
  }, object);

/** What a write is recorded as. */
export interface Author {
  readonly manager: string;
  readonly subresource: string | undefined;
  /** RFC 3339, whole seconds. */
  readonly time: string;
}

const isOf = (entry: FieldsEntry, { manager, subresource }: Author): boolean =>
  entry.manager === manager && entry.subresource === subresource;

const withFields = (entry: FieldsEntry, fieldsV1: Fields): FieldsEntry =>
  fieldsV1 === entry.fieldsV1 ? entry : { ...entry, fieldsV1 };

/** The entries of `after`, of which the author changed what differs from `before`. */
export const manageFields = (
  before: MemoryObject | undefined,
  after: MemoryObject,
  author: Author,
): readonly FieldsEntry[] => {
  const changed = changedPaths(before, after);
  const owned = changed.filter((path) => valueAt(after, path) !== undefined);
  const old = before?.metadata.managedFields ?? [];
  const kept = old.map((entry) => withFields(entry, changed.reduce(without, fieldsOf(entry.fieldsV1))));
  const mine = kept.find((entry) => isOf(entry, author));
  const entries = kept.filter((entry) => entry !== mine && Object.keys(fieldsOf(entry.fieldsV1)).length > 0);
  const fieldsV1 = owned.reduce(withPath, fieldsOf(mine?.fieldsV1));
  if (Object.keys(fieldsV1).length === 0) return entries;
  const entry: FieldsEntry = {
    manager: author.manager,
    operation: "Update",
    apiVersion: after.apiVersion,
    time: owned.length === 0 ? (mine?.time ?? author.time) : author.time,
    fieldsType: "FieldsV1",
    fieldsV1,
    ...(author.subresource === undefined ? {} : { subresource: author.subresource }),
  };
  return [...entries, entry];
};
