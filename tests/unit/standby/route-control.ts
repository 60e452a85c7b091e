/** What others do to a cluster of the memory API: a test itself, and the EndpointSlice controller when a test says so. */
import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import {
  deleteRequest,
  ENDPOINT_SLICES,
  listOf,
  listRequest,
  PODS,
  SERVICES,
  type Resource,
} from "../../../functions/kit/kube/request.ts";
import { selects } from "../../../functions/kit/selector.ts";
import { viewService } from "../../../functions/standby/model.ts";
import { familyOf, type Family } from "../../../functions/standby/route/endpoint.ts";
import type { MemoryApi } from "../../../infra/lab/memory/api.ts";
import { NAMESPACE } from "../support/builders.ts";
import { handsOn as handsOnObjects, type Hands } from "../support/hands-on.ts";

export type { Hands };

const CONTROLLER = "endpointslice-controller.k8s.io";
const FAMILIES = ["IPv4", "IPv6"] as const;

/** As every test's, but pods go at once, and what is gone already may go again. */
export const handsOn = (api: MemoryApi): Hands => {
  const hands = handsOnObjects(api);
  return {
    ...hands,
    remove: (resource, name) => {
      const object = hands.get(resource, name);
      if (object === undefined) return;
      const request = deleteRequest(resource, NAMESPACE, object.metadata);
      api.handle({ ...request, body: { ...(request.body as object), gracePeriodSeconds: 0 } });
    },
  };
};

export const itemsOf = (api: MemoryApi, resource: Resource): readonly KubeObject[] =>
  listOf(api.handle(listRequest(resource, { namespace: NAMESPACE }))).items;

interface Status {
  readonly podIPs?: readonly { readonly ip: string }[];
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
}

const endpointFor = (pod: KubeObject, family: Family): unknown => {
  const { podIPs = [], conditions = [] } = (pod.status ?? {}) as Status;
  const ready = conditions.some(({ type, status }) => type === "Ready" && status === "True");
  const { name, uid, namespace } = pod.metadata;
  return {
    addresses: podIPs.map(({ ip }) => ip).filter((ip) => familyOf(ip) === family),
    conditions: { ready, serving: ready, terminating: false },
    targetRef: { kind: "Pod", name, namespace, uid },
  };
};

const controlFamily = (hands: Hands, service: KubeObject, family: Family, pods: readonly KubeObject[]): void => {
  const name = `${service.metadata.name}-${family === "IPv4" ? "ctl4x" : "ctl6x"}`;
  const endpoints = pods.map((pod) => endpointFor(pod, family));
  const known: (KubeObject & { readonly endpoints?: unknown }) | undefined = hands.get(ENDPOINT_SLICES, name);
  const labels = {
    ...service.metadata.labels,
    "kubernetes.io/service-name": service.metadata.name,
    "endpointslice.kubernetes.io/managed-by": CONTROLLER,
  };
  if (known === undefined) {
    hands.create(ENDPOINT_SLICES, { metadata: { name, labels }, addressType: family, endpoints, ports: [] });
  } else if (!isDeepStrictEqual([known.endpoints ?? [], known.metadata.labels], [endpoints, labels])) {
    const removed = Object.fromEntries(Object.keys(known.metadata.labels ?? {}).map((key) => [key, null]));
    hands.change(ENDPOINT_SLICES, name, { metadata: { labels: { ...removed, ...labels } }, endpoints });
  }
};

/** What the controller has been told. */
export interface Seen {
  readonly services: readonly KubeObject[];
  readonly pods: readonly KubeObject[];
}

/** The labels of a Service go with its slices. Each Service with a selector has one slice for each of its families, and none for others. `seen` undefined: all that there is. */
export const control = (api: MemoryApi, hands: Hands, seen?: Seen): void => {
  const { services, pods: all } = seen ?? { services: itemsOf(api, SERVICES), pods: itemsOf(api, PODS) };
  for (const service of services) {
    const { selector } = viewService(service);
    const { ipFamilies = ["IPv4"] } = (service.spec ?? {}) as { readonly ipFamilies?: readonly Family[] };
    const pods = all.filter(({ metadata }) => selects({ matchLabels: selector }, metadata.labels));
    const wanted = Object.keys(selector).length === 0 ? [] : ipFamilies;
    for (const family of wanted) controlFamily(hands, service, family, pods);
    for (const family of FAMILIES.filter((one) => !wanted.includes(one))) {
      hands.remove(ENDPOINT_SLICES, `${service.metadata.name}-${family === "IPv4" ? "ctl4x" : "ctl6x"}`);
    }
  }
};
