/** What can stand between an event and the instance that is to get it: each disturbs the way, and says when a fault is worst. */
import type { KubeObject } from "../../../../functions/kit/kube/object.ts";
import { succeed } from "../../../../infra/lab/api.ts";
import type { ClusterNode } from "../../../../infra/lab/node/cluster-node.ts";
import { poll } from "../../../../infra/lab/poll.ts";
import { functionPods, isReady, type Conditioned } from "./function.ts";
import { killAll, processesOf } from "./processes.ts";
import { FUNCTION_NAMESPACE } from "./namespaces.ts";

/** Calls `fault` at the worst moment, and resolves once it has happened. */
export type Disturbance = (node: ClusterNode, fault: () => Promise<unknown>) => Promise<void>;

const deadlineMs = 60_000;
const pollMs = 20;

const until = async (what: string, isTrue: () => Promise<boolean>): Promise<void> => {
  await poll(async () => ((await isTrue()) ? true : undefined), { what, everyMs: pollMs, deadlineMs });
};

interface Part {
  readonly namespace: string;
  /** A label of its pods, `name=value`. */
  readonly label: string;
}

const ACTIVATOR: Part = { namespace: "knative-serving", label: "app=activator" };
const SOURCE: Part = { namespace: FUNCTION_NAMESPACE, label: "eventing.knative.dev/sourceName=bellwether-objects" };

const podsOf = async ({ api }: ClusterNode, { namespace, label }: Part): Promise<readonly Conditioned[]> => {
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(label)}`;
  return (await succeed<{ readonly items: readonly Conditioned[] }>(api, "GET", path)).items;
};

const deleteNow = async ({ api }: ClusterNode, { metadata }: KubeObject, query = ""): Promise<void> => {
  await succeed(api, "DELETE", `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}${query}`);
};

/** @throws when there is none: nothing would be disturbed. */
const deleteEach = async (node: ClusterNode, pods: readonly KubeObject[], query?: string): Promise<void> => {
  if (pods.length === 0) throw new Error("there is no pod to delete");
  await Promise.all(pods.map((pod) => deleteNow(node, pod, query)));
};

/** Until others than these run. */
const replaced = (node: ClusterNode, part: Part, old: readonly Conditioned[]): Promise<void> =>
  until(`other pods with ${part.label}`, async () => {
    const pods = await podsOf(node, part);
    const fresh = pods.filter(({ metadata }) => old.every((one) => one.metadata.uid !== metadata.uid));
    return fresh.length > 0 && fresh.every(isReady);
  });

export const nothing: Disturbance = async (_, fault) => {
  await fault();
};

export const activatorRestarts: Disturbance = async (node, fault) => {
  const old = await podsOf(node, ACTIVATOR);
  await deleteEach(node, old);
  await fault();
  await replaced(node, ACTIVATOR, old);
};

/** Its process hears of nothing from before the fault until its end. */
export const sourceRestarts: Disturbance = async (node, fault) => {
  const old = await podsOf(node, SOURCE);
  const processes = old.flatMap(({ metadata }) => processesOf(metadata.uid));
  if (processes.length === 0) throw new Error("the source has no process");
  for (const { pid } of processes) process.kill(pid, "SIGSTOP");
  await fault();
  await deleteEach(node, old);
  killAll(processes);
  await replaced(node, SOURCE, old);
};

/** Of all instances, one of which is as it has to be. */
const deletion =
  (has: (pod: Conditioned) => boolean, query?: string): Disturbance =>
  async (node, fault) => {
    const pods = await functionPods(node);
    if (!pods.some(has)) throw new Error("no instance is as it has to be: Knative was faster");
    await deleteEach(node, pods, query);
    await fault();
  };

const isEnding = ({ metadata }: Conditioned): boolean => metadata.deletionTimestamp !== undefined;
const FORCED = "?gracePeriodSeconds=0";

/** As a rollout, a drain or a hand does it: the instance gets time to end. */
export const instanceDeleted: Disturbance = deletion(isReady);

/** Its object goes at once; its process may outlive it, without a valid token. */
export const instanceForced: Disturbance = deletion(isReady, FORCED);

/** The same of an instance that is ending already. */
export const endingForced: Disturbance = deletion(isEnding, FORCED);

interface Revised extends KubeObject {
  readonly status?: { readonly latestCreatedRevisionName?: string; readonly latestReadyRevisionName?: string };
}

const SERVICE = `/apis/serving.knative.dev/v1/namespaces/${FUNCTION_NAMESPACE}/services/bellwether`;

export const revisionRollsOut: Disturbance = async ({ api }, fault) => {
  const { status: old } = await succeed<Revised>(api, "GET", SERVICE);
  const body = {
    spec: { template: { metadata: { annotations: { "example.com/changed": new Date().toISOString() } } } },
  };
  await succeed(api, "PATCH", SERVICE, { body, contentType: "application/merge-patch+json" });
  const revised = async (): Promise<NonNullable<Revised["status"]>> =>
    (await succeed<Revised>(api, "GET", SERVICE)).status ?? {};
  await until("a new revision", async () => {
    const { latestCreatedRevisionName } = await revised();
    return latestCreatedRevisionName !== old?.latestCreatedRevisionName;
  });
  await fault();
  await until("the new revision to be Ready", async () => {
    const { latestCreatedRevisionName: created, latestReadyRevisionName: ready } = await revised();
    return ready === created;
  });
};
