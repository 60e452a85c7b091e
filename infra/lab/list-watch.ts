/**
 * Follows a collection: lists it, then watches from there, and lists again whenever the watch cannot go on (410 Gone, any
 * error, a lost connection), telling what changed meanwhile. The listener therefore sees every object's latest state and
 * every disappearance, though not every state in between.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
import { get, type RequestOptions } from "node:https";
import { setTimeout } from "node:timers/promises";
import { Watch, type KubeConfig } from "@kubernetes/client-node";
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

const retryMs = 200;
const listDeadlineMs = 30_000;

const list = async <T>({ kubeConfig, path, signal }: ListWatchOptions<T>): Promise<Collection<T>> => {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(listDeadlineMs)]);
  const options: RequestOptions = { signal: deadline };
  await kubeConfig.applyToHTTPSOptions(options);
  return new Promise((resolve, reject) => {
    get(`${kubeConfig.getCurrentCluster()?.server}${path}`, options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode === 200) resolve(JSON.parse(text));
        else reject(new Error(`GET ${path} answered ${response.statusCode}: ${text}`));
      });
    }).on("error", reject);
  });
};

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

/** The client ends a watch on which nothing happened for 30 s: that is no error. */
const isFailure = (error: unknown): boolean =>
  error !== null && error !== undefined && !(error instanceof DOMException && error.name === "TimeoutError");

const abortWith = (signal: AbortSignal, watch: AbortController): void => {
  if (signal.aborted) watch.abort();
  // The watch aborts its own controller when it ends, which takes this listener away.
  else signal.addEventListener("abort", () => watch.abort(), { signal: watch.signal });
};

/** One watch request. Resolves to the version to go on from, or undefined when only a new list helps. */
const watchOnce = <T extends KubeObject>(
  { kubeConfig, path, signal }: ListWatchOptions<T>,
  resourceVersion: string,
  tell: (event: ListWatchEvent<T>) => void,
): Promise<string | undefined> =>
  new Promise((resolve) => {
    let latest: string | undefined = resourceVersion;
    const onEvent = (type: string, object: T): void => {
      latest = type === "ERROR" ? undefined : object.metadata.resourceVersion;
      if (type === "ADDED" || type === "MODIFIED" || type === "DELETED") tell({ type, object });
    };
    const done = (error: unknown): void => resolve(isFailure(error) ? undefined : latest);
    const query = { resourceVersion, allowWatchBookmarks: true };
    new Watch(kubeConfig).watch(path, query, onEvent, done).then((watch) => abortWith(signal, watch), done);
  });

/** Resolves once the first list was told; the watch then runs until `signal` is aborted. Failures are retried. */
export const listWatch = <T extends KubeObject>(options: ListWatchOptions<T>): Promise<void> => {
  const { promise: listed, resolve: firstListTold } = Promise.withResolvers<void>();
  const { signal } = options;
  const known: Known<T> = new Map();
  const tell = (event: ListWatchEvent<T>): void => {
    if (signal.aborted) return;
    applyEvent(known, event);
    options.onEvent(event);
  };
  const relist = async (): Promise<string> => {
    const { items, metadata } = await list(options);
    for (const event of changesTo(known, items)) tell(event);
    firstListTold();
    return metadata.resourceVersion;
  };
  const follow = async (): Promise<void> => {
    let reached: string | undefined;
    while (!signal.aborted) {
      /* oxlint-disable no-await-in-loop -- each request goes on from where the last one ended */
      try {
        reached = await watchOnce(options, reached ?? (await relist()), tell);
      } catch {
        reached = undefined;
      }
      if (reached === undefined) await setTimeout(retryMs);
      /* oxlint-enable no-await-in-loop */
    }
    firstListTold();
  };
  void follow();
  return listed;
};
