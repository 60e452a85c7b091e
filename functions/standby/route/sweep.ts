/**
 * What a sweep finds in route mode. Pods carry nothing of it, so they are asked for by the selectors of the Services, many in one LIST: by one
 * label of each selector and all values that it has.
 */
import type { Io } from "../../kit/context.ts";
import { keyText, type ObjectKey } from "../../kit/keys.ts";
import type { KubeObject } from "../../kit/kube/object.ts";
import { listAll } from "../../kit/kube/page.ts";
import { ENDPOINT_SLICES, PODS, type Resource } from "../../kit/kube/request.ts";
import { describe } from "../../kit/kube/status-class.ts";
import { selectorText } from "../../kit/selector.ts";
import { isOfRouteMode } from "../keys.ts";
import type { ServiceView } from "../model.ts";
import type { RouteSwept } from "../route-mode.ts";
import { decide } from "./decide.ts";
import { sightOf } from "./load.ts";
import { viewRouted, type RoutedService } from "./model.ts";
import { MANAGER, MANAGER_LABEL, SERVICE_LABEL } from "./names.ts";
import { plan } from "./plan.ts";

/** A label's value has up to 63 characters: the address of a LIST stays below 4 KiB. */
const VALUES_MAX_PER_LIST = 50;

/** Undefined: a LIST failed. */
type Found = readonly KubeObject[] | undefined;

interface Query {
  readonly key: string;
  readonly values: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

const slimContainers = (containers: unknown): unknown =>
  ((containers ?? []) as readonly Fields[]).map(({ ports, restartPolicy }) => ({ ports, restartPolicy }));

/** Of a pod's specification only what makes an endpoint. */
const slimSpec = ({ nodeName, hostname, subdomain, containers, initContainers }: Fields): unknown => ({
  nodeName,
  hostname,
  subdomain,
  containers: slimContainers(containers),
  initContainers: slimContainers(initContainers),
});

/** Without who wrote what, which is half of an object. */
const slim = ({ metadata: whole, spec, ...rest }: KubeObject): KubeObject => {
  const { managedFields: _, ...metadata } = whole;
  return { ...rest, metadata, spec: slimSpec((spec ?? {}) as Fields) };
};

const list = async ({ context, send }: Io, resource: Resource, labelSelector: string): Promise<Found> => {
  const scopes = context.namespaces.length === 0 ? [undefined] : context.namespaces;
  const listings = await Promise.all(
    scopes.map((namespace) => listAll(send, resource, { namespace, labelSelector, keep: slim })),
  );
  const objects: KubeObject[] = [];
  for (const listing of listings) {
    if (!listing.ok) {
      context.log.warn("sweep could not read", { reason: `list ${resource.plural}: ${describe(listing.response)}` });
      return undefined;
    }
    objects.push(...listing.items);
  }
  return objects;
};

const listValues = async (io: Io, resource: Resource, queries: readonly Query[]): Promise<Found> => {
  const selectors = queries.flatMap(({ key, values }) => {
    // An empty value cannot be asked for among others.
    if (values.includes("")) return [selectorText({ matchExpressions: [{ key, operator: "Exists" }] })];
    return Array.from({ length: Math.ceil(values.length / VALUES_MAX_PER_LIST) }, (_, index) => {
      const part = values.slice(index * VALUES_MAX_PER_LIST, (index + 1) * VALUES_MAX_PER_LIST);
      return selectorText({ matchExpressions: [{ key, operator: "In", values: part }] });
    });
  });
  const lists = await Promise.all(selectors.map((selector) => list(io, resource, selector)));
  return lists.includes(undefined) ? undefined : lists.flatMap((objects) => objects ?? []);
};

const podQueries = (services: readonly RoutedService[]): readonly Query[] => {
  const pairs = services.flatMap(({ original }) => Object.entries(original).slice(0, 1));
  return [...Map.groupBy(pairs, ([key]) => key)].map(([key, found]) => ({
    key,
    values: [...new Set(found.map(([, value]) => value))],
  }));
};

const serviceOf = ({ metadata }: KubeObject): ObjectKey => ({
  namespace: metadata.namespace ?? "",
  name: metadata.labels?.[SERVICE_LABEL] ?? metadata.ownerReferences?.[0]?.name ?? "",
});

/** Where a LIST failed nobody can tell, and each Service is run: that reads the truth, and says what the trouble is. */
const runsOf = async (io: Io, services: readonly RoutedService[]): Promise<readonly ObjectKey[]> => {
  if (services.length === 0) return [];
  const names = [...new Set(services.map(({ name }) => name))];
  const slices = await listValues(io, ENDPOINT_SLICES, [{ key: SERVICE_LABEL, values: names }]);
  // Records before pods, as in a run.
  const pods = slices === undefined ? undefined : await listValues(io, PODS, podQueries(services));
  if (slices === undefined || pods === undefined) return services;
  const now = io.context.clock.serverNow();
  const slicesByService = Map.groupBy(slices, (slice) => keyText(serviceOf(slice)));
  const podsByNamespace = Map.groupBy(pods, ({ metadata }) => metadata.namespace ?? "");
  return services.filter((service) => {
    const own = slicesByService.get(keyText(service)) ?? [];
    const near = podsByNamespace.get(service.namespace) ?? [];
    const { observed } = decide(sightOf({ service, slices: own, pods: near }, now));
    return plan(observed).kind !== "settled";
  });
};

/** Slices of ours of Services that are gone, or have nothing to do with route mode. */
const strandedOf = (ours: readonly KubeObject[], services: readonly RoutedService[]): readonly ObjectKey[] => {
  const known = new Set(services.map((service) => keyText(service)));
  return ours.map(serviceOf).filter((key) => !known.has(keyText(key)));
};

export const sweepRoutes = async (io: Io, found: Promise<readonly ServiceView[]>): Promise<RouteSwept> => {
  const listing = list(io, ENDPOINT_SLICES, `${MANAGER_LABEL}=${MANAGER}`);
  const now = io.context.clock.serverNow();
  const services = (await found).filter(isOfRouteMode).map(({ raw }) => viewRouted(raw, now));
  const [ours, runs] = await Promise.all([listing, runsOf(io, services)]);
  const keys = [...runs, ...strandedOf(ours ?? [], services)].map(({ namespace, name }) => ({ namespace, name }));
  return { services: services.length, runs: [...new Map(keys.map((key) => [keyText(key), key])).values()] };
};
