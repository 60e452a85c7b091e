/**
 * Writes down every state of pods, Leases and locks, for the history checker. Unlike `listWatch`, whose listeners need
 * only the latest state, it goes on from the version that it had reached whenever a watch ends, and says where it could
 * not.
 */
import { setTimeout } from "node:timers/promises";
import { connectCluster, type KubeAccess } from "../../events/source/cluster.ts";
import { LOCKS } from "../../functions/election/labels.ts";
import type { Gap, Revision } from "../../functions/kit/history/revision.ts";
import { LEASES, listRequest, PODS, type Resource } from "../../functions/kit/kube/request.ts";
import { createCollection, type Journal } from "../observe/collection.ts";
import { follow } from "../observe/follow.ts";
import type { MemoryApi } from "./memory/api.ts";

const OBSERVED: readonly Resource[] = [PODS, LEASES, LOCKS];

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

const firstListDeadlineMs = 30_000;

/**
 * Resolves when the first state of everything was written down; from then on nothing is missed, or it is in `gaps`.
 * @throws when that takes longer than 30 s, with the last trouble, or is refused.
 */
export const startObserver = async ({ kubeConfig, namespace }: ObserverOptions): Promise<Observer> => {
  const revisions: Revision[] = [];
  const gaps: Gap[] = [];
  const journal: Journal = { tell: (revision) => void revisions.push(revision), miss: (gap) => void gaps.push(gap) };
  const cluster = connectCluster(kubeConfig);
  const ending = new AbortController();
  const { signal } = ending;
  let lastTrouble: unknown;
  const onTrouble = (trouble: unknown): void => {
    lastTrouble = trouble;
  };
  const followers = OBSERVED.map((resource) => {
    const { path } = listRequest(resource, { namespace });
    return follow({ cluster, path, signal, onTrouble }, createCollection(resource, journal));
  });
  const stop = async (): Promise<void> => {
    ending.abort();
    await Promise.all(followers.map(({ ended }) => ended));
  };
  const late = setTimeout(firstListDeadlineMs, "late" as const, { signal }).catch(() => "late" as const);
  const first = await Promise.race([Promise.all(followers.map(({ listed }) => listed)), late]);
  if (first !== "late") return { revisions, gaps, stop };
  await stop();
  throw new Error(`the observer saw no first state within ${firstListDeadlineMs / 1000} s`, { cause: lastTrouble });
};

/** Hears every revision of a memory API from now on; created with it, that is all of them. */
export const observeMemory = (api: Pick<MemoryApi, "onRevision" | "now">): Observer => {
  const revisions: Revision[] = [];
  const unsubscribe = api.onRevision(({ type, resource, object }) => {
    const isObserved = OBSERVED.some(({ group, plural }) => group === resource.group && plural === resource.plural);
    const { resourceVersion } = object.metadata;
    if (isObserved) revisions.push({ type, resourceVersion, object, observedAt: api.now() });
  });
  return { revisions, gaps: [], stop: async () => unsubscribe() };
};
