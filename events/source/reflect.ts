/**
 * List and watch of one collection with the behaviour of the adapter's reflector (client-go v0.35, `reflector.go`): nothing is
 * reported for what exists at the start, one change at a time, a normal end resumes where it was, an expired position starts afresh.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Change } from "../names.ts";
import { StatusError, type Cluster } from "./cluster.ts";
import type { StreamedObject } from "./message.ts";

export interface ReflectOptions {
  readonly cluster: Cluster;
  /** Path of the collection, such as `/api/v1/namespaces/data/pods`. */
  readonly path: string;
  readonly labelSelector: string | undefined;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
  /** Awaited before the next change is read. */
  readonly onChange: (change: Change, object: StreamedObject) => Promise<void>;
}

interface WatchEvent {
  readonly type: string;
  readonly object: StreamedObject & { readonly code?: number; readonly message?: string };
}

const CHANGES: Readonly<Record<string, Change>> = {
  ADDED: "add",
  MODIFIED: "update",
  DELETED: "delete",
};
const GONE = 410;
const BACKOFF_FIRST_MS = 800;
const BACKOFF_MAX_MS = 30_000;
/** A watch that ends sooner without an event is a fault, not a normal end. */
const SHORT_WATCH_MS = 1000;
const WATCH_MIN_SECONDS = 300;

/** Reads no more of the stream than its consumer takes, so a slow sink slows the watch down. */
async function* lines(stream: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

const query = (path: string, values: Readonly<Record<string, string | undefined>>): string => {
  const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return `${path}?${new URLSearchParams(given).toString()}`;
};

/** The collection's present version. One item is enough: what exists already is not reported. */
const presentVersion = async ({ cluster, path, labelSelector, signal }: ReflectOptions): Promise<string> => {
  const list = (await cluster.read(query(path, { limit: "1", labelSelector }), signal)) as {
    readonly metadata: { readonly resourceVersion: string };
  };
  return list.metadata.resourceVersion;
};

/** Follows one watch to its end; `seen` gets each new position. Throws for any end that is not normal. */
const follow = async (options: ReflectOptions, from: string, seen: (version: string) => void): Promise<void> => {
  const { cluster, path, labelSelector, signal, onChange } = options;
  const startedAt = performance.now();
  const timeoutSeconds = String(Math.round(WATCH_MIN_SECONDS * (1 + Math.random())));
  const position = {
    watch: "true",
    allowWatchBookmarks: "true",
    resourceVersion: from,
    timeoutSeconds,
  };
  const stream = await cluster.open(query(path, { ...position, labelSelector }), signal);
  let events = 0;
  for await (const line of lines(stream.setEncoding("utf8"))) {
    const { type, object } = JSON.parse(line) as WatchEvent;
    if (type === "ERROR") throw new StatusError(object.code ?? 0, `watch ${path}: ${object.message ?? "error"}`);
    events += 1;
    const change = CHANGES[type];
    if (change !== undefined) await onChange(change, object);
    seen(object.metadata.resourceVersion);
  }
  if (events === 0 && performance.now() - startedAt < SHORT_WATCH_MS) throw new Error(`watch ${path}: ended at once`);
};

/**
 * Resolves when the collection's position is known, so that every later change will be reported; rejects when the first list fails.
 * From then on all faults are retried, with a delay that doubles from 0.8 s to 30 s, until the signal aborts; `ended` resolves then.
 */
export const reflect = async (options: ReflectOptions): Promise<{ readonly ended: Promise<void> }> => {
  const { path, signal, log } = options;
  let version: string | undefined = await presentVersion(options);
  let failures = 0;

  const round = async (): Promise<void> => {
    version ??= await presentVersion(options);
    await follow(options, version, (newer) => {
      version = newer;
      failures = 0;
    });
  };
  const recover = async (fault: unknown): Promise<void> => {
    if (signal.aborted) return;
    if (fault instanceof StatusError && fault.status === GONE) version = undefined;
    else log(`${path}: ${fault instanceof Error ? fault.message : String(fault)}; retrying`);
    const delayMs = Math.min(BACKOFF_FIRST_MS * 2 ** failures, BACKOFF_MAX_MS) * (1 + Math.random());
    failures += 1;
    await sleep(delayMs, undefined, { signal }).catch(() => undefined);
  };
  const run = async (): Promise<void> => {
    // oxlint-disable-next-line no-await-in-loop -- a watch begins where the last one ended
    while (!signal.aborted) await round().catch(recover);
  };
  return { ended: run() };
};
