/**
 * ApiServerSource and PingSource without Knative: the same events, from a list+watch and a timer in this process. For development
 * against any cluster, and for installations that have no Knative Eventing.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Cron } from "croner";
import type { Change } from "../names.ts";
import { connectCluster, type Cluster, type KubeAccess } from "./cluster.ts";
import { deliver, type Delivery } from "./deliver.ts";
import { objectMessage, tickMessage, type EventMode, type Origin, type StreamedObject } from "./message.ts";
import { reflect } from "./reflect.ts";

export interface WatchedResource {
  /** `v1`, `apps/v1`. */
  readonly apiVersion: string;
  /** `pods`, `statefulsets`. */
  readonly plural: string;
  readonly labelSelector: string | undefined;
}

export interface Schedule {
  /** Five fields, or six with seconds, in UTC. */
  readonly cron: string;
  /** JSON text that each tick carries; undefined: none. */
  readonly data: string | undefined;
}

export interface LocalSourceOptions {
  readonly sink: URL;
  /** A `KubeConfig` of `@kubernetes/client-node`, or the two functions of it that are used. */
  readonly kubeConfig: KubeAccess;
  /** The source objects that real adapters would belong to: `kn-namespace` of all events, `source` of the ticks. */
  readonly origin: Origin;
  readonly resources: readonly WatchedResource[];
  /** `all`: one cluster-wide watch per resource. */
  readonly namespaces: readonly string[] | "all";
  readonly mode: EventMode;
  readonly schedule: Schedule | undefined;
  /** Gets one line for each dropped event and each fault of a watch. */
  readonly log: (line: string) => void;
}

export interface LocalSource {
  /** Ends watches, ticks and deliveries; resolves when nothing runs any more. */
  readonly stop: () => Promise<void>;
}

/** PingSource delays each tick by a random part of this, so that many sources do not fire at once. */
const TICK_JITTER_MS = 500;

const apiRoot = (apiVersion: string): string =>
  apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

/** Paths to watch. Rejects, naming what is served, when the API server does not know the resource. */
const collectionPaths = async (
  cluster: Cluster,
  { apiVersion, plural }: WatchedResource,
  { namespaces, signal }: { readonly namespaces: readonly string[] | "all"; readonly signal: AbortSignal },
): Promise<readonly string[]> => {
  const root = apiRoot(apiVersion);
  const { resources } = (await cluster.read(root, signal)) as {
    readonly resources: readonly { readonly name: string; readonly namespaced: boolean }[];
  };
  const found = resources.find(({ name }) => name === plural);
  if (found === undefined) {
    const served = resources.filter(({ name }) => !name.includes("/")).map(({ name }) => name);
    throw new Error(`resource ${apiVersion}/${plural}: not served; ${apiVersion} has ${served.join(", ")}`);
  }
  if (namespaces === "all" || !found.namespaced) return [`${root}/${plural}`];
  return namespaces.map((namespace) => `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`);
};

/** Throws an `Error` when the schedule is no cron expression that PingSource accepts. */
const startTicks = (delivery: Delivery, origin: Origin, { cron, data }: Schedule): Cron => {
  const { sink, signal } = delivery;
  const tick = async (): Promise<void> => {
    await sleep(Math.random() * TICK_JITTER_MS, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await deliver(delivery, tickMessage(sink, origin, data));
  };
  const accepts = "five cron fields, six with seconds, or @hourly and the like";
  // The library also takes a seventh field, for years, which PingSource does not know.
  if (cron.trim().split(/\s+/u).length > 6) throw new Error(`schedule: got "${cron}", accepts ${accepts}`);
  try {
    // As in PingSource, a tick does not wait for the last one, and a missed tick is not made up for.
    return new Cron(cron, { timezone: "UTC" }, tick);
  } catch (error) {
    throw new Error(`schedule: got "${cron}", accepts ${accepts}`, { cause: error });
  }
};

/**
 * Resolves when every change from now on will be sent. Rejects, with nothing left running, when the cluster cannot be
 * reached, does not serve a resource or refuses a first list, or when the schedule is no cron expression.
 */
export const startLocalSource = async (options: LocalSourceOptions): Promise<LocalSource> => {
  const { sink, kubeConfig, origin, mode, namespaces, log } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const delivery: Delivery = { sink, signal, log };
  const cluster = connectCluster(kubeConfig);
  const onChange = (change: Change, object: StreamedObject): Promise<void> =>
    deliver(delivery, objectMessage({ sink, origin, server: cluster.server, mode }, change, object));

  const watch = async (resource: WatchedResource): Promise<readonly { readonly ended: Promise<void> }[]> => {
    const paths = await collectionPaths(cluster, resource, { namespaces, signal });
    const { labelSelector } = resource;
    return Promise.all(paths.map((path) => reflect({ cluster, path, labelSelector, signal, log, onChange })));
  };
  try {
    const ticks = options.schedule === undefined ? undefined : startTicks(delivery, origin, options.schedule);
    signal.addEventListener("abort", () => ticks?.stop());
    const reflections = await Promise.all(options.resources.map(watch));
    return {
      stop: async () => {
        stopping.abort();
        await Promise.all(reflections.flat().map(({ ended }) => ended));
      },
    };
  } catch (error) {
    stopping.abort();
    throw error;
  }
};
