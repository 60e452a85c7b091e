/**
 * The floor of a fail-over: a bare client that waits for the watch event, reads the record, then the members (beside each other
 * they would be the way to two writers), and does the three dependent writes, without deciding or checking anything.
 */
import { ROLES } from "../../functions/election/labels.ts";
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
} from "../../functions/kit/kube/request.ts";
import { listWatch } from "../../infra/lab/list-watch.ts";
import { isReady } from "../../infra/lab/workload.ts";
import { kubeConfigOfAdmin, sendAsAdmin, setting } from "../lab/access.ts";

const RECORD = "floor";
const namespace = setting("BENCH_NAMESPACE");
const send = sendAsAdmin();

const labelled = (pod: KubeObject, role: string | null): ReturnType<typeof patchRequest> =>
  patchRequest(PODS, { namespace, on: pod.metadata }, { metadata: { labels: { [ROLES.roleLabel]: role } } });

const failOver = async (): Promise<void> => {
  const lease = await send(getRequest(LEASES, namespace, RECORD));
  const pods = listOf(await send(listRequest(PODS, { namespace, labelSelector: "app=db" }))).items;
  const target = pods.find(isReady);
  if (target === undefined) return;
  const on = { namespace, on: objectOf(lease).metadata };
  await send(patchRequest(LEASES, on, { spec: { holderIdentity: target.metadata.name } }));
  await Promise.all(pods.filter((pod) => pod !== target).map((pod) => send(labelled(pod, ROLES.follower))));
  await send(labelled(target, ROLES.leader));
};

let busy = false;

/** Replaces a writer that is not Ready. */
const onEvent = ({ object }: { object: KubeObject }): void => {
  if (busy || object.metadata.labels?.[ROLES.roleLabel] !== ROLES.leader || isReady(object)) return;
  busy = true;
  void failOver().finally(() => {
    busy = false;
  });
};

await send(createRequest(LEASES, namespace, { metadata: { name: RECORD }, spec: { leaseTransitions: 0 } }));
await failOver();
await listWatch<KubeObject>({
  kubeConfig: kubeConfigOfAdmin(),
  path: listRequest(PODS, { namespace }).path,
  onEvent,
  signal: new AbortController().signal,
});
