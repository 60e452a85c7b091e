/**
 * Writes down every state of all that a feature writes or leads, for the history checker, cut as a recording is. Unlike `listWatch`, whose
 * listeners need only the latest state, it says where states in between may be missing.
 */
import type { KubeAccess } from "../../events/source/cluster.ts";
import type { Gap, Revision } from "../../functions/kit/history/revision.ts";
import type { Journal } from "../observe/collection.ts";
import { ALL_KINDS } from "../observe/scope.ts";
import { openWatches } from "../observe/watches.ts";
import type { MemoryApi } from "./memory/api.ts";

export interface Observer {
  /** In the order of arrival; `judge` puts them in the order of the server. */
  readonly revisions: readonly Revision[];
  readonly gaps: readonly Gap[];
  stop(): Promise<void>;
}

export interface ObserverOptions {
  readonly kubeConfig: KubeAccess;
  /** Default: all namespaces. */
  readonly namespace?: string;
}

/**
 * Resolves when the first state of everything was written down; from then on nothing is missed, or it is in `gaps`.
 * A kind that the server does not know is left out for good.
 * @throws when that takes longer than 30 s, or is refused.
 */
export const startObserver = async ({ kubeConfig, namespace }: ObserverOptions): Promise<Observer> => {
  const revisions: Revision[] = [];
  const gaps: Gap[] = [];
  const journal: Journal = { tell: (revision) => void revisions.push(revision), miss: (gap) => void gaps.push(gap) };
  const ending = new AbortController();
  const { signal } = ending;
  const troubles: string[] = [];
  const say = (line: string): void => void troubles.push(line);
  try {
    const watching = { kubeConfig, scope: { namespace }, kinds: ALL_KINDS, journal, say, signal };
    const { ended, unread, absent } = await openWatches(watching);
    if (unread.length > absent.length) throw new Error(`the observer cannot read all: ${troubles.join("; ")}`);
    const stop = async (): Promise<void> => {
      ending.abort();
      await ended;
    };
    return { revisions, gaps, stop };
  } catch (error) {
    ending.abort();
    throw error;
  }
};

/** Hears every revision of a memory API from now on; created with it, that is all of them. */
export const observeMemory = (api: Pick<MemoryApi, "onRevision" | "now">): Observer => {
  const revisions: Revision[] = [];
  const unsubscribe = api.onRevision(({ type, resource, object }) => {
    const isObserved = ALL_KINDS.some(({ group, plural }) => group === resource.group && plural === resource.plural);
    const { resourceVersion } = object.metadata;
    if (isObserved) revisions.push({ type, resourceVersion, object, observedAt: api.now() });
  });
  return { revisions, gaps: [], stop: async () => unsubscribe() };
};
