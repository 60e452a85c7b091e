/**
 * The floor of a fail-over by labels: a bare client that waits for the watch event, reads the record, then the members (beside each other
 * they would be the way to two leaders), and does the three dependent writes, without deciding or checking anything.
 */
import { ROLES as WRITERS } from "../../functions/election/labels.ts";
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
import { ROLES as ACTIVES } from "../../functions/standby/labels.ts";
import { listWatch } from "../../infra/lab/list-watch.ts";
import { isReady } from "../../infra/lab/workload.ts";
import { kubeConfigOfAdmin, setting, transportOfAdmin } from "../lab/access.ts";
import { handOver, orThrow } from "../lab/bare-client.ts";

const [namespace, name] = [setting("BENCH_NAMESPACE"), setting("BENCH_GROUP")];
const names = setting("BENCH_FEATURE") === ACTIVES.feature ? ACTIVES : WRITERS;
const send = orThrow(transportOfAdmin().send);

const failOver = async (): Promise<void> => {
  const { metadata } = objectOf(await send(getRequest(LEASES, namespace, name)));
  const pods = listOf(await send(listRequest(PODS, { namespace, labelSelector: `app=${name}` }))).items;
  const target = pods.find(isReady);
  if (target === undefined) return;
  const spec = { holderIdentity: target.metadata.name };
  const record = patchRequest(LEASES, { namespace, on: metadata }, { spec });
  await handOver(send, { names, record, pods, target });
};

let busy = false;

/** Replaces a leader that is not Ready. */
const onEvent = ({ object }: { object: KubeObject }): void => {
  if (busy || object.metadata.labels?.[names.roleLabel] !== names.leader || isReady(object)) return;
  busy = true;
  void failOver().finally(() => {
    busy = false;
  });
};

await send(createRequest(LEASES, namespace, { metadata: { name }, spec: { leaseTransitions: 0 } }));
await failOver();
await listWatch<KubeObject>({
  kubeConfig: kubeConfigOfAdmin(),
  path: listRequest(PODS, { namespace }).path,
  onEvent,
  signal: new AbortController().signal,
});
