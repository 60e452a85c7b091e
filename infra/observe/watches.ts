/** All watches of an observation as one: when everything was told, whether all are open, and what may not be read. */
import { setTimeout as sleep } from "node:timers/promises";
import { connectCluster, StatusError, type Cluster, type KubeAccess } from "../../events/source/cluster.ts";
import { listRequest, PODS, type Resource } from "../../functions/kit/kube/request.ts";
import { createCollection, type Journal } from "./collection.ts";
import { follow } from "./follow.ts";
import { redacted } from "./redact.ts";
import type { Scope } from "./scope.ts";

export interface WatchOptions {
  readonly kubeConfig: KubeAccess;
  readonly scope: Pick<Scope, "namespace" | "selector">;
  /** Pods among them. */
  readonly kinds: readonly Resource[];
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
  /** Plurals of the kinds that may not be read, or that the server does not know. */
  readonly unread: readonly string[];
  /** Of these, those that the server does not know: there can be none of them. */
  readonly absent: readonly string[];
}

const firstStateDeadlineMs = 30_000;

export const textOf = (trouble: unknown): string => (trouble instanceof Error ? trouble.message : String(trouble));

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
  const { kubeConfig, say } = options;
  const cluster = connectCluster(kubeConfig);
  const kinds = options.kinds.map((resource) => watchKind(resource, cluster, options));
  const absent: string[] = [];
  const unread = await Promise.all(
    kinds.map(({ plural, listed }) =>
      listed.then(
        () => undefined,
        (error: unknown) => {
          // Pods are all that labels need.
          if (plural === PODS.plural) throw error;
          say(`${plural} cannot be read: ${textOf(error)}`);
          if (error instanceof StatusError && error.status === 404) absent.push(plural);
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
    absent,
  };
};
