/** What others do to a cluster of the memory API: a test itself, and the EndpointSlice controller when a test says so. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import {
  apiVersionOf,
  ENDPOINT_SLICES,
  listOf,
  listRequest,
  objectOf,
  PODS,
  SERVICES,
  type KubeResponse,
  type Resource,
} from "../../../functions/kit/kube/request.ts";
import { selects } from "../../../functions/kit/selector.ts";
import { viewService } from "../../../functions/standby/model.ts";
import { familyOf, type Family } from "../../../functions/standby/route/endpoint.ts";
import type { MemoryApi } from "../../../infra/lab/memory/api.ts";
import { NAMESPACE } from "../support/builders.ts";

const CONTROLLER = "endpointslice-controller.k8s.io";
const FAMILIES = ["IPv4", "IPv6"] as const;

export interface Hands {
  get(resource: Resource, name: string): KubeObject | undefined;
  create(resource: Resource, object: Readonly<Record<string, unknown>>): KubeObject;
  /** A merge patch by somebody else. */
  change(resource: Resource, name: string, body: Readonly<Record<string, unknown>>, subresource?: "status"): KubeObject;
  remove(resource: Resource, name: string): void;
}

const pathOf = ({ group, version, plural }: Resource, name?: string): string =>
  `/${group === "" ? "api" : `apis/${group}`}/${version}/namespaces/${NAMESPACE}/${plural}${name === undefined ? "" : `/${name}`}`;

export const handsOn = (api: MemoryApi): Hands => {
  const call = (method: string, path: string, body?: unknown): KubeResponse => {
    const contentType = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    return api.handle({ method, path, contentType, body }, { manager: "tester" });
  };
  const succeed = (method: string, path: string, body?: unknown): KubeObject => {
    const response = call(method, path, body);
    if (response.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(response.body)}`);
    return objectOf(response);
  };
  return {
    get: (resource, name) => {
      const response = call("GET", pathOf(resource, name));
      return response.status === 200 ? objectOf(response) : undefined;
    },
    create: (resource, object) =>
      succeed("POST", pathOf(resource), { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object }),
    change: (resource, name, body, subresource) =>
      succeed("PATCH", `${pathOf(resource, name)}${subresource === undefined ? "" : `/${subresource}`}`, body),
    remove: (resource, name) => {
      call("DELETE", pathOf(resource, name), { gracePeriodSeconds: 0 });
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
  const known = hands.get(ENDPOINT_SLICES, name) as { readonly endpoints?: unknown } | undefined;
  if (known === undefined) {
    const labels = {
      "kubernetes.io/service-name": service.metadata.name,
      "endpointslice.kubernetes.io/managed-by": CONTROLLER,
    };
    hands.create(ENDPOINT_SLICES, { metadata: { name, labels }, addressType: family, endpoints, ports: [] });
  } else if (JSON.stringify(known.endpoints ?? []) !== JSON.stringify(endpoints)) {
    hands.change(ENDPOINT_SLICES, name, { endpoints });
  }
};

/** Each Service with a selector has one slice for each of its families, and none for others. */
export const control = (api: MemoryApi, hands: Hands): void => {
  for (const service of itemsOf(api, SERVICES)) {
    const { selector } = viewService(service);
    const { ipFamilies = ["IPv4"] } = (service.spec ?? {}) as { readonly ipFamilies?: readonly Family[] };
    const pods = itemsOf(api, PODS).filter(({ metadata }) => selects({ matchLabels: selector }, metadata.labels));
    const wanted = Object.keys(selector).length === 0 ? [] : ipFamilies;
    for (const family of wanted) controlFamily(hands, service, family, pods);
    for (const family of FAMILIES.filter((one) => !wanted.includes(one))) {
      hands.remove(ENDPOINT_SLICES, `${service.metadata.name}-${family === "IPv4" ? "ctl4x" : "ctl6x"}`);
    }
  }
};
