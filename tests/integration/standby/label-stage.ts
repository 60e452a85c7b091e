/** What scenes with active/standby Services are made of, and a watch that writes down where each Service led, and when. */
import { ROLES } from "../../../functions/standby/labels.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { succeed } from "../../../infra/lab/api.ts";
import type { Lab } from "../../../infra/lab/lab.ts";
import { listWatch } from "../../../infra/lab/list-watch.ts";
import { poll } from "../../../infra/lab/poll.ts";
import { get, list, patch, podsPath, podsReady } from "../support/objects.ts";

export const MODE = { "qoqo.dev/service-mode": "active-standby" };
export const ACTIVE: Readonly<Record<string, string>> = { [ROLES.roleLabel]: ROLES.leader };
const KEPT = "bellwether.dev/original-selector";
const pollMs = 15;

export const servicesPath = (namespace: string): string => `/api/v1/namespaces/${namespace}/services`;
export const servicePath = (namespace: string, name: string): string => `${servicesPath(namespace)}/${name}`;

type Labels = Readonly<Record<string, string>>;

export interface DeploymentShape {
  readonly name: string;
  readonly replicas: number;
  /** Default `app: <name>`. */
  readonly labels?: Labels;
}

const CONTAINERS = [{ name: "main", image: "example.invalid/main", ports: [{ name: "web", containerPort: 8080 }] }];

/** Resolves once all pods of the namespace, these and as many more, are Ready. */
export const createDeployment = async (
  lab: Lab,
  namespace: string,
  { name, replicas, labels = { app: name } }: DeploymentShape,
): Promise<void> => {
  const before = (await list(lab, podsPath(namespace))).length;
  const template = { metadata: { labels }, spec: { containers: CONTAINERS } };
  const spec = { replicas, selector: { matchLabels: labels }, template };
  const body = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name }, spec };
  await succeed(lab.api, "POST", `/apis/apps/v1/namespaces/${namespace}/deployments`, { body });
  await podsReady(lab, namespace, before + replicas);
};

/** A pod that nothing owns. */
export const createPod = (lab: Lab, namespace: string, name: string, labels: Labels): Promise<KubeObject> =>
  succeed(lab.api, "POST", podsPath(namespace), {
    body: { metadata: { name, labels }, spec: { containers: CONTAINERS } },
  });

export interface ServiceShape {
  readonly name: string;
  /** Default `app: <name>`. */
  readonly selector?: Labels;
  readonly annotations?: Labels;
  readonly spec?: Readonly<Record<string, unknown>>;
}

export const serviceManifest = ({
  name,
  selector = { app: name },
  annotations = {},
  spec = {},
}: ServiceShape): Readonly<Record<string, unknown>> => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, annotations },
  spec: { selector, ports: [{ name: "web", port: 80, targetPort: "web" }], ...spec },
});

export const createService = (lab: Lab, namespace: string, shape: ServiceShape): Promise<KubeObject> =>
  succeed(lab.api, "POST", servicesPath(namespace), { body: serviceManifest(shape) });

/** As `kubectl apply --server-side --force-conflicts` does it: the applier owns the selector as a whole. */
export const applyService = (lab: Lab, namespace: string, shape: ServiceShape): Promise<KubeObject> =>
  succeed(lab.api, "PATCH", `${servicePath(namespace, shape.name)}?fieldManager=applier&force=true`, {
    body: serviceManifest(shape),
    contentType: "application/apply-patch+yaml",
  });

export const annotateMode = (lab: Lab, namespace: string, name: string, value: string | null): Promise<KubeObject> =>
  patch(lab, servicePath(namespace, name), { metadata: { annotations: { "qoqo.dev/service-mode": value } } });

export interface Routing {
  readonly selector: Labels;
  /** The annotation with the original selector. */
  readonly kept: string | undefined;
}

export const routingOf = async (lab: Lab, namespace: string, name: string): Promise<Routing> => {
  const { metadata, spec } = await get(lab, servicePath(namespace, name));
  return { selector: (spec as { selector?: Labels }).selector ?? {}, kept: metadata.annotations?.[KEPT] };
};

/** Resolves once `holds`. @throws at the deadline. */
export const until = (what: string, holds: () => Promise<boolean> | boolean, deadlineMs: number): Promise<true> =>
  poll(async () => ((await holds()) ? true : undefined), { what, everyMs: pollMs, deadlineMs });

