/**
 * An API server with one Service in route mode, its pods and all of its EndpointSlices, and the EndpointSlice controller beside it, as a value
 * that never changes. The controller knows of the Service and of its pods what its two watches have told it, each as late as can be.
 */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { ENDPOINT_SLICES, PODS, SERVICES, type KubeRequest } from "../../../functions/kit/kube/request.ts";
import { isReady } from "../handover/script.ts";
import { MODE_ANNOTATION, MODE_VALUE, ROUTE_ANNOTATION, ROUTE_VALUE } from "../../../functions/standby/labels.ts";
import type { Selector } from "../../../functions/standby/model.ts";
import type { Endpoint, Family } from "../../../functions/standby/route/endpoint.ts";
import { sliceName, viewRouted, type RoutedService } from "../../../functions/standby/route/model.ts";
import { MANAGER_LABEL, SELECTOR_CONTROLLER, SERVICE_LABEL } from "../../../functions/standby/route/names.ts";
import { selects } from "../../../functions/kit/selector.ts";
import { EPOCH_ONE } from "../handover/protocol.ts";
import type { Answer } from "../api.ts";
import { respondOn } from "../api.ts";
import { CURRENT } from "../outdated.ts";

export const NAMESPACE = "default";
export const SERVICE = "db";
export const SERVICE_UID = "service";
export const FAMILIES: readonly Family[] = ["IPv4", "IPv6"];
export const ORIGINAL: Selector = { app: "db" };

/** Faults that may still happen, by kind. */
export interface RouteFaults {
  /** A pod becomes Ready or stops to be. */
  readonly ready: number;
  readonly create: number;
  readonly delete: number;
  /** A pod goes and another comes under its name before anybody looks. */
  readonly replace: number;
  /** A pod leaves the selector or returns to it. */
  readonly move: number;
  /** The annotation is taken away or put back. */
  readonly mode: number;
  /** The selector is applied anew, without our key. */
  readonly unkey: number;
  /** The labels of the Service are applied anew, without our turn. */
  readonly strip: number;
  /** Somebody deletes a slice of ours. */
  readonly slice: number;
}

/** What the EndpointSlice controller has been told. */
export interface Sight {
  readonly selector: Selector;
  /** The Service's, which the controller copies to its slices. */
  readonly labels: Readonly<Record<string, string>>;
  readonly pods: readonly (KubeObject | undefined)[];
}

/** What the invariants have to know of the past (see `invariants.ts`). */
export interface RoutePast {
  /** The cut-over has ended: S2 is due. */
  readonly ended: boolean;
  /** The active pod has failed, and that is not over yet. */
  readonly failed: boolean;
  /** Somebody has deleted a slice of ours: that may leave the Service without an endpoint. */
  readonly robbed: boolean;
  /** The latest assignment: the largest epoch, whose, and in which slice. */
  readonly assigned: { readonly epoch: number; readonly uid: string; readonly record: string } | undefined;
}

export interface RouteServer {
  readonly service: KubeObject;
  /** By family: ours, and the controller's. */
  readonly ours: readonly (KubeObject | undefined)[];
  readonly theirs: readonly KubeObject[];
  readonly sliceBirths: number;
  /** By ordinal; undefined: the name is free. */
  readonly pods: readonly (KubeObject | undefined)[];
  readonly births: readonly number[];
  readonly sight: Sight;
  readonly clock: { readonly second: number; readonly moves: boolean };
  readonly left: RouteFaults;
  readonly past: RoutePast;
}

export const nowOf = ({ clock }: RouteServer): number => EPOCH_ONE + clock.second * 1000;

/** Views are read again and again of objects that never change. */
const routed = new WeakMap<KubeObject, RoutedService>();

/** Times do not matter here: epochs are far below the clock's. */
export const serviceOf = ({ service }: Pick<RouteServer, "service">): RoutedService => {
  const known = routed.get(service) ?? viewRouted(service, EPOCH_ONE);
  routed.set(service, known);
  return known;
};

