/**
 * What the observer makes of one kind of objects on any API server: a first state, then every change, and where the server could
 * not go on a gap, which is known and never guessed.
 */
import { StatusError, type Cluster } from "../../events/source/cluster.ts";
import { followCollection, withQuery, type Pace } from "../../events/source/follow.ts";
import type { KubeList, KubeObject } from "../../functions/kit/kube/object.ts";
import { VersionsReturned, type Collection } from "./collection.ts";

export interface Following {
  readonly cluster: Cluster;
  /** Of the collection, such as `/api/v1/pods`. */
  readonly path: string;
  readonly labelSelector?: string | undefined;
  readonly signal: AbortSignal;
  /** Whether a watch is open at present. */
  readonly onWatch?: (isOpen: boolean) => void;
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

/** A bookmark comes before the end of each watch, so that also a quiet kind is not left far behind. */
const PACE: Pace = { pauseMs: 200, pauseMostMs: 5_000, watchSeconds: () => 25 };
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 404]);

const isRefusal = (trouble: unknown): boolean => trouble instanceof StatusError && REFUSALS.has(trouble.status);

export const follow = (following: Following, collection: Collection): Follower => {
  const { cluster, path, labelSelector, signal, onWatch, onTrouble } = following;
  const { promise: listed, resolve: endList, reject: refuse } = Promise.withResolvers<void>();
  let isListed = false;

  const list = async (): Promise<string> => {
    const found = (await cluster.read(withQuery(path, { labelSelector }), signal)) as KubeList;
    collection.replace(found);
    isListed = true;
    endList();
    return found.metadata.resourceVersion ?? "";
  };
  const onFault = (trouble: unknown): void => {
    if (trouble instanceof VersionsReturned || (!isListed && isRefusal(trouble))) throw trouble;
    onTrouble?.(trouble);
  };
  const onEvent = ({ type, object }: { type: string; object: KubeObject }): void => collection.receive(type, object);
  const ended = followCollection({ cluster, path, labelSelector, signal, pace: PACE, list, onEvent, onFault, onWatch });
  void ended.then(() => refuse(new Error("stopped before the first list")), refuse);
  return { listed, ended };
};
