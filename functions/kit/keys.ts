/**
 * The keys under which a feature's groups are run: `<namespace>/<name>` of the owner, or the same behind a prefix for what has no
 * owner, or none that is known here.
 */
import type { OrphanedGroup } from "./group/orphans.ts";

export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

/** Names the owners on a StatefulSet that this instance does not know. */
export const LEARN_PREFIX = "learn:";

const ORPHAN_PREFIX = "orphan:";

/** Also of an object's metadata. */
export const keyText = ({
  namespace,
  name,
}: {
  readonly namespace?: string | undefined;
  readonly name: string;
}): string => `${namespace ?? ""}/${name}`;

export const keyOf = (text: string): ObjectKey => {
  const [namespace = "", name = ""] = text.split("/");
  return { namespace, name };
};

/** The key behind the prefix; undefined: the text begins otherwise. */
export const keyAfter = (prefix: string, text: string): ObjectKey | undefined =>
  text.startsWith(prefix) ? keyOf(text.slice(prefix.length)) : undefined;

/** Names a group that no owner stands for. */
export const orphanText = ({ namespace, group }: OrphanedGroup): string =>
  `${ORPHAN_PREFIX}${keyText({ namespace, name: group })}`;

/** Undefined: the text names no orphaned group. */
export const orphanOf = (text: string): OrphanedGroup | undefined => {
  const key = keyAfter(ORPHAN_PREFIX, text);
  return key === undefined ? undefined : { namespace: key.namespace, group: key.name };
};
