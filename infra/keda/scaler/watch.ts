/**
 * Watches every kind that the features are told of, as the sources do. A kind that is not served, and an API server that is away, are
 * asked for again; wherever a watch could not go on from where it was, the gap is told, so that a sweep fills it.
 */
import type { Change } from "../../../events/names.ts";
import { connectCluster, type Cluster, type KubeAccess } from "../../../events/source/cluster.ts";
import { keepReflecting } from "../../../events/source/reflect.ts";
import { LOCKS } from "../../../functions/election/labels.ts";
import type { Log } from "../../../functions/kit/host/log.ts";
import {
  ENDPOINT_SLICES,
  listRequest,
  PODS,
  SERVICES,
  STATEFUL_SETS,
  type Resource,
} from "../../../functions/kit/kube/request.ts";
import { CHECKERS } from "../../../functions/roles/labels.ts";
import { MANAGER, MANAGER_LABEL } from "../../../functions/standby/route/names.ts";
import type { Watched } from "./news.ts";

export interface WatchOptions {
  readonly access: KubeAccess;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Awaited before the next change of the same kind is read. */
  readonly onChange: (change: Change, object: Watched) => Promise<void>;
  /** A watch begins: what happened before it is not told. */
  readonly onGap: () => void;
}

const WATCHED: readonly Resource[] = [PODS, STATEFUL_SETS, SERVICES, ENDPOINT_SLICES, LOCKS, CHECKERS];

interface Collection {
  readonly path: string;
  readonly labelSelector: string | undefined;
}

const collectionsOf = (namespaces: readonly string[]): readonly Collection[] =>
  WATCHED.flatMap((resource) => {
    // Those of the controllers change with every pod.
    const labelSelector = resource === ENDPOINT_SLICES ? `${MANAGER_LABEL}=${MANAGER}` : undefined;
    const scopes = namespaces.length === 0 ? [undefined] : namespaces;
    return scopes.map((namespace) => ({ path: listRequest(resource, { namespace }).path, labelSelector }));
  });

/** One collection; a fault that lasts, such as a kind that nobody has installed, is told once. */
const watchOne = (
  cluster: Cluster,
  collection: Collection,
  { signal, log, onChange, onGap }: WatchOptions,
): Promise<void> => {
  let told: string | undefined;
  return keepReflecting({
    ...collection,
    cluster,
    signal,
    log: (line) => {
      if (line !== told) log.warn("watch interrupted", { reason: line });
      told = line;
    },
    onChange: (change, object) => onChange(change, object as Watched),
    onPosition: () => {
      told = undefined;
      onGap();
    },
  });
};

/** Resolves when the signal was aborted. */
export const watchAll = async (options: WatchOptions): Promise<void> => {
  const { access, namespaces } = options;
  const cluster = connectCluster(access);
  await Promise.all(collectionsOf(namespaces).map((collection) => watchOne(cluster, collection, options)));
};