export const endpointsOf = (slice: KubeObject | undefined): readonly Endpoint[] =>
  (slice as { readonly endpoints?: readonly Endpoint[] } | undefined)?.endpoints ?? [];

const present = (objects: readonly (KubeObject | undefined)[]): readonly KubeObject[] =>
  objects.filter((object) => object !== undefined);

export const podsOf = ({ pods }: Pick<RouteServer, "pods">): readonly KubeObject[] => present(pods);

export const isMember = ({ metadata }: KubeObject): boolean => selects({ matchLabels: ORIGINAL }, metadata.labels);

const addressOf = ({ status }: KubeObject, index: number): string =>
  (status as { readonly podIPs: readonly { readonly ip: string }[] }).podIPs[index]?.ip ?? "";

/** The endpoints that the controller would write for a family, by what it knows. */
export const wantedBy = ({ selector, pods }: Sight, family: number): readonly Endpoint[] =>
  present(pods)
    .filter(({ metadata }) => selects({ matchLabels: selector }, metadata.labels))
    .map((pod) => ({
      addresses: [addressOf(pod, family)],
      conditions: { ready: isReady(pod) },
      targetRef: { kind: "Pod", name: pod.metadata.name, uid: pod.metadata.uid },
    }));

/** In the order of the keys, as the server keeps what was patched. */
export const aService = (families: number): KubeObject => ({
  spec: {
    clusterIP: "10.96.0.9",
    ipFamilies: FAMILIES.slice(0, families),
    ports: [{ port: 5432, targetPort: 5432 }],
    selector: ORIGINAL,
  },
  metadata: {
    annotations: { [ROUTE_ANNOTATION]: ROUTE_VALUE, [MODE_ANNOTATION]: MODE_VALUE },
    name: SERVICE,
    namespace: NAMESPACE,
    resourceVersion: CURRENT,
    uid: SERVICE_UID,
  },
});

/** A slice of the controller, filled by what it knows. */
export const theirSlice = (sight: Sight, family: number): KubeObject =>
  ({
    metadata: {
      name: `${SERVICE}-ctl${family}`,
      namespace: NAMESPACE,
      uid: `ctl${family}`,
      resourceVersion: CURRENT,
      labels: { ...sight.labels, [SERVICE_LABEL]: SERVICE, [MANAGER_LABEL]: SELECTOR_CONTROLLER },
    },
    addressType: FAMILIES[family] ?? "",
    endpoints: wantedBy(sight, family),
    ports: [],
  }) as KubeObject;

const SLICE_NAMES = FAMILIES.map((family) => sliceName(SERVICE, family));

/** Slices are A, B, C and so on. */
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Instances write the Service and our slices only. */
const answer: (server: RouteServer, request: KubeRequest) => Answer<RouteServer> = respondOn<RouteServer>({
  all: (server, resource) => {
    if (resource === SERVICES) return [server.service];
    if (resource === PODS) return podsOf(server);
    return resource === ENDPOINT_SLICES ? [...present(server.ours), ...server.theirs] : [];
  },
  put: (server, { resource, name }, object) =>
    resource === SERVICES
      ? { ...server, service: object ?? server.service }
      : { ...server, ours: server.ours.with(SLICE_NAMES.indexOf(name), object) },
  bear: (server) => ({
    server: { ...server, sliceBirths: server.sliceBirths + 1 },
    uid: LETTERS.charAt(server.sliceBirths),
  }),
});

/** The versions of the Service are numbers, because turns are made of them: whoever holds an older one holds it as it was. */
export const nextVersion = (service: KubeObject): KubeObject => {
  const { metadata } = service;
  return { ...service, metadata: { ...metadata, resourceVersion: String(Number(metadata.resourceVersion) + 1) } };
};

export const respond = (before: RouteServer, request: KubeRequest): Answer<RouteServer> => {
  const { server, response, touched } = answer(before, request);
  if (touched !== SERVICE_UID) return { server, response, touched };
  const service = nextVersion(server.service);
  return { server: { ...server, service }, response: { ...response, body: service }, touched };
};
