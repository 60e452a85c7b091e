/**
 * What is known of one kind of objects, turned into revisions: from watch events as they come, and from a new list by comparison
 * with what was known, because the states in between are lost then.
 */
import { compareVersions, type Gap, type Revision } from "../../functions/kit/history/revision.ts";
import type { KubeList, KubeObject } from "../../functions/kit/kube/object.ts";
import { apiVersionOf, type Resource } from "../../functions/kit/kube/request.ts";

/** Gets everything that an observer sees and misses. */
export interface Journal {
  readonly tell: (revision: Revision) => void;
  readonly miss: (gap: Gap) => void;
}

export interface Collection {
  /** The state of everything; not the first one: what came since the last event is lost. @throws VersionsReturned. */
  replace(list: KubeList): void;
  /** One event of a watch, bookmarks included. @throws as `replace` does. */
  receive(type: string, object: KubeObject): void;
}

type EventType = Revision["type"];

const isEventType = (type: string): type is EventType => ["ADDED", "MODIFIED", "DELETED"].includes(type);

/** A version is lower than one that was seen. They count one history only: what follows a restore has no order with what came before. */
export class VersionsReturned extends Error {}

const refuseReturn = (plural: string, seen: string | undefined, version: string | undefined): void => {
  if (seen === undefined || version === undefined || compareVersions(version, seen) >= 0) return;
  throw new VersionsReturned(
    `${plural}: resourceVersion went back from ${seen} to ${version}; was etcd restored from a backup?`,
  );
};

/** `prepare` makes of each object what the journal gets; default: the whole object. */
export const createCollection = (
  resource: Resource,
  { tell, miss }: Journal,
  prepare: (object: KubeObject) => KubeObject = (object) => object,
): Collection => {
  const { plural, kind } = resource;
  const identity = { apiVersion: apiVersionOf(resource), kind };
  const known = new Map<string, KubeObject>();
  let reached: string | undefined;

  const write = (type: EventType, object: KubeObject): void => {
    const { uid, resourceVersion } = object.metadata;
    if (type === "DELETED") known.delete(uid);
    else known.set(uid, object);
    tell({ type, resourceVersion, object, observedAt: Date.now() });
  };
  /** Items of a list carry neither apiVersion nor kind. */
  const prepared = (object: KubeObject): KubeObject => prepare({ ...object, ...identity });
  return {
    replace: ({ items, metadata: { resourceVersion } }) => {
      refuseReturn(plural, reached, resourceVersion);
      const present = new Set(items.map(({ metadata }) => metadata.uid));
      // What is not there any more has gone meanwhile, at the earliest right after its last state.
      for (const [uid, object] of known) if (!present.has(uid)) write("DELETED", object);
      for (const item of items) {
        const before = known.get(item.metadata.uid)?.metadata.resourceVersion;
        if (before !== item.metadata.resourceVersion)
          write(before === undefined ? "ADDED" : "MODIFIED", prepared(item));
      }
      if (reached !== undefined) miss({ resource: plural, after: reached, until: resourceVersion ?? reached });
      reached = resourceVersion;
    },
    receive: (type, object) => {
      refuseReturn(plural, reached, object.metadata.resourceVersion);
      if (isEventType(type)) write(type, prepared(object));
      reached = object.metadata.resourceVersion;
    },
  };
};
