/** The function as a Deployment that KEDA scales, installed as users install it, and how many instances of it are wanted. */
import { EventEmitter, once } from "node:events";
import type { KubeObject } from "../../../../functions/kit/kube/object.ts";
import { succeed } from "../../../../infra/lab/api.ts";
import { listWatch } from "../../../../infra/lab/list-watch.ts";
import type { PollOptions } from "../../../../infra/lab/poll.ts";
import type { ClusterNode } from "../../../../infra/lab/node/cluster-node.ts";
import type { OverlayName } from "../../platform/golden/overlays.ts";
import { until } from "./evidence.ts";
import { installOverlay, isReady, removeOverlay, type Conditioned } from "./function.ts";
import { killAll, processesOf } from "./processes.ts";
import { FUNCTION_NAMESPACE } from "./namespaces.ts";

export type KedaForm = Extract<OverlayName, "keda-http" | "keda-push">;

const NAME = "bellwether";
const SERVICE = `/api/v1/namespaces/${FUNCTION_NAMESPACE}/services/${NAME}`;
const SCALED_OBJECT = `/apis/keda.sh/v1alpha1/namespaces/${FUNCTION_NAMESPACE}/scaledobjects/${NAME}`;
const DEPLOYMENTS = `/apis/apps/v1/namespaces/${FUNCTION_NAMESPACE}/deployments`;
const INSTANCES = `/api/v1/namespaces/${FUNCTION_NAMESPACE}/pods?labelSelector=app.kubernetes.io%2Fcomponent%3Dfunction`;
const SCALERS = `/api/v1/namespaces/${FUNCTION_NAMESPACE}/pods?labelSelector=app.kubernetes.io%2Fcomponent%3Dscaler`;

/** In place of what is shipped, 20 s and 10 s after the last work and 5 s and 30 s between KEDA's questions: only of the way to zero. */
const LESS_PATIENCE = { spec: { cooldownPeriod: 5, pollingInterval: 1 } };

const NODES = "/api/v1/nodes";

const deadlineMs = 90_000;
const pollMs = 50;

const within = (what: string): PollOptions => ({ what, everyMs: pollMs, deadlineMs });

const gone = (node: ClusterNode, path: string): Promise<true> =>
  until(node, async () => (await node.api.call("GET", path)).status === 404, within(`the end of ${path}`));

const podsAt = async ({ api }: ClusterNode, path: string): Promise<readonly Conditioned[]> =>
  (await succeed<{ readonly items: readonly Conditioned[] }>(api, "GET", path)).items;

/** Resolves once events are sent, and KEDA listens. The function may run at first. */
export const installForm = async (node: ClusterNode, form: KedaForm): Promise<void> => {
  const { api } = node;
  // Knative makes one of that name, and takes it away a while after everything else.
  await gone(node, SERVICE);
  await installOverlay(node, form);
  const contentType = "application/merge-patch+json";
  await succeed(api, "PATCH", SCALED_OBJECT, { body: LESS_PATIENCE, contentType });
  const listens = async (): Promise<boolean> => {
    const [scaledObject, scalers] = await Promise.all([
      succeed<Conditioned>(api, "GET", SCALED_OBJECT),
      podsAt(node, SCALERS),
    ]);
    return isReady(scaledObject) && scalers.every(isReady);
  };
  await until(node, listens, within(`${form} to be Ready`));
};

/** KEDA must still run: the ScaledObject's finalizer is its business. */
export const removeForm = async (node: ClusterNode, form: KedaForm): Promise<void> => {
  await removeOverlay(node, form);
  await gone(node, SCALED_OBJECT);
};

export const instancesReady = async (node: ClusterNode): Promise<number> =>
  (await podsAt(node, INSTANCES)).filter(isReady).length;

/** Until `use` has ended no pod is given a node, so that on a slow machine, too, an instance that is wanted has not started meanwhile. */
export const whileNothingStarts = async <T>({ api }: ClusterNode, use: () => Promise<T>): Promise<T> => {
  const { items } = await succeed<{ readonly items: readonly KubeObject[] }>(api, "GET", NODES);
  const setAll = (unschedulable: boolean): Promise<unknown> => {
    const options = { body: { spec: { unschedulable } }, contentType: "application/merge-patch+json" };
    return Promise.all(items.map(({ metadata }) => succeed(api, "PATCH", `${NODES}/${metadata.name}`, options)));
  };
  await setAll(true);
  try {
    return await use();
  } finally {
    await setAll(false);
  }
};

export interface Wanted {
  /** How many instances, now. */
  readonly replicas: () => number | undefined;
  /** Resolves to when that many were wanted next, in ms since 1970. @throws after 90 s. */
  readonly next: (replicas: number) => Promise<number>;
}

interface Deployment extends KubeObject {
  readonly spec: { readonly replicas?: number };
}

/** Until `signal` is aborted. */
export const watchWanted = async (node: ClusterNode, signal: AbortSignal): Promise<Wanted> => {
  const changes = new EventEmitter();
  let seen: number | undefined;
  await listWatch<Deployment>({
    kubeConfig: node.kubeConfig,
    path: DEPLOYMENTS,
    signal,
    onEvent: ({ type, object: { metadata, spec } }) => {
      if (metadata.name !== NAME) return;
      const replicas = type === "DELETED" ? undefined : spec.replicas;
      if (replicas === seen) return;
      seen = replicas;
      changes.emit(String(replicas), Date.now());
    },
  });
  const next = async (replicas: number): Promise<number> => {
    const [atMs] = (await once(changes, String(replicas), { signal: AbortSignal.timeout(deadlineMs) })) as [number];
    return atMs;
  };
  return { replicas: () => seen, next };
};

/** Resolves once no instance is wanted and none is left; what still ends is killed, for it would answer for as long as it may. */
export const asleep = async (node: ClusterNode, wanted: Wanted): Promise<void> => {
  if (wanted.replicas() !== 0) await wanted.next(0);
  for (const { metadata } of await podsAt(node, INSTANCES)) killAll(processesOf(metadata.uid));
  const isAsleep = async (): Promise<boolean> =>
    (await podsAt(node, INSTANCES)).length === 0 && wanted.replicas() === 0;
  await until(node, isAsleep, within("no process of the function"));
};
