/**
 * Kubernetes API calls as plain values: built here without I/O, sent by a `Transport`, asserted by tests without a server.
 * Paths and patch types: https://kubernetes.io/docs/reference/using-api/api-concepts/
 */
import type { KubeObject, KubeList } from "./object.ts";

export type Verb = "get" | "list" | "create" | "patch" | "delete";

/** A resource as RBAC names it. `group` is empty for the core API. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
}

export interface KubeRequest {
  readonly verb: Verb;
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: "status" | undefined;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Path and query, percent-encoded. */
  readonly path: string;
  readonly contentType: string | undefined;
  readonly body: unknown;
}

/**
 * What the API server answered. `status` 0 means that no answer came (connection refused, reset, deadline): a write may
 * or may not have been applied. `body` is the parsed JSON: an object, a list, or a `Status`.
 */
export interface KubeResponse {
  readonly status: number;
  readonly body: unknown;
}

/** Sends one request and never rejects: every failure is a response (see `KubeResponse.status`). */
export type Transport = (request: KubeRequest) => Promise<KubeResponse>;

export const PODS: Resource = { group: "", version: "v1", plural: "pods", kind: "Pod" };
export const STATEFUL_SETS: Resource = { group: "apps", version: "v1", plural: "statefulsets", kind: "StatefulSet" };
export const LEASES: Resource = { group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease" };
export const SERVICES: Resource = { group: "", version: "v1", plural: "services", kind: "Service" };
export const ENDPOINT_SLICES: Resource = {
  group: "discovery.k8s.io",
  version: "v1",
  plural: "endpointslices",
  kind: "EndpointSlice",
};
export const EVENTS: Resource = { group: "events.k8s.io", version: "v1", plural: "events", kind: "Event" };

/** Manager name of every write, as it appears in `metadata.managedFields`. */
export const FIELD_MANAGER = "bellwether";

export const apiVersionOf = ({ group, version }: Resource): string => (group === "" ? version : `${group}/${version}`);

interface Address {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: "status" | undefined;
}

const pathOf = (
  resource: Resource,
  { namespace, name, subresource }: Address,
  query: Record<string, string>,
): string => {
  const root = resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  const item = name === undefined ? "" : `/${encodeURIComponent(name)}`;
  const sub = subresource === undefined ? "" : `/${subresource}`;
  const search = new URLSearchParams(query).toString();
  return `${root}${scope}/${resource.plural}${item}${sub}${search === "" ? "" : `?${search}`}`;
};

const request = (
  resource: Resource,
  address: Address,
  rest: Pick<KubeRequest, "verb" | "method"> & { query?: Record<string, string>; contentType?: string; body?: unknown },
): KubeRequest => ({
  verb: rest.verb,
  resource,
  namespace: address.namespace,
  name: address.name,
  subresource: address.subresource,
  method: rest.method,
  path: pathOf(resource, address, rest.query ?? {}),
  contentType: rest.contentType,
  body: rest.body,
});

/** A consistent read of one object (no `resourceVersion`, so etcd's quorum answers). */
export const getRequest = (resource: Resource, namespace: string, name: string): KubeRequest =>
  request(resource, { namespace, name }, { verb: "get", method: "GET" });

export interface ListOptions {
  /** Undefined: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  /** Objects per page; undefined: everything in one page. */
  readonly limit?: number | undefined;
  readonly continueToken?: string | undefined;
}

/** A consistent read of a collection. */
export const listRequest = (resource: Resource, options: ListOptions): KubeRequest => {
  const query: Record<string, string> = {};
  if (options.labelSelector !== undefined) query["labelSelector"] = options.labelSelector;
  if (options.limit !== undefined) query["limit"] = String(options.limit);
  if (options.continueToken !== undefined) query["continue"] = options.continueToken;
  return request(resource, { namespace: options.namespace }, { verb: "list", method: "GET", query });
};

export const createRequest = (resource: Resource, namespace: string, body: unknown): KubeRequest =>
  request(
    resource,
    { namespace },
    { verb: "create", method: "POST", query: { fieldManager: FIELD_MANAGER }, contentType: "application/json", body },
  );

/** The version of an object on which a write is conditional (design rule 3). */
export interface Precondition {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

export interface PatchBody {
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** A JSON merge patch (RFC 7386) that the API server refuses with 409 unless uid and resourceVersion still hold. */
export const patchRequest = (
  resource: Resource,
  { namespace, on, subresource }: { namespace: string; on: Precondition; subresource?: "status" },
  body: PatchBody,
): KubeRequest =>
  request(
    resource,
    { namespace, name: on.name, subresource },
    {
      verb: "patch",
      method: "PATCH",
      query: { fieldManager: FIELD_MANAGER },
      contentType: "application/merge-patch+json",
      body: { ...body, metadata: { ...body.metadata, uid: on.uid, resourceVersion: on.resourceVersion } },
    },
  );

export const deleteRequest = (resource: Resource, namespace: string, on: Precondition): KubeRequest =>
  request(
    resource,
    { namespace, name: on.name },
    {
      verb: "delete",
      method: "DELETE",
      contentType: "application/json",
      body: {
        kind: "DeleteOptions",
        apiVersion: "v1",
        preconditions: { uid: on.uid, resourceVersion: on.resourceVersion },
      },
    },
  );

/** The object in a successful response to get, create or patch. */
export const objectOf = (response: KubeResponse): KubeObject => response.body as KubeObject;

/** The collection in a successful response to a list. */
export const listOf = (response: KubeResponse): KubeList => response.body as KubeList;
