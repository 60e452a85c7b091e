/** Who wrote a field last, from `metadata.managedFields`: the way to tell a foreign write from ours without remembering. */
import type { KubeObject, ManagedFieldsEntry } from "./kube/object.ts";

const owns = (entry: ManagedFieldsEntry, path: readonly string[]): boolean => {
  let node: unknown = entry.fieldsV1;
  for (const key of path) {
    if (typeof node !== "object" || node === null || !(`f:${key}` in node)) return false;
    node = (node as Record<string, unknown>)[`f:${key}`];
  }
  return true;
};

/** Names of the field managers that own the field at `path` (`["spec", "renewTime"]`), in the object's order. */
export const managersOf = ({ metadata }: KubeObject, path: readonly string[]): readonly string[] =>
  (metadata.managedFields ?? []).filter((entry) => owns(entry, path)).map((entry) => entry.manager ?? "unknown");
