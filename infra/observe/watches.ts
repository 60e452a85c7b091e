/** All watches of an observation as one: when everything was told, whether all are open, and what may not be read. */
import { setTimeout as sleep } from "node:timers/promises";
import { connectCluster, type Cluster, type KubeAccess } from "../../events/source/cluster.ts";
import { LOCKS } from "../../functions/election/labels.ts";
import { LEASES, listRequest, PODS, type Resource } from "../../functions/kit/kube/request.ts";
import { createCollection, type Journal } from "./collection.ts";
import { follow } from "./follow.ts";
import { redacted } from "./redact.ts";
import { featureOf, type Scope } from "./scope.ts";

export interface WatchOptions {
  readonly kubeConfig: KubeAccess;
  readonly scope: Scope;
  readonly journal: Journal;
  /** Gets one line for each trouble. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface Watches {
  /** Rejects when one cannot go on; resolves when the signal was aborted. */
  readonly ended: Promise<unknown>;
  /** Every watch is open. */
  readonly isWhole: () => boolean;
  /** Plurals of the kinds that may not be read. */
  readonly unread: readonly string[];
}

const firstStateDeadlineMs = 30_000;

export const textOf = (trouble: unknown): string => (trouble instanceof Error ? trouble.message : String(trouble));

/** Locks and Leases tell more of groups of ours; of anybody else's they tell nothing. */
const kindsOf = (scope: Scope): readonly Resource[] =>
  featureOf(scope) === undefined ? [PODS] : [PODS, LEASES, LOCKS];

interface Kind {
  readonly plural: string;
  readonly listed: Promise<void>;
  readonly ended: Promise<void>;
  readonly isOpen: () => boolean;
}

const watchKind = (resource: Resource, cluster: Cluster, { scope, journal, say, signal }: WatchOptions): Kind => {
  const { plural } = resource;
  let isOpen = false;
  let trouble: string | undefined;
  const onWatch = (open: boolean): void => {
    isOpen = open;
    if (open) trouble = undefined;
  };
  const onTrouble = (error: unknown): void => {
    const text = textOf(error);
    if (text !== trouble) say(`${plural}: ${text}; trying again`);
    trouble = text;
  };
  const { path } = listRequest(resource, { namespace: scope.namespace });
  const labelSelector = resource === PODS ? scope.selector : undefined;
  const following = { cluster, path, labelSelector, signal, onWatch, onTrouble };
  const { listed, ended } = follow(following, createCollection(resource, journal, redacted));
  const late = sleep(firstStateDeadlineMs, undefined, { signal }).then(
    () => Promise.reject(new Error(`${plural}: no list within ${firstStateDeadlineMs / 1000} s: ${trouble ?? ""}`)),
    () => listed,
  );
  return { plural, listed: Promise.race([listed, late]), ended, isOpen: () => isOpen };
};

/** Resolves once the first state of everything was told. @throws when the pods cannot be listed. */
export const openWatches = async (options: WatchOptions): Promise<Watches> => {
  const { kubeConfig, scope, say } = options;
  const cluster = connectCluster(kubeConfig);
  const kinds = kindsOf(scope).map((resource) => watchKind(resource, cluster, options));
  const unread = await Promise.all(
    kinds.map(({ plural, listed }) =>
      listed.then(
        () => undefined,
        (error: unknown) => {
          // Pods are all that labels need.
          if (plural === PODS.plural) throw error;
          say(`${plural} cannot be read: ${textOf(error)}`);
          return plural;
        },
      ),
    ),
  );
  const read = kinds.filter(({ plural }) => !unread.includes(plural));
  return {
    ended: Promise.all(read.map(({ ended }) => ended)),
    isWhole: () => read.every(({ isOpen }) => isOpen()),
    unread: unread.filter((plural) => plural !== undefined),
  };
};
