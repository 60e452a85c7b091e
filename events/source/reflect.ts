/**
 * List and watch of one collection with the behaviour of the adapter's reflector (client-go v0.35, `reflector.go`): nothing is
 * reported for what exists at the start, one change at a time, a normal end resumes where it was, an expired position starts afresh.
 */
import type { Change } from "../names.ts";
import type { Cluster } from "./cluster.ts";
import { followCollection, withQuery, type Pace } from "./follow.ts";
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
  /** Told where changes before a position that was just looked up are not reported: also where a watch could not be resumed. */
  readonly onPosition?: (() => void) | undefined;
}

const CHANGES: Readonly<Record<string, Change>> = {
  ADDED: "add",
  MODIFIED: "update",
  DELETED: "delete",
};
const WATCH_MIN_SECONDS = 300;
/** Those of client-go. */
const PACE: Pace = {
  pauseMs: 800,
  pauseMostMs: 30_000,
  watchSeconds: () => Math.round(WATCH_MIN_SECONDS * (1 + Math.random())),
};

/** The collection's present version. One item is enough: what exists already is not reported. */
const presentVersion = async ({ cluster, path, labelSelector, signal }: ReflectOptions): Promise<string> => {
  const list = (await cluster.read(withQuery(path, { limit: "1", labelSelector }), signal)) as {
    readonly metadata: { readonly resourceVersion: string };
  };
  return list.metadata.resourceVersion;
};

/**
 * All faults are retried, with a delay that doubles from 0.8 s to 30 s, until the signal aborts; resolves then. `from`: the version after
 * which changes are reported; default: the present one.
 */
export const keepReflecting = (options: ReflectOptions, from?: string): Promise<void> => {
  const { cluster, path, labelSelector, signal, log, onChange, onPosition } = options;
  return followCollection<StreamedObject>({
    cluster,
    path,
    labelSelector,
    signal,
    pace: PACE,
    ...(from === undefined ? {} : { from }),
    list: async () => {
      const version = await presentVersion(options);
      onPosition?.();
      return version;
    },
    onEvent: async ({ type, object }) => {
      const change = CHANGES[type];
      if (change !== undefined) await onChange(change, object);
    },
    onFault: (fault) => log(`${path}: ${fault instanceof Error ? fault.message : String(fault)}; retrying`),
  });
};

/**
 * Resolves when the collection's position is known, so that every later change will be reported; rejects when the first list fails.
 * `ended` resolves when the signal was aborted.
 */
export const reflect = async (options: ReflectOptions): Promise<{ readonly ended: Promise<void> }> => {
  const from = await presentVersion(options);
  return { ended: keepReflecting(options, from) };
};
