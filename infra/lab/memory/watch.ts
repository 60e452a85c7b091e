/** Watches: what a selector makes of each revision, where a watch begins, and when its history is gone. */
import type { Resource } from "../../../functions/kit/kube/request.ts";
import { apiVersionOf } from "../../../functions/kit/kube/request.ts";
import type { Context } from "./call.ts";
import { kindFor } from "./call.ts";
import type { Kind } from "./kinds.ts";
import type { MemoryObject, Revision } from "./object.ts";
import { matcherOf, prefixOf } from "./read.ts";
import { statusBody } from "./refusal.ts";

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes */
export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: unknown;
}

export interface WatchOptions {
  /** Undefined: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Events after this one. Undefined or "0": first an ADDED for each object that exists. */
  readonly resourceVersion?: string | undefined;
  readonly allowBookmarks?: boolean | undefined;
}

type WatchListener = (event: WatchEvent) => void;

const bookmark = (kind: Kind, revision: number, initialEventsEnd: boolean): WatchEvent => ({
  type: "BOOKMARK",
  object: {
    kind: kind.kind,
    apiVersion: apiVersionOf(kind),
    metadata: {
      resourceVersion: String(revision),
      ...(initialEventsEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}),
    },
  },
});

/**
 * What a watcher sees of a revision: an object that leaves its selection is deleted for it, in its last selected
 * state.
 */
const seen = (revision: Revision, selects: (object: MemoryObject) => boolean): WatchEvent | undefined => {
  const { type, object, previous } = revision;
  const before = previous !== undefined && selects(previous);
  const after = type !== "DELETED" && selects(object);
  if (after) return { type: before ? "MODIFIED" : "ADDED", object };
  if (!before) return undefined;
  const { resourceVersion } = object.metadata;
  return {
    type: "DELETED",
    object: { ...previous, metadata: { ...previous.metadata, resourceVersion } },
  };
};

const tooOld = (version: string, oldest: number): WatchEvent => ({
  type: "ERROR",
  object: statusBody({
    code: 410,
    reason: "Expired",
    message: `too old resource version: ${version} (${oldest})`,
  }),
});

export interface Watches {
  readonly watch: (resource: Resource, options: WatchOptions, listener: WatchListener) => () => void;
  /** Sends a BOOKMARK with the present revision to every watch that allows it. */
  readonly bookmark: () => void;
}

/** Events before the watch: the objects that exist, or what happened since its resourceVersion. */
const firstEvents = (
  { store }: Context,
  kind: Kind,
  options: WatchOptions,
  selects: (object: MemoryObject) => boolean,
): readonly WatchEvent[] => {
  const { resourceVersion } = options;
  if (resourceVersion === undefined || resourceVersion === "0") {
    const existing = store.range(kind, prefixOf(options.namespace)).filter(selects);
    const end = options.allowBookmarks === true ? [bookmark(kind, store.revision(), true)] : [];
    return [...existing.map((object): WatchEvent => ({ type: "ADDED", object })), ...end];
  }
  const missed = store.since(Number(resourceVersion));
  if (missed === undefined) return [tooOld(resourceVersion, store.revision())];
  return missed
    .filter(({ resource }) => resource.plural === kind.plural && resource.group === kind.group)
    .map((revision) => seen(revision, selects))
    .filter((event) => event !== undefined);
};

export const createWatches = (context: Context): Watches => {
  const bookmarkers = new Set<() => void>();
  return {
    watch: (resource, options, listener) => {
      const kind = kindFor(context.kinds, resource);
      const query = new URLSearchParams({
        labelSelector: options.labelSelector ?? "",
        fieldSelector: options.fieldSelector ?? "",
      });
      const matches = matcherOf(kind, query);
      const selects = (object: MemoryObject): boolean =>
        (options.namespace === undefined || object.metadata.namespace === options.namespace) && matches(object);
      const first = firstEvents(context, kind, options, selects);
      const failed = first[0]?.type === "ERROR";
      const begins = context.store.revision();
      const unsubscribe = failed
        ? undefined
        : context.store.subscribe((revision) => {
            if (revision.resource.plural !== kind.plural || revision.resource.group !== kind.group) return;
            // Revisions that were committed but not yet announced when the watch began are among its first events.
            if (revision.resourceVersion <= Math.max(begins, Number(options.resourceVersion ?? 0))) return;
            const event = seen(revision, selects);
            if (event !== undefined) listener(event);
          });
      const sendBookmark = (): void => listener(bookmark(kind, context.store.revision(), false));
      if (options.allowBookmarks === true && !failed) bookmarkers.add(sendBookmark);
      for (const event of first) listener(event);
      return () => {
        unsubscribe?.();
        bookmarkers.delete(sendBookmark);
      };
    },
    bookmark: () => {
      for (const send of bookmarkers) send();
    },
  };
};
