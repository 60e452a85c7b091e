/**
 * Follows one kind of objects on any API server: a list, then watches, each going on from the version that the last one had
 * reached, and a new list only where the server does not remember that version. A gap is then known, never guessed.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
import { setTimeout as sleep } from "node:timers/promises";
import { StatusError, type Cluster } from "../../events/source/cluster.ts";
import type { KubeList, KubeObject } from "../../functions/kit/kube/object.ts";
import { VersionsReturned, type Collection } from "./collection.ts";
import { lines } from "./lines.ts";

export interface Following {
  readonly cluster: Cluster;
  /** Of the collection, such as `/api/v1/pods`. */
  readonly path: string;
  readonly labelSelector?: string | undefined;
  readonly signal: AbortSignal;
  /** Whether a watch is open at present. */
  readonly onWatch?: (open: boolean) => void;
  /** Whatever ended a request before its time; it is repeated. */
  readonly onTrouble?: (trouble: unknown) => void;
}

export interface Follower {
  /** Resolves once the first state of everything was told; rejects as `ended` does, and when the signal came first. */
  readonly listed: Promise<void>;
  /**
   * Resolves when the signal was aborted. Rejects, with no more requests, when the first list is refused (401, 403, 404), or when
   * versions went back.
   */
  readonly ended: Promise<void>;
}

/** Before a repetition; doubled with each failure up to the most, so that a server in trouble is left in peace. */
const retryMs = 200;
const retryMostMs = 5_000;
const listDeadlineMs = 60_000;
/** The server ends each watch then, with a bookmark before, so that also a quiet kind is not left far behind. */
const watchSeconds = 25;
/** Longer than a watch: an open connection behind which nobody is any more ends here. */
const watchDeadlineMs = (watchSeconds + 10) * 1000;
const GONE = 410;
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 404]);

const withQuery = (path: string, values: Readonly<Record<string, string | undefined>>): string => {
  const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
};

const within = (signal: AbortSignal, deadlineMs: number): AbortSignal =>
  AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);

const list = async ({ cluster, path, labelSelector, signal }: Following): Promise<KubeList> =>
  (await cluster.read(withQuery(path, { labelSelector }), within(signal, listDeadlineMs))) as KubeList;

interface WatchEvent {
  readonly type: string;
  readonly object: KubeObject & { readonly code?: number; readonly message?: string };
}

/** One watch request to its end. @throws for any end that is not the server's normal one. */
const watch = async (following: Following, collection: Collection): Promise<void> => {
  const { cluster, path, labelSelector, signal, onWatch } = following;
  const query = {
    watch: "true",
    allowWatchBookmarks: "true",
    timeoutSeconds: String(watchSeconds),
    resourceVersion: collection.reached(),
    labelSelector,
  };
  const stream = await cluster.open(withQuery(path, query), within(signal, watchDeadlineMs));
  onWatch?.(true);
  try {
    for await (const { text } of lines(stream.setEncoding("utf8"))) {
      const { type, object } = JSON.parse(text) as WatchEvent;
      if (type === "ERROR") throw new StatusError(object.code ?? 0, `watch ${path}: ${object.message ?? "error"}`);
      collection.receive(type, object);
    }
  } finally {
    onWatch?.(false);
  }
};

const isStatus = (trouble: unknown, isMeant: (status: number) => boolean): boolean =>
  trouble instanceof StatusError && isMeant(trouble.status);

export const follow = (following: Following, collection: Collection): Follower => {
  const { signal, onTrouble } = following;
  const { promise: listed, resolve: endList, reject: refuse } = Promise.withResolvers<void>();
  let isListed = false;
  let failures = 0;

  const onWatch = (isOpen: boolean): void => {
    if (isOpen) failures = 0;
    following.onWatch?.(isOpen);
  };
  const round = async (): Promise<void> => {
    if (collection.reached() === undefined) {
      const found = await list(following);
      collection.replace(found);
      isListed = true;
      endList();
    }
    await watch({ ...following, onWatch }, collection);
  };
  const recover = async (trouble: unknown): Promise<void> => {
    if (signal.aborted) return;
    if (trouble instanceof VersionsReturned || (!isListed && isStatus(trouble, (status) => REFUSALS.has(status))))
      throw trouble;
    if (isStatus(trouble, (status) => status === GONE)) return collection.lose();
    onTrouble?.(trouble);
    const delayMs = Math.min(retryMs * 2 ** failures, retryMostMs);
    failures += 1;
    await sleep(delayMs, undefined, { signal }).catch(() => undefined);
  };
  const run = async (): Promise<void> => {
    // oxlint-disable-next-line no-await-in-loop -- a watch begins where the last one ended
    while (!signal.aborted) await round().catch(recover);
  };
  const ended = run();
  void ended.then(() => refuse(new Error("stopped before the first list")), refuse);
  return { listed, ended };
};
