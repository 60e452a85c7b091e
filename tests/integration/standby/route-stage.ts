/** A watch that writes down where each Service led in each family, and when; and what scenes of route mode are made of. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { isReadyEndpoint } from "../../../functions/standby/route/model.ts";
import type { Endpoint } from "../../../functions/standby/route/endpoint.ts";
import type { Lab } from "../../../infra/lab/lab.ts";
import { listWatch } from "../../../infra/lab/list-watch.ts";
import { poll } from "../../../infra/lab/poll.ts";
import { get, list, patch, podPath, podsPath } from "../support/objects.ts";
import { MODE } from "./label-stage.ts";

export const ROUTE: Readonly<Record<string, string>> = { ...MODE, "bellwether.dev/route": "slice" };
const SERVICE_LABEL = "kubernetes.io/service-name";
const MANAGER_LABEL = "endpointslice.kubernetes.io/managed-by";
const EXCLUSIVE = "bellwether.dev/exclusive";
const pollMs = 15;

export interface RawSlice extends KubeObject {
  readonly addressType: string;
  readonly endpoints?: readonly Endpoint[] | null;
}

export const slicesPath = (namespace: string): string =>
  `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;

export const slicesOf = async (lab: Lab, namespace: string, service: string): Promise<readonly RawSlice[]> =>
  (await list(lab, `${slicesPath(namespace)}?labelSelector=${SERVICE_LABEL}%3D${service}`)) as readonly RawSlice[];

export const isOurs = ({ metadata }: KubeObject): boolean => metadata.labels?.[MANAGER_LABEL] === "bellwether.dev";

/** Where a Service led from a moment on. */
export interface FamilyReach {
  /** Of performance.now(), when the watcher saw it. */
  readonly at: number;
  /** Names of the Ready endpoints. */
  readonly v4: readonly string[];
  readonly v6: readonly string[];
  /** Our record says that the cut-over has ended. */
  readonly exclusive: boolean;
}

export interface Families {
  /** Of a Service, `<namespace>/<name>`: each change so far. */
  readonly of: (service: string) => readonly FamilyReach[];
  /** Resolves to the first reach after `since` (of performance.now()) that `is` accepts. @throws at the deadline. */
  readonly reached: (
    service: string,
    wanted: { readonly is: (reach: FamilyReach) => boolean; readonly since?: number; readonly deadlineMs: number },
  ) => Promise<FamilyReach>;
  readonly stop: () => void;
}

const readyIn = (slices: readonly RawSlice[], family: string): readonly string[] => {
  const inFamily = slices.filter(({ addressType }) => addressType === family);
  const names = inFamily.flatMap(({ endpoints }) => (endpoints ?? []).filter(isReadyEndpoint));
  return [...new Set(names.map(({ targetRef }) => targetRef?.name ?? ""))].toSorted();
};

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace}/${metadata.labels?.[SERVICE_LABEL]}`;

/** Follows the EndpointSlices of all namespaces. */
export const startFamilies = async ({ kubeConfig }: Lab): Promise<Families> => {
  const slices = new Map<string, RawSlice>();
  const reaches = new Map<string, FamilyReach[]>();
  const ending = new AbortController();
  const onEvent = ({ type, object }: { type: string; object: RawSlice }): void => {
    if (type === "DELETED") slices.delete(object.metadata.uid);
    else slices.set(object.metadata.uid, object);
    const key = keyOf(object);
    const own = [...slices.values()].filter((slice) => keyOf(slice) === key);
    const exclusive = own.some(({ metadata }) => metadata.annotations?.[EXCLUSIVE] === "true");
    const reach = { at: performance.now(), v4: readyIn(own, "IPv4"), v6: readyIn(own, "IPv6"), exclusive };
    reaches.set(key, [...(reaches.get(key) ?? []), reach]);
  };
  const path = "/apis/discovery.k8s.io/v1/endpointslices";
  await listWatch<RawSlice>({ kubeConfig, path, onEvent, signal: ending.signal });
  const of = (service: string): readonly FamilyReach[] => reaches.get(service) ?? [];
  return {
    of,
    reached: (service, { is, since = 0, deadlineMs }) =>
      poll(async () => of(service).find((reach) => reach.at >= since && is(reach)), {
        what: `${service} as expected, and not ${JSON.stringify(of(service).at(-1))}`,
        everyMs: pollMs,
        deadlineMs,
      }),
    stop: () => ending.abort(),
  };
};

/** The Service led to nobody after it had led to somebody. */
export const wasEmpty = (reaches: readonly FamilyReach[]): boolean => {
  const isEmpty = ({ v4, v6 }: FamilyReach): boolean => v4.length + v6.length === 0;
  return reaches.slice(reaches.findIndex((reach) => !isEmpty(reach))).some(isEmpty);
};

/** From the end of the cut-over on: more than one pod in a family, or another in each (S2). */
export const doubled = (reaches: readonly FamilyReach[]): readonly FamilyReach[] =>
  reaches
    .slice(reaches.findIndex(({ exclusive }) => exclusive))
    .filter(({ v4, v6 }) => v4.length > 1 || v6.length > 1 || (v4.length + v6.length === 2 && v4[0] !== v6[0]));

/** The stand-in kubelet gives a pod one address; these get one of the other family, too. */
export const addSecondAddresses = async (lab: Lab, namespace: string): Promise<void> => {
  const pods = await list(lab, podsPath(namespace));
  await Promise.all(
    pods.map(({ metadata, status }, index) => {
      const { podIP = "" } = status as { readonly podIP?: string };
      const podIPs = [{ ip: podIP }, { ip: `fd00:10::${index + 1}` }];
      return patch(lab, `${podPath(namespace, metadata.name)}/status`, { status: { podIPs } });
    }),
  );
};

/** Annotations and labels of the pods whose names are ours. */
export const carried = async (lab: Lab, namespace: string): Promise<readonly string[]> =>
  (await list(lab, podsPath(namespace))).flatMap(({ metadata: { labels, annotations } }) =>
    Object.keys({ ...labels, ...annotations }).filter((key) => /bellwether|qoqo/.test(key)),
  );

/** How many addresses the old Endpoints object of the Service has. */
export const endpointsCount = async (lab: Lab, namespace: string, service: string): Promise<number> => {
  const { subsets } = (await get(lab, `/api/v1/namespaces/${namespace}/endpoints/${service}`)) as unknown as {
    readonly subsets?: readonly { readonly addresses?: readonly unknown[] }[] | null;
  };
  return (subsets ?? []).flatMap(({ addresses }) => addresses ?? []).length;
};
