/**
 * Whose write a revision was, told by `metadata.managedFields` before and after. Two limits of that record: its times
 * are whole seconds, so changed values count as well; and a write that only removes fields leaves no trace.
 */
import { isDeepStrictEqual } from "node:util";
import type { KubeObject, ManagedFieldsEntry } from "../kube/object.ts";
import { FIELD_MANAGER } from "../kube/request.ts";
import { managersOf } from "../managers.ts";

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;

/** True when a field listed in `fields` changed. Items of lists (`k:`, `v:`) are shared by managers: not compared. */
const changedWithin = (fields: unknown, before: unknown, after: unknown): boolean =>
  Object.entries(fields ?? {}).some(([key, below]) => {
    if (!key.startsWith("f:")) return false;
    const [left, right] = [memberOf(before, key.slice(2)), memberOf(after, key.slice(2))];
    const isLeaf = Object.keys(below ?? {}).length === 0;
    return isLeaf ? !isDeepStrictEqual(left, right) : changedWithin(below, left, right);
  });

const isSameEntry = (left: ManagedFieldsEntry, right: ManagedFieldsEntry): boolean =>
  left.manager === right.manager && left.operation === right.operation && left.subresource === right.subresource;

const wrote = (entry: ManagedFieldsEntry, before: KubeObject, after: KubeObject): boolean => {
  const earlier = (before.metadata.managedFields ?? []).filter((candidate) => isSameEntry(candidate, entry));
  return !earlier.some(({ time }) => time === entry.time) || changedWithin(entry.fieldsV1, before, after);
};

/**
 * Field managers of the write that made `after` of `before`; all that ever wrote, when nothing is known before. Empty:
 * the write left no trace. Undefined: the object carries no managedFields at all.
 */
export const authorsOf = (before: KubeObject | undefined, after: KubeObject): readonly string[] | undefined => {
  const entries = after.metadata.managedFields ?? [];
  if (entries.length === 0) return undefined;
  const authors = before === undefined ? entries : entries.filter((entry) => wrote(entry, before, after));
  return authors.map(({ manager }) => manager ?? "unknown");
};

/** What nobody is on record for counts as ours, so that no fault of ours is excused by a lack of evidence. */
export const isOurField = (object: KubeObject, path: readonly string[]): boolean => {
  const managers = managersOf(object, path);
  return managers.length === 0 || managers.includes(FIELD_MANAGER);
};
