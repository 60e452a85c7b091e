/**
 * The etcd of the memory API: objects by key, one revision counter for all of them, and the recent revisions, from
 * which watches resume and pages of one list see one moment. Listeners hear every revision in order, also when one of
 * them writes.
 */
import type { Resource } from "../../../functions/kit/kube/request.ts";
import { freeze } from "./json.ts";
import type { MemoryObject, Revision, Writer } from "./object.ts";
import { keyOf } from "./object.ts";

/**
 * Revisions kept for watches and continued lists; older ones answer 410. The real server keeps those of five minutes.
 */
const RETAINED_REVISIONS = 10_000;

interface Table {
  readonly objects: Map<string, MemoryObject>;
  /** Sorted. */
  readonly keys: string[];
}

/** Everything that was stored at one revision. */
export interface Snapshot {
  readonly revision: number;
  /** Objects of each kind, by key. */
  readonly tables: ReadonlyMap<string, ReadonlyMap<string, MemoryObject>>;
}

export interface Store {
  /** The revision of the last change. */
  readonly revision: () => number;
  readonly get: (resource: Resource, key: string) => MemoryObject | undefined;
  /** Objects whose key begins with the prefix, in order of keys. */
  readonly range: (resource: Resource, prefix: string) => readonly MemoryObject[];
  /** The same as it was at a revision; undefined when that is compacted. */
  readonly rangeAt: (resource: Resource, prefix: string, revision: number) => readonly MemoryObject[] | undefined;
  /** Stores the object under a new revision and returns it with its resourceVersion. */
  readonly put: (resource: Resource, object: MemoryObject, writer: Writer) => MemoryObject;
  /** Removes an object that is stored; returns its last state under the revision of the deletion. */
  readonly remove: (resource: Resource, object: MemoryObject, writer: Writer) => MemoryObject;
  /** What happened after a revision, oldest first; undefined when that is compacted. */
  readonly since: (revision: number) => readonly Revision[] | undefined;
  /** Forgets all past revisions, as etcd's compaction does. */
  readonly compact: () => void;
  readonly subscribe: (listener: (revision: Revision) => void) => () => void;
  readonly snapshot: () => Snapshot;
  /** Goes back to a snapshot: the count of revisions as well. Listeners hear nothing, and nothing from before can be resumed. */
  readonly restore: (snapshot: Snapshot) => void;
}

const lowerBound = (keys: readonly string[], wanted: string): number => {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? "") < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
};

const scan = ({ keys, objects }: Table, prefix: string): readonly MemoryObject[] => {
  const found: MemoryObject[] = [];
  for (let at = lowerBound(keys, prefix); at < keys.length; at += 1) {
    const key = keys[at] ?? "";
    if (!key.startsWith(prefix)) break;
    const object = objects.get(key);
    if (object !== undefined) found.push(object);
  }
  return found;
};

const keyIn = ({ metadata }: MemoryObject): string => keyOf(metadata.namespace, metadata.name);

const sameResource = (left: Resource, right: Resource): boolean =>
  left.plural === right.plural && left.group === right.group;

/** Delivers one revision to all listeners before the next one, whoever commits in between. */
const createAnnouncer = (): Pick<Store, "subscribe"> & { readonly announce: (revision: Revision) => void } => {
  const listeners = new Set<(revision: Revision) => void>();
  const waiting: Revision[] = [];
  let announcing = false;
  const drain = (): void => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      for (const listener of listeners) listener(next);
    }
  };
  return {
    announce: (revision) => {
      waiting.push(revision);
      if (announcing) return;
      announcing = true;
      try {
        drain();
      } finally {
        announcing = false;
      }
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};

interface RevisionLog extends Pick<Store, "since"> {
  readonly add: (revision: Revision) => void;
  /** Forgets everything up to this revision. */
  readonly clear: (upTo: number) => void;
}

const createLog = (): RevisionLog => {
  let log: Revision[] = [];
  let compacted = 1;
  return {
    add: (revision) => {
      log.push(revision);
      if (log.length < 2 * RETAINED_REVISIONS) return;
      const surplus = log.length - RETAINED_REVISIONS;
      compacted = log[surplus - 1]?.resourceVersion ?? compacted;
      log = log.slice(surplus);
    },
    since: (after) => {
      if (after < compacted) return undefined;
      return log.slice(log.findLastIndex(({ resourceVersion }) => resourceVersion <= after) + 1);
    },
    clear: (upTo) => {
      log = [];
      compacted = upTo;
    },
  };
};

const inOrder = (objects: ReadonlyMap<string, MemoryObject>): Table => ({
  objects: new Map(objects),
  keys: [...objects.keys()].toSorted(),
});

/** The table as it was before these later revisions. */
const rewound = ({ objects }: Table, resource: Resource, later: readonly Revision[]): Table => {
  const past = new Map(objects);
  for (const { resource: changed, object, previous } of later.toReversed()) {
    if (!sameResource(changed, resource)) continue;
    if (previous === undefined) past.delete(keyIn(object));
    else past.set(keyIn(object), previous);
  }
  return inOrder(past);
};

export const createStore = (): Store => {
  const tables = new Map<string, Table>();
  const announcer = createAnnouncer();
  const log = createLog();
  let revision = 1;

  const tableOf = ({ group, plural }: Resource): Table => {
    const name = `${group}/${plural}`;
    const table = tables.get(name) ?? { objects: new Map<string, MemoryObject>(), keys: [] };
    tables.set(name, table);
    return table;
  };
  const commit = (change: Omit<Revision, "resourceVersion">): MemoryObject => {
    revision += 1;
    const { object } = change;
    const stamped = freeze({ ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } });
    const { objects, keys } = tableOf(change.resource);
    const key = keyIn(object);
    if (change.type === "ADDED") keys.splice(lowerBound(keys, key), 0, key);
    if (change.type === "DELETED") {
      objects.delete(key);
      keys.splice(lowerBound(keys, key), 1);
    } else objects.set(key, stamped);
    const entry: Revision = { ...change, object: stamped, resourceVersion: revision };
    log.add(entry);
    announcer.announce(entry);
    return stamped;
  };

  return {
    revision: () => revision,
    get: (resource, key) => tableOf(resource).objects.get(key),
    range: (resource, prefix) => scan(tableOf(resource), prefix),
    rangeAt: (resource, prefix, at) => {
      const later = log.since(at);
      return later === undefined ? undefined : scan(rewound(tableOf(resource), resource, later), prefix);
    },
    put: (resource, object, writer) => {
      const previous = tableOf(resource).objects.get(keyIn(object));
      return commit({ type: previous === undefined ? "ADDED" : "MODIFIED", resource, object, previous, writer });
    },
    remove: (resource, previous, writer) => commit({ type: "DELETED", resource, object: previous, previous, writer }),
    since: log.since,
    compact: () => log.clear(revision),
    subscribe: announcer.subscribe,
    snapshot: () => ({
      revision,
      tables: new Map([...tables].map(([name, { objects }]) => [name, new Map(objects)])),
    }),
    restore: (snapshot) => {
      tables.clear();
      for (const [name, objects] of snapshot.tables) tables.set(name, inOrder(objects));
      ({ revision } = snapshot);
      log.clear(revision);
    },
  };
};
