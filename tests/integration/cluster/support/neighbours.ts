/**
 * Fifty pods that are none of the function's business, and as much like those that it leads as they can be: real ones, of a StatefulSet and with labels of
 * the same names, only without a lock. All that happens to pods happens to them, all the time: labels and annotations, readiness, deletion.
 */
import { setInterval } from "node:timers/promises";
import type { KubeObject } from "../../../../functions/kit/kube/object.ts";
import type { Revision } from "../../../../functions/kit/history/revision.ts";
import { succeed } from "../../../../infra/lab/api.ts";
import { applyManifest } from "../../../../infra/lab/manifests.ts";
import { localName } from "../../../../infra/lab/node/images.ts";
import type { ClusterNode } from "../../../../infra/lab/node/cluster-node.ts";
import { startObserver, type Observer } from "../../../../infra/lab/observer.ts";
import { poll } from "../../../../infra/lab/poll.ts";
import { isReady, type Conditioned } from "./function.ts";

export const NEIGHBOURS = 50;

/** One change each; asked for, the server may be slower. */
const everyMs = 20;
/** Of so many changes one is a readiness that flips: the kubelet adds one of its own. */
const FLIP_EVERY = 4;
/** Of so many changes one is a deletion: its pod is made again, and started. No divisor of the number of pods, so that each has its turn. */
const REMOVE_EVERY = 51;

/** A condition that counts for readiness, and that others than the kubelet state (https://kep.k8s.io/580). */
const STEADY = "example.com/steady";
const labels = { app: "db" };
const startDeadlineMs = 180_000;
const pollMs = 200;

const statefulSet = (namespace: string): Parameters<typeof applyManifest>[1] => ({
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  metadata: { name: "db", namespace },
  spec: {
    serviceName: "db",
    replicas: NEIGHBOURS,
    podManagementPolicy: "Parallel",
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        terminationGracePeriodSeconds: 1,
        automountServiceAccountToken: false,
        readinessGates: [{ conditionType: STEADY }],
        containers: [{ name: "db", image: localName("pause") }],
      },
    },
  },
});

type Change = (node: ClusterNode, path: string, turn: number) => Promise<unknown>;

const STRATEGIC = "application/strategic-merge-patch+json";

const relabel: Change = ({ api }, path, turn) => {
  const changed = { "example.com/turn": String(turn) };
  const body = { metadata: { labels: changed, annotations: changed } };
  return api.call("PATCH", path, { body, contentType: STRATEGIC });
};

const flip: Change = ({ api }, path, turn) => {
  const status = Math.floor(turn / (NEIGHBOURS * FLIP_EVERY)) % 2 === 0 ? "True" : "False";
  const body = { status: { conditions: [{ type: STEADY, status }] } };
  return api.call("PATCH", `${path}/status`, { body, contentType: STRATEGIC });
};

const remove: Change = ({ api }, path) => api.call("DELETE", path);

const changeOf = (turn: number, mayRemove: boolean): Change => {
  if (mayRemove && turn % REMOVE_EVERY === REMOVE_EVERY - 1) return remove;
  // Each round it is other pods' turn.
  return (turn + Math.floor(turn / NEIGHBOURS)) % FLIP_EVERY === 0 ? flip : relabel;
};

interface Changing {
  readonly namespace: string;
  readonly mayRemove: () => boolean;
  readonly signal: AbortSignal;
}

/** One after the other, so that a slow server is not buried; that a pod is just not there is part of it. */
const changeAll = async (node: ClusterNode, { namespace, mayRemove, signal }: Changing): Promise<void> => {
  let turn = 0;
  for await (const _ of setInterval(everyMs)) {
    if (signal.aborted) return;
    const path = `/api/v1/namespaces/${namespace}/pods/db-${turn % NEIGHBOURS}`;
    await changeOf(turn, mayRemove())(node, path, turn);
    turn += 1;
  }
};

export interface Neighbours {
  /** Every state of theirs that was observed; grows. */
  readonly revisions: readonly Revision[];
  readonly gaps: Observer["gaps"];
  /** From now on none is deleted; resolves once all of them run. */
  readonly spare: () => Promise<unknown>;
  /** Resolves once nothing is changed any more; they stay. */
  readonly rest: () => Promise<void>;
  /** They go with their namespace, which is not deleted here. */
  readonly close: () => Promise<void>;
}

interface WithPhase extends KubeObject {
  readonly status: { readonly phase: string };
}

const isRunning = ({ metadata, status }: WithPhase): boolean =>
  status.phase === "Running" && metadata.deletionTimestamp === undefined;

const allRun = ({ api }: ClusterNode, namespace: string): Promise<true> =>
  poll(
    async () => {
      const path = `/api/v1/namespaces/${namespace}/pods`;
      const { items } = await succeed<{ readonly items: readonly WithPhase[] }>(api, "GET", path);
      return items.filter(isRunning).length === NEIGHBOURS ? true : undefined;
    },
    { what: `${NEIGHBOURS} pods that run`, everyMs: pollMs, deadlineMs: startDeadlineMs },
  );

/** Resolves once all of them run; from then on they change. */
export const startNeighbours = async (node: ClusterNode, namespace: string): Promise<Neighbours> => {
  const { api, kubeConfig } = node;
  const observer = await startObserver({ kubeConfig, namespace });
  await applyManifest(api, statefulSet(namespace));
  await allRun(node, namespace);
  let mayRemove = true;
  const ending = new AbortController();
  const changing = changeAll(node, { namespace, mayRemove: () => mayRemove, signal: ending.signal });
  const spare = (): Promise<unknown> => {
    mayRemove = false;
    return allRun(node, namespace);
  };
  const rest = async (): Promise<void> => {
    ending.abort();
    await changing;
  };
  const close = async (): Promise<void> => {
    await rest();
    await observer.stop();
  };
  return { revisions: observer.revisions, gaps: observer.gaps, spare, rest, close };
};

/** In the order of the server, by name. */
export const statesByPod = (revisions: readonly Revision[]): ReadonlyMap<string, readonly Revision[]> =>
  Map.groupBy(
    revisions.filter(({ object: { kind } }) => kind === "Pod"),
    ({ object: { metadata } }) => metadata.name,
  );

/** How often a pod's readiness was another one than before. */
export const flipsOf = (states: readonly Revision[]): number => {
  const readiness = states.map(({ object }) => isReady(object as Conditioned));
  return readiness.filter((ready, index) => index > 0 && ready !== readiness[index - 1]).length;
};
