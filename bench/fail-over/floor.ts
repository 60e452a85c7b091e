/**
 * The floor of a fail-over: a bare client that waits for the watch event, reads record and members, and does the three
 * dependent writes, without deciding or checking anything.
 */
import type { KubeConfig } from "@kubernetes/client-node";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import {
  createRequest,
  getRequest,
  LEASES,
  listOf,
  listRequest,
  objectOf,
  patchRequest,
  PODS,
  type Transport,
} from "../../functions/kit/kube/request.ts";
import { listWatch } from "../../infra/lab/list-watch.ts";
import { ROLES } from "../../functions/election/labels.ts";
import { isReady } from "../../infra/lab/workload.ts";

export interface FloorOptions {
  readonly kubeConfig: KubeConfig;
  readonly send: Transport;
  readonly namespace: string;
  readonly signal: AbortSignal;
}

const labelled = (pod: KubeObject, role: string): ReturnType<typeof patchRequest> =>
  patchRequest(
    PODS,
    { namespace: pod.metadata.namespace ?? "", on: pod.metadata },
    { metadata: { labels: { [ROLES.roleLabel]: role } } },
  );

/** Labels the first Ready pod, and from then on replaces a writer that is not Ready. */
export const startFloor = async ({ kubeConfig, send, namespace, signal }: FloorOptions): Promise<void> => {
  await send(createRequest(LEASES, namespace, { metadata: { name: "floor" }, spec: { leaseTransitions: 0 } }));
  let busy = false;
  const failOver = async (): Promise<void> => {
    const [lease, list] = await Promise.all([
      send(getRequest(LEASES, namespace, "floor")),
      send(listRequest(PODS, { namespace, labelSelector: "app=db" })),
    ]);
    const pods = listOf(list).items;
    const target = pods.find(isReady);
    if (target === undefined) return;
    const on = { namespace, on: objectOf(lease).metadata };
    await send(patchRequest(LEASES, on, { spec: { holderIdentity: target.metadata.name } }));
    await Promise.all(pods.filter((pod) => pod !== target).map((pod) => send(labelled(pod, "reader"))));
    await send(labelled(target, "writer"));
  };
  const onEvent = ({ object }: { object: KubeObject }): void => {
    if (busy || object.metadata.labels?.[ROLES.roleLabel] !== "writer" || isReady(object)) return;
    busy = true;
    void failOver().finally(() => {
      busy = false;
    });
  };
  await failOver();
  await listWatch<KubeObject>({ kubeConfig, path: `/api/v1/namespaces/${namespace}/pods`, onEvent, signal });
};
