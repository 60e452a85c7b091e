/**
 * The floor of a fail-over by EndpointSlice: a bare client that waits for the watch event, reads the slices of its Service, then the pods, and
 * writes the slice once, conditionally, without deciding or checking anything.
 */
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import {
  createRequest,
  ENDPOINT_SLICES,
  listOf,
  listRequest,
  patchRequest,
  PODS,
} from "../../functions/kit/kube/request.ts";
import { MANAGER_LABEL, SERVICE_LABEL } from "../../functions/standby/route/names.ts";
import { listWatch } from "../../infra/lab/list-watch.ts";
import { isReady } from "../../infra/lab/workload.ts";
import { kubeConfigOfAdmin, setting, transportOfAdmin } from "../lab/access.ts";
import { orThrow } from "../lab/bare-client.ts";

const [namespace, name] = [setting("BENCH_NAMESPACE"), setting("BENCH_GROUP")];
const send = orThrow(transportOfAdmin().send);
const slices = listRequest(ENDPOINT_SLICES, { namespace, labelSelector: `${SERVICE_LABEL}=${name}` });
const pods = listRequest(PODS, { namespace, labelSelector: `app=${name}` });
const SLICE = `${name}-floor`;

const endpointOf = ({ metadata, status }: KubeObject): unknown => ({
  addresses: [(status as { readonly podIP: string }).podIP],
  conditions: { ready: true },
  targetRef: { kind: "Pod", namespace, name: metadata.name, uid: metadata.uid },
});

let holder = "";
let busy = false;

const failOver = async (): Promise<void> => {
  const slice = listOf(await send(slices)).items.find(({ metadata }) => metadata.name === SLICE);
  const target = listOf(await send(pods)).items.find(isReady);
  if (slice === undefined || target === undefined) return;
  const body = { metadata: { annotations: { "bench/holder": target.metadata.uid } }, endpoints: [endpointOf(target)] };
  await send(patchRequest(ENDPOINT_SLICES, { namespace, on: slice.metadata }, body));
  holder = target.metadata.name;
};

/** Replaces an active pod that is not Ready. */
const onEvent = ({ object }: { object: KubeObject }): void => {
  if (busy || object.metadata.name !== holder || isReady(object)) return;
  busy = true;
  void failOver().finally(() => {
    busy = false;
  });
};

await send(
  createRequest(ENDPOINT_SLICES, namespace, {
    metadata: { name: SLICE, labels: { [SERVICE_LABEL]: name, [MANAGER_LABEL]: "bench" } },
    addressType: "IPv4",
    endpoints: [],
    ports: [{ name: "", port: 5432, protocol: "TCP" }],
  }),
);
await failOver();
await listWatch<KubeObject>({
  kubeConfig: kubeConfigOfAdmin(),
  path: listRequest(PODS, { namespace }).path,
  onEvent,
  signal: new AbortController().signal,
});