/** Resolves once the Service leads to the active pod of its app, and its annotation tells how it was. @throws at the deadline. */
export const untilExtended = (
  lab: Lab,
  namespace: string,
  { name, app, deadlineMs }: { readonly name: string; readonly app: string; readonly deadlineMs: number },
): Promise<true> =>
  until(
    `the selector of ${name} is extended`,
    async () => {
      const { selector, kept } = await routingOf(lab, namespace, name);
      return JSON.stringify(selector) === JSON.stringify({ app, ...ACTIVE }) && kept === JSON.stringify({ app });
    },
    deadlineMs,
  );

/** Names of the pods with the label. */
export const activePods = async (lab: Lab, namespace: string): Promise<readonly string[]> =>
  (await list(lab, `${podsPath(namespace)}?labelSelector=${ROLES.roleLabel}`)).map(({ metadata }) => metadata.name);

const isBare = ({ metadata: { labels = {}, annotations = {} } }: KubeObject): boolean =>
  labels[ROLES.roleLabel] === undefined &&
  labels["bellwether.dev/standby"] === undefined &&
  annotations["bellwether.dev/standby.token"] === undefined;

/** Whether nothing of ours is left on the pods but stamps, and no record. */
export const bare = async (lab: Lab, namespace: string): Promise<boolean> => {
  const [pods, leases] = await Promise.all([
    list(lab, podsPath(namespace)),
    list(lab, `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`),
  ]);
  return leases.length === 0 && pods.every(isBare);
};

interface Slice extends KubeObject {
  readonly endpoints?:
    | readonly {
        readonly conditions?: { readonly ready?: boolean };
        readonly targetRef?: { readonly name: string };
      }[]
    | null;
}

/** Where a Service led from a moment on. */
export interface Reach {
  /** Of performance.now(), when the watcher saw it. */
  readonly at: number;
  /** Names of the Ready endpoints of all of its slices. */
  readonly ready: readonly string[];
}

export interface Routes {
  /** Of a Service, `<namespace>/<name>`: each change so far. */
  readonly of: (service: string) => readonly Reach[];
  /** Resolves once the Service leads to as many pods, all of which `is` accepts. @throws at the deadline. */
  readonly leads: (
    service: string,
    wanted: { readonly count: number; readonly is?: (pod: string) => boolean; readonly deadlineMs: number },
  ) => Promise<readonly string[]>;
  readonly stop: () => void;
}

const SERVICE_NAME = "kubernetes.io/service-name";

const readyOf = ({ endpoints }: Slice): readonly string[] =>
  (endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ targetRef }) => targetRef?.name ?? []);

/** Follows the EndpointSlices of all namespaces. */
export const startRoutes = async ({ kubeConfig }: Lab): Promise<Routes> => {
  const slices = new Map<string, Slice>();
  const reaches = new Map<string, Reach[]>();
  const ending = new AbortController();
  const keyOf = ({ metadata }: Slice): string => `${metadata.namespace ?? ""}/${metadata.labels?.[SERVICE_NAME] ?? ""}`;
  const onEvent = ({ type, object }: { type: string; object: Slice }): void => {
    if (type === "DELETED") slices.delete(object.metadata.uid);
    else slices.set(object.metadata.uid, object);
    const key = keyOf(object);
    const ready = [...slices.values()].filter((slice) => keyOf(slice) === key).flatMap(readyOf);
    reaches.set(key, [...(reaches.get(key) ?? []), { at: performance.now(), ready: [...new Set(ready)].toSorted() }]);
  };
  await listWatch<Slice>({
    kubeConfig,
    path: "/apis/discovery.k8s.io/v1/endpointslices",
    onEvent,
    signal: ending.signal,
  });
  const of = (service: string): readonly Reach[] => reaches.get(service) ?? [];
  return {
    of,
    leads: (service, { count, is = () => true, deadlineMs }) =>
      poll(
        async () => {
          const ready = of(service).at(-1)?.ready ?? [];
          return ready.length === count && ready.every(is) ? ready : undefined;
        },
        {
          what: `${service} leads to ${count} pods, and not to ${JSON.stringify(of(service).at(-1))}`,
          everyMs: pollMs,
          deadlineMs,
        },
      ),
    stop: () => ending.abort(),
  };
};

/** The Service led to nobody after it had led to somebody. */
export const wasEmpty = (reaches: readonly Reach[]): boolean =>
  reaches.slice(reaches.findIndex(({ ready }) => ready.length > 0)).some(({ ready }) => ready.length === 0);
