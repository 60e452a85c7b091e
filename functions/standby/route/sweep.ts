/**
 * What a sweep finds in route mode, in a number of LISTs that does not grow with the Services. Of slices only ours are read: what the controllers'
 * say decides nothing once a cut-over has ended, and before that the Service is run in any case. Pods carry nothing of route mode, so they are
 * asked for by the selectors of the Services, many in one LIST: by one label of each selector and all values that it has.
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

/** Of the values in the address of one LIST, with their commas: proxies take at least 8 KiB. */
const CHARACTERS_MAX_PER_LIST = 4_000;
const COMMA_CHARACTERS = 3;
/** Enough for the longest values of 1,000 Services. Selectors that need more have little in common: then all pods are read. */
const LISTS_MAX = 20;

/** Undefined: a LIST failed. */
type Found = readonly KubeObject[] | undefined;

interface Asked {
  readonly namespace: string;
  readonly key: string;
  readonly value: string;
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

/** `labelSelector` undefined: all of the resource. */
const list = async ({ context, send }: Io, resource: Resource, labelSelector: string | undefined): Promise<Found> => {
  const scopes = context.namespaces.length === 0 ? [undefined] : context.namespaces;
  const listings = await Promise.all(
    scopes.map((namespace) => listAll(send, resource, { namespace, labelSelector, keep: slim })),
  );
  const objects: KubeObject[] = [];
  for (const listing of listings) {
    if (!listing.ok) {
      context.log.debug("sweep could not read", { reason: `list ${resource.plural}: ${describe(listing.response)}` });
      return undefined;
    }
    objects.push(...listing.items);
  }
  return objects;
};

/** Values of a label have no character that an address would have to escape. */
const packed = (values: Iterable<string>): readonly (readonly string[])[] => {
  const packs: string[][] = [];
  let left = 0;
  for (const value of values) {
    const characters = value.length + COMMA_CHARACTERS;
    const last = left < characters ? undefined : packs.at(-1);
    if (last === undefined) packs.push([value]);
    else last.push(value);
    left = (last === undefined ? CHARACTERS_MAX_PER_LIST : left) - characters;
  }
  return packs;
};

/** The label by which the Service's pods are asked for, in which namespace; undefined: it selects none. */
const askedOf = ({ namespace, original }: RoutedService): Asked | undefined =>
  Object.entries(original).map(([key, value]) => ({ namespace, key, value }))[0];

/** Label selectors that together find every pod of the Services. */
const podSelectors = (services: readonly RoutedService[]): readonly string[] => {
  const asked = services.map(askedOf).filter((one) => one !== undefined);
  return [...Map.groupBy(asked, ({ key }) => key)].flatMap(([key, found]) => {
    const values = new Set(found.map(({ value }) => value));
    // An empty value cannot be asked for among others.
    if (values.has("")) return [selectorText({ matchExpressions: [{ key, operator: "Exists" }] })];
    return packed(values).map((pack) => selectorText({ matchExpressions: [{ key, operator: "In", values: pack }] }));
  });
};

const listPods = async (io: Io, services: readonly RoutedService[]): Promise<Found> => {
  const selectors = podSelectors(services);
  if (selectors.length > LISTS_MAX) return list(io, PODS, undefined);
  const lists = await Promise.all(selectors.map((selector) => list(io, PODS, selector)));
  return lists.includes(undefined) ? undefined : lists.flatMap((objects) => objects ?? []);
};

const placeOf = ({ namespace, key, value }: Asked): string => `${namespace} ${key}=${value}`;

/** By namespace and label, so that no Service has to look at the pods of all others. */
const indexed = (pods: readonly KubeObject[]): ((asked: Asked | undefined) => readonly KubeObject[]) => {
  const entries = pods.flatMap((pod) => {
    const { namespace = "", labels = {} } = pod.metadata;
    return Object.entries(labels).map(([key, value]) => ({ place: placeOf({ namespace, key, value }), pod }));
  });
  const byPlace = Map.groupBy(entries, ({ place }) => place);
  return (asked) => (asked === undefined ? [] : (byPlace.get(placeOf(asked)) ?? []).map(({ pod }) => pod));
};

const serviceOf = ({ metadata }: KubeObject): ObjectKey => ({
  namespace: metadata.namespace ?? "",
  name: metadata.labels?.[SERVICE_LABEL] ?? metadata.ownerReferences?.[0]?.name ?? "",
});

/** Where a LIST failed nobody can tell, and each Service is run: that reads the truth, and says what the trouble is. */
const runsOf = async (io: Io, services: readonly RoutedService[], ours: Found): Promise<readonly ObjectKey[]> => {
  // Records before pods, as in a run.
  const pods = ours === undefined || services.length === 0 ? undefined : await listPods(io, services);
  if (ours === undefined || pods === undefined) return services;
  const now = io.context.clock.serverNow();
  const slicesByService = Map.groupBy(ours, (slice) => keyText(serviceOf(slice)));
  const podsNear = indexed(pods);
  return services.filter((service) => {
    const slices = slicesByService.get(keyText(service)) ?? [];
    const { observed } = decide(sightOf({ service, slices, pods: podsNear(askedOf(service)) }, now));
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
  const ours = await listing;
  const runs = await runsOf(io, services, ours);
  const keys = [...runs, ...strandedOf(ours ?? [], services)].map(({ namespace, name }) => ({ namespace, name }));
  return { services: services.length, runs: [...new Map(keys.map((key) => [keyText(key), key])).values()] };
};
