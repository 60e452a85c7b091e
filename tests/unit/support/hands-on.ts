/** What a test does itself on the memory API, as somebody else than the function; in the tests' one namespace. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import {
  apiVersionOf,
  createRequest,
  deleteRequest,
  getRequest,
  objectOf,
  patchRequest,
  type KubeRequest,
  type KubeResponse,
  type Resource,
} from "../../../functions/kit/kube/request.ts";
import type { MemoryApi } from "../../../infra/lab/memory/api.ts";
import { NAMESPACE } from "./builders.ts";

export interface Hands {
  get(resource: Resource, name: string): KubeObject | undefined;
  create(resource: Resource, object: { readonly metadata: object; readonly [field: string]: unknown }): KubeObject;
  /** A merge patch by somebody else. */
  change(resource: Resource, name: string, body: Readonly<Record<string, unknown>>, status?: "status"): KubeObject;
  remove(resource: Resource, name: string): void;
}

const fail = (response: KubeResponse): never => {
  throw new Error(`the test's own write was refused: ${JSON.stringify(response.body)}`);
};

const bodyOf = (resource: Resource, object: object): object => ({
  apiVersion: apiVersionOf(resource),
  kind: resource.kind,
  ...object,
});

/** Without our field manager in the query. */
const withoutManager = (request: KubeRequest): KubeRequest => ({
  ...request,
  path: request.path.replace(/\?.*/, ""),
});

export const handsOn = (api: MemoryApi): Hands => {
  const get: Hands["get"] = (resource, name) => {
    const answer = api.handle(getRequest(resource, NAMESPACE, name));
    return answer.status === 200 ? objectOf(answer) : undefined;
  };
  const known = (resource: Resource, name: string): KubeObject => {
    const object = get(resource, name);
    if (object === undefined) throw new Error(`${resource.kind} ${name} does not exist`);
    return object;
  };
  return {
    get,
    create: (resource, object) => {
      const request = withoutManager(createRequest(resource, NAMESPACE, bodyOf(resource, object)));
      const answer = api.handle(request, { manager: "tester" });
      return answer.status === 201 ? objectOf(answer) : fail(answer);
    },
    change: (resource, name, body, status) => {
      const on = known(resource, name).metadata;
      const where = { namespace: NAMESPACE, on, ...(status === undefined ? {} : { subresource: status }) };
      const answer = api.handle(withoutManager(patchRequest(resource, where, body)), { manager: "tester" });
      return answer.status === 200 ? objectOf(answer) : fail(answer);
    },
    remove: (resource, name) => {
      const answer = api.handle(deleteRequest(resource, NAMESPACE, known(resource, name).metadata));
      if (answer.status !== 200) fail(answer);
    },
  };
};
