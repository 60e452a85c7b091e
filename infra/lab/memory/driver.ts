/**
 * How the controllers of the memory API read and write: synchronously, as a named manager, with the uid as condition
 * of each deletion.
 */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { KubeResponse, Resource } from "../../../functions/kit/kube/request.ts";
import { apiVersionOf, listOf, PODS } from "../../../functions/kit/kube/request.ts";
import type { MemoryApi } from "./api.ts";
import type { Fields } from "./json.ts";

type Subresource = "status" | "binding" | "finalize";

export interface Driver {
  readonly list: (resource: Resource) => readonly KubeObject[];
  readonly get: (resource: Resource, namespace: string, name: string) => KubeResponse;
  readonly create: (resource: Resource, namespace: string, body: unknown) => KubeResponse;
  readonly patch: (resource: Resource, object: KubeObject, body: Fields, subresource?: Subresource) => KubeResponse;
  readonly put: (resource: Resource, object: KubeObject, subresource?: Subresource) => KubeResponse;
  readonly bind: (pod: KubeObject, node: string) => KubeResponse;
  readonly remove: (resource: Resource, object: KubeObject, options?: Fields) => KubeResponse;
}

const collection = (resource: Resource, namespace: string | undefined): string => {
  const root = `${resource.group === "" ? "/api/" : "/apis/"}${apiVersionOf(resource)}`;
  return `${root}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${resource.plural}`;
};

const pathOf = (resource: Resource, { metadata }: KubeObject, subresource?: Subresource): string =>
  `${collection(resource, metadata.namespace)}/${metadata.name}${subresource === undefined ? "" : `/${subresource}`}`;

export const createDriver = (api: MemoryApi, manager: string): Driver => {
  const send = (method: string, path: string, body?: unknown, contentType = "application/json"): KubeResponse =>
    api.handle({ method, path, contentType, body }, { manager, user: manager });
  return {
    list: (resource) => listOf(send("GET", collection(resource, undefined))).items,
    get: (resource, namespace, name) => send("GET", `${collection(resource, namespace)}/${name}`),
    create: (resource, namespace, body) => send("POST", collection(resource, namespace), body),
    patch: (resource, object, body, subresource) =>
      send("PATCH", pathOf(resource, object, subresource), body, "application/merge-patch+json"),
    put: (resource, object, subresource) => send("PUT", pathOf(resource, object, subresource), object),
    bind: (pod, node) =>
      send("POST", pathOf(PODS, pod, "binding"), {
        metadata: { name: pod.metadata.name },
        target: { kind: "Node", name: node },
      }),
    remove: (resource, object, options = {}) =>
      send("DELETE", pathOf(resource, object), { ...options, preconditions: { uid: object.metadata.uid } }),
  };
};
