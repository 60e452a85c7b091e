/**
 * Follows a collection for those who need the latest state: a list, then watches, and a new list where the server does not remember
 * how far they came, telling what changed meanwhile. The listener therefore sees every object's latest state and every
 * disappearance, though not every state in between.
 */
import type { KubeConfig } from "@kubernetes/client-node";
import { connectCluster } from "../../events/source/cluster.ts";
import { followCollection, type Pace } from "../../events/source/follow.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";

export interface ListWatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: T;
}

export interface ListWatchOptions<T> {
  readonly kubeConfig: KubeConfig;
  /** Path of the collection, such as `/api/v1/pods`. */
  readonly path: string;
  /** Called in the order of the server; it must not throw. */
  readonly onEvent: (event: ListWatchEvent<T>) => void;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

interface Collection<T> {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly T[];
}

/** A lab's API server is one's own: it may be asked again soon. */
const PACE: Pace = { pauseMs: 200, pauseMostMs: 1000, watchSeconds: () => 60 };

/** What was told so far, so that a new list can be turned into changes. */
type Known<T> = Map<string, T>;

const applyEvent = <T extends KubeObject>(known: Known<T>, { type, object }: ListWatchEvent<T>): void => {
  if (type === "DELETED") known.delete(object.metadata.uid);
  else known.set(object.metadata.uid, object);
};

const changesTo = <T extends KubeObject>(known: Known<T>, items: readonly T[]): readonly ListWatchEvent<T>[] => {
  const present = new Set(items.map(({ metadata }) => metadata.uid));
  const deleted = [...known.values()].filter(({ metadata }) => !present.has(metadata.uid));
  const changed = items.filter(
    ({ metadata }) => known.get(metadata.uid)?.metadata.resourceVersion !== metadata.resourceVersion,
  );
  return [
    ...deleted.map((object) => ({ type: "DELETED", object }) as const),
    ...changed.map((object) => ({ type: known.has(object.metadata.uid) ? "MODIFIED" : "ADDED", object }) as const),
  ];
};

const goOn = (): void => undefined;

/**
 * Resolves once the first list was told; the watch then runs until `signal` is aborted. Failures are retried.
 * @throws when the kubeconfig has no current cluster.
 */
export const listWatch = async <T extends KubeObject>(listening: ListWatchOptions<T>): Promise<void> => {
  const { kubeConfig, path, signal, onEvent } = listening;
  const { promise: listed, resolve: firstListTold } = Promise.withResolvers<void>();
  const cluster = connectCluster(kubeConfig);
  const known: Known<T> = new Map();
  const tell = (event: ListWatchEvent<T>): void => {
    if (signal.aborted) return;
    applyEvent(known, event);
    onEvent(event);
  };
  const list = async (): Promise<string> => {
    const { items, metadata } = (await cluster.read(path, signal)) as Collection<T>;
    for (const event of changesTo(known, items)) tell(event);
    firstListTold();
    return metadata.resourceVersion;
  };
  const onWatched = ({ type, object }: { type: string; object: T }): void => {
    if (type === "ADDED" || type === "MODIFIED" || type === "DELETED") tell({ type, object });
  };
  const options = { cluster, path, signal, pace: PACE, list, onEvent: onWatched, onFault: goOn };
  void followCollection(options).then(firstListTold);
  await listed;
};
