/**
 * Writes down every state of pods, Leases and locks, for the history checker. Unlike `listWatch`, whose listeners need
 * only the latest state, it goes on from the version that it had reached whenever a watch ends, and says where it could
 * not.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#streaming-lists
 */
import { setTimeout } from "node:timers/promises";
import { Watch, type KubeConfig } from "@kubernetes/client-node";
import { LOCKS } from "../../functions/election/labels.ts";
import type { Gap, Revision } from "../../functions/kit/history/revision.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { apiVersionOf, LEASES, listRequest, PODS, type Resource } from "../../functions/kit/kube/request.ts";
import type { MemoryApi } from "./memory/api.ts";

const OBSERVED: readonly Resource[] = [PODS, LEASES, LOCKS];

export interface Observer {
  /** In the order of arrival; `judge` puts them in the order of the server. */
  readonly revisions: readonly Revision[];
  readonly gaps: readonly Gap[];
  stop(): Promise<void>;
}

export interface ObserverOptions {
  readonly kubeConfig: KubeConfig;
  /** Default: all namespaces. */
  readonly namespace?: string;
}

const firstListDeadlineMs = 30_000;
const retryMs = 200;
/** Shorter than the client's patience with a silent watch: the server ends it, with a bookmark two seconds before. */
const watchSeconds = 25;
const GONE = 410;

type EventType = Revision["type"];

const isEventType = (type: string): type is EventType => ["ADDED", "MODIFIED", "DELETED"].includes(type);

/** The bookmark that ends the state of everything, with which a watch without a version begins. */
const isListed = ({ metadata }: KubeObject): boolean => metadata.annotations?.["k8s.io/initial-events-end"] === "true";

interface Journal {
  readonly revisions: Revision[];
  readonly gaps: Gap[];
}

/** What is known of one kind, and where its next watch goes on. */
interface Collection {
  /** Resolves once the state of everything was told. */
  readonly listed: Promise<void>;
  /** Query of the next watch. */
  begin(): Readonly<Record<string, string | number | boolean>>;
  /** One event of the watch. */
  receive(type: string, object: KubeObject): void;
  /** The server does not remember the version that was reached. */
  lose(): void;
}

const createCollection = (resource: Resource, { revisions, gaps }: Journal): Collection => {
  const { promise: listed, resolve: endList } = Promise.withResolvers<void>();
  const known = new Map<string, KubeObject>();
  let reached: string | undefined;
  let lost: string | undefined;
  let told: Set<string> | undefined;

  const write = (type: EventType, object: KubeObject): void => {
    const { resourceVersion } = object.metadata;
    revisions.push({ type, resourceVersion, object, observedAt: Date.now() });
  };
  const tell = (type: EventType, object: KubeObject): void => {
    const { uid, resourceVersion } = object.metadata;
    const before = known.get(uid)?.metadata.resourceVersion;
    told?.add(uid);
    if (type === "DELETED") known.delete(uid);
    else known.set(uid, object);
    // The state of everything comes as additions, also of what was known.
    if (type !== "ADDED" || before === undefined) write(type, object);
    else if (before !== resourceVersion) write("MODIFIED", object);
  };
  /** What was known and is not told again has gone meanwhile, at the earliest right after its last state. */
  const conclude = (resourceVersion: string): void => {
    for (const [uid, object] of known) {
      if (told?.has(uid) === true) continue;
      known.delete(uid);
      write("DELETED", object);
    }
    if (lost !== undefined) gaps.push({ resource: resource.plural, after: lost, until: resourceVersion });
    lost = undefined;
    told = undefined;
    endList();
  };
  return {
    listed,
    begin: () => {
      const query = { allowWatchBookmarks: true, timeoutSeconds: watchSeconds };
      if (reached !== undefined) return { ...query, resourceVersion: reached };
      told = new Set();
      return { ...query, sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" };
    },
    receive: (type, object) => {
      const { resourceVersion } = object.metadata;
      if (isEventType(type)) tell(type, { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind });
      else if (isListed(object)) conclude(resourceVersion);
      // The state of everything comes in the order of names: no version is complete before its end.
      if (told === undefined) reached = resourceVersion;
    },
    lose: () => {
      lost ??= reached;
      reached = undefined;
    },
  };
};

interface Following {
  readonly kubeConfig: KubeConfig;
  readonly path: string;
  readonly signal: AbortSignal;
}

const isGone = (trouble: unknown): boolean => {
  const { code, statusCode } = (trouble ?? {}) as { code?: unknown; statusCode?: unknown };
  return code === GONE || statusCode === GONE;
};

const abortWith = (signal: AbortSignal, watch: AbortController): void => {
  if (signal.aborted) watch.abort();
  // The watch aborts its own controller when it ends, which takes this listener away.
  else signal.addEventListener("abort", () => watch.abort(), { signal: watch.signal });
};

/** One watch request; resolves to why it ended, null when the server closed it. */
const watchOnce = ({ kubeConfig, path, signal }: Following, collection: Collection): Promise<unknown> =>
  new Promise((resolve) => {
    const onEvent = (type: string, object: KubeObject): void => {
      if (signal.aborted) return;
      if (type === "ERROR") resolve(object);
      else collection.receive(type, object);
    };
    new Watch(kubeConfig)
      .watch(path, collection.begin(), onEvent, resolve)
      .then((watch) => abortWith(signal, watch), resolve);
  });

const follow = async (
  following: Following,
  collection: Collection,
  troubled: (trouble: unknown) => void,
): Promise<void> => {
  while (!following.signal.aborted) {
    // Each watch goes on from where the last one ended.
    // oxlint-disable-next-line no-await-in-loop
    const trouble = await watchOnce(following, collection);
    if (isGone(trouble)) collection.lose();
    if (trouble === null || trouble === undefined || following.signal.aborted) continue;
    troubled(trouble);
    // oxlint-disable-next-line no-await-in-loop
    await setTimeout(retryMs);
  }
};

/**
 * Resolves when the first state of everything was written down; from then on nothing is missed, or it is in `gaps`.
 * @throws when that takes longer than 30 s, with the last trouble.
 */
export const startObserver = async ({ kubeConfig, namespace }: ObserverOptions): Promise<Observer> => {
  const journal: Journal = { revisions: [], gaps: [] };
  const ending = new AbortController();
  const { signal } = ending;
  let lastTrouble: unknown;
  const collections = OBSERVED.map((resource) => {
    const { path } = listRequest(resource, { namespace });
    const collection = createCollection(resource, journal);
    const ended = follow({ kubeConfig, path, signal }, collection, (trouble) => {
      lastTrouble = trouble;
    });
    return { listed: collection.listed, ended };
  });
  const stop = async (): Promise<void> => {
    ending.abort();
    await Promise.all(collections.map(({ ended }) => ended));
  };
  const late = setTimeout(firstListDeadlineMs, "late" as const, { signal }).catch(() => "late" as const);
  const first = await Promise.race([Promise.all(collections.map(({ listed }) => listed)), late]);
  if (first !== "late") return { ...journal, stop };
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
