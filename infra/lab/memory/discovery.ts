/** What a group serves, as clients ask before they watch. https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api */
import { apiVersionOf, type Resource } from "../../../functions/kit/kube/request.ts";

const VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"];
const CLUSTER_SCOPED: ReadonlySet<string> = new Set(["namespaces", "nodes"]);

/** The APIResourceList at `/api/v1` or `/apis/<group>/<version>`; undefined: no such group. Names and kinds only, no subresources. */
export const discoveryAt = (resources: readonly Resource[], path: string): unknown => {
  const groupVersion = /^\/api(?:s)?\/(?<version>[^/]+(?:\/[^/]+)?)$/.exec(path)?.groups?.["version"];
  const served = resources.filter((resource) => apiVersionOf(resource) === groupVersion);
  if (served.length === 0) return undefined;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion,
    resources: served.map(({ plural, kind }) => ({
      name: plural,
      singularName: kind.toLowerCase(),
      namespaced: !CLUSTER_SCOPED.has(plural),
      kind,
      verbs: VERBS,
    })),
  };
};
