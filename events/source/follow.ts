/**
 * Follows one collection: a list, then watches, each going on from the version that the last one had reached, and a new list only
 * where the server does not remember that version. When a server in trouble is asked again is decided here, for everybody who watches.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
import { setTimeout as sleep } from "node:timers/promises";
import { StatusError, type Cluster } from "./cluster.ts";
import { lines } from "./lines.ts";

export interface WatchedObject {
  readonly metadata: { readonly resourceVersion: string };
}

export interface WatchEvent<T> {
  /** `ADDED`, `MODIFIED`, `DELETED`, or `BOOKMARK`, whose object has a version only. */
  readonly type: string;
  readonly object: T;
}

export interface Pace {
  /** Before a repetition; doubled with each failure up to the most, and lengthened by lot, at most to twice as much. */
  readonly pauseMs: number;
  readonly pauseMostMs: number;
  /** How long the server shall keep a watch; it sends a bookmark before it ends one. */
  readonly watchSeconds: () => number;
}

export interface CollectionOptions<T> {
  readonly cluster: Cluster;
  /** Of the collection, such as `/api/v1/namespaces/data/pods`. */
  readonly path: string;
  readonly labelSelector?: string | undefined;
  readonly signal: AbortSignal;
  readonly pace: Pace;
  /** The version that the first watch begins from; default: that of a list. */
  readonly from?: string;
  /** Takes in what there is now; resolves to its version. */
  readonly list: () => Promise<string>;
  /** Awaited before the next event is read, so that a slow consumer slows the watch down. */
  readonly onEvent: (event: WatchEvent<T>) => Promise<void> | void;
  /** Gets whatever ended a list or a watch before its time, but for a version that the server forgot. What it throws ends all. */
  readonly onFault: (fault: unknown) => void;
  /** Whether a watch is open at present. */
  readonly onWatch?: ((isOpen: boolean) => void) | undefined;
}

const GONE = 410;
/** A watch that lasts as long was no failure; one that ends sooner and brought nothing new is one, however politely it ends. */
const shortWatchMs = 1000;
/** A watch that goes on for so long after its end is a connection behind which nobody is any more. */
const overtimeMs = 10_000;

/** A path with those values that are given. */
export const withQuery = (path: string, values: Readonly<Record<string, string | undefined>>): string => {
  const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
};

interface Progress {
  readonly reached: (version: string) => void;
  /** The watch was a good one, whatever ended it. */
  readonly lasted: () => void;
}

/** One watch to its end. @throws for any end that is not the server's normal one. */
const watch = async <T extends WatchedObject>(
  options: CollectionOptions<T>,
  from: string,
  { reached, lasted }: Progress,
): Promise<void> => {
  const { cluster, path, labelSelector, signal, pace, onEvent, onWatch } = options;
  const seconds = pace.watchSeconds();
  const query = {
    watch: "true",
    allowWatchBookmarks: "true",
    resourceVersion: from,
    timeoutSeconds: String(seconds),
    labelSelector,
  };
  const deadline = AbortSignal.timeout(seconds * 1000 + overtimeMs);
  const stream = await cluster.open(withQuery(path, query), AbortSignal.any([signal, deadline]));
  const openedAt = performance.now();
  const isShort = (): boolean => performance.now() - openedAt < shortWatchMs;
  let at = from;
  onWatch?.(true);
  try {
    for await (const { text } of lines(stream.setEncoding("utf8"))) {
      const { type, object } = JSON.parse(text) as WatchEvent<
        T & { readonly code?: number; readonly message?: string }
      >;
      if (type === "ERROR") throw new StatusError(object.code ?? 0, `watch ${path}: ${object.message ?? "error"}`);
      await onEvent({ type, object });
      at = object.metadata.resourceVersion;
      reached(at);
    }
    if (at === from && isShort()) throw new Error(`watch ${path}: ended at once`);
    lasted();
  } finally {
    if (!isShort()) lasted();
    onWatch?.(false);
  }
};

/** Resolves when the signal was aborted. Rejects, with no more requests, with what `onFault` throws. */
export const followCollection = async <T extends WatchedObject>(options: CollectionOptions<T>): Promise<void> => {
  const { signal, pace, list, onFault } = options;
  let version = options.from;
  let failures = 0;

  const progress: Progress = {
    reached: (newer) => {
      version = newer;
    },
    lasted: () => {
      failures = 0;
    },
  };
  const round = async (): Promise<void> => {
    version ??= await list();
    await watch(options, version, progress);
  };
  const recover = async (fault: unknown): Promise<void> => {
    if (signal.aborted) return;
    if (fault instanceof StatusError && fault.status === GONE) version = undefined;
    else onFault(fault);
    const pauseMs = Math.min(pace.pauseMs * 2 ** failures, pace.pauseMostMs) * (1 + Math.random());
    failures += 1;
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  };
  // oxlint-disable-next-line no-await-in-loop -- a watch begins where the last one ended
  while (!signal.aborted) await round().catch(recover);
};
