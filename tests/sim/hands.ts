/**
 * What people and other controllers do by the API: reads without a trace, writes with a line in the timeline. Each write tells whether it
 * changed anything: it was not refused, and the object was not like that before.
 */
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import {
  apiVersionOf,
  listOf,
  objectOf,
  PODS,
  STATEFUL_SETS,
  type KubeResponse,
  type Resource,
} from "../../functions/kit/kube/request.ts";
import { NAMESPACE, type World } from "./world.ts";

/** Nobody asks the function to serve what is called so, and no action concerns it: it must stay as it is, whatever its labels. */
export const BYSTANDER = "bystander";

const collection = (resource: Resource): string =>
  `${resource.group === "" ? "/api" : "/apis"}/${apiVersionOf(resource)}/namespaces/${NAMESPACE}/${resource.plural}`;

/** User of what people do here. */
export const TESTER_USER = "tester";
const TESTER = { manager: "tester", user: TESTER_USER };

const read = ({ api }: World, path: string): KubeResponse =>
  api.handle({ method: "GET", path, contentType: undefined, body: undefined }, TESTER);

const write = ({ api, say }: World, method: string, path: string, body?: unknown): boolean => {
  const contentType = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  let changed = false;
  const stop = api.onRevision(() => {
    changed = true;
  });
  const { status } = api.handle({ method, path, contentType, body }, TESTER);
  stop();
  say(`tester ${method} ${path.replace(/.*\/namespaces\//, "")} ${status} ${JSON.stringify(body) ?? ""}`);
  return changed;
};

export const all = (world: World, resource: Resource): readonly KubeObject[] =>
  listOf(read(world, collection(resource))).items;

export const named = (world: World, resource: Resource, name: string): KubeObject | undefined => {
  const response = read(world, `${collection(resource)}/${name}`);
  return response.status === 200 ? objectOf(response) : undefined;
};

export const create = (world: World, resource: Resource, object: object): boolean =>
  write(world, "POST", collection(resource), {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    ...object,
  });

/** A merge patch, unconditional as most people's are. */
export const edit = (world: World, resource: Resource, { metadata }: KubeObject, body: object): boolean =>
  write(world, "PATCH", `${collection(resource)}/${metadata.name}`, body);

export const editStatus = (world: World, resource: Resource, { metadata }: KubeObject, status: object): boolean =>
  write(world, "PATCH", `${collection(resource)}/${metadata.name}/status`, { status });

export const remove = (world: World, resource: Resource, { metadata }: KubeObject, options?: object): boolean =>
  write(world, "DELETE", `${collection(resource)}/${metadata.name}`, options);

export interface SetSpec {
  readonly replicas: number;
  readonly parallel: boolean;
  /** Labels of its pods beside `app`, which is the name of the set. */
  readonly labels?: Readonly<Record<string, string>>;
}

export const createSet = (world: World, name: string, { replicas, parallel, labels = {} }: SetSpec): boolean =>
  create(world, STATEFUL_SETS, {
    metadata: { name },
    spec: {
      serviceName: name,
      replicas,
      podManagementPolicy: parallel ? "Parallel" : "OrderedReady",
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { ...labels, app: name } },
        spec: { containers: [{ name: "main", image: "example.test/db" }] },
      },
    },
  });

export const isRunning = (pod: KubeObject): boolean => (pod.status as { phase?: string }).phase === "Running";

/** Only a running pod has a readiness. */
export const setReady = ({ kubelet, say }: World, pod: KubeObject, ready: boolean): boolean => {
  if (!isRunning(pod)) return false;
  const version = kubelet.setReady(NAMESPACE, pod.metadata.name, ready);
  say(`kubelet ${pod.metadata.name} ${ready ? "Ready" : "not Ready"}`);
  return version !== pod.metadata.resourceVersion;
};

export const setReadyAll = (world: World, ready: boolean): boolean =>
  all(world, PODS)
    .map((pod) => setReady(world, pod, ready))
    .includes(true);
