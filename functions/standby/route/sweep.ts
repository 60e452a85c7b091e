/**
 * What a sweep finds in route mode, in a number of LISTs that does not grow with the Services. Of slices ours are read, and those with a turn:
 * the controllers' of all Services that were cut over. Pods carry nothing of route mode, so they are asked for by the selectors of the Services,
 * many in one LIST: by one label of each selector and all values that it has.
 */
import type { Io } from "../../kit/context.ts";
import { keyText, type ObjectKey } from "../../kit/keys.ts";
import type { KubeObject } from "../../kit/kube/object.ts";
import { listAll } from "../../kit/kube/page.ts";
import { ENDPOINT_SLICES, PODS, type Resource } from "../../kit/kube/request.ts";
import { describe } from "../../kit/kube/status-class.ts";
import { selectorText } from "../../kit/selector.ts";
import { isOfRouteMode } from "../keys.ts";
import { ROLES } from "../labels.ts";
import type { ServiceView } from "../model.ts";
import type { RouteSwept } from "../route-mode.ts";
import { decide } from "./decide.ts";
import { sightOf } from "./load.ts";
import { viewRouted, type RoutedService } from "./model.ts";
import { MANAGER, MANAGER_LABEL, SERVICE_LABEL, TURN } from "./names.ts";
import { plan } from "./plan.ts";

/** Of the values in the address of one LIST, with their commas: proxies take at least 8 KiB. */
const CHARACTERS_MAX_PER_LIST = 4_000;
const COMMA_CHARACTERS = 3;
/** Enough for the longest values of 1,000 Services. Selectors that need more have little in common: then all pods are read. */
const LISTS_MAX = 20;

const OURS = `${MANAGER_LABEL}=${MANAGER}`;
/** What somebody else fills and our Services have told their controllers of. */
const TURNED = selectorText({
  matchExpressions: [
    { key: TURN, operator: "Exists" },
    { key: MANAGER_LABEL, operator: "NotIn", values: [MANAGER] },
  ],
});

/** `isBarred`: it may not be read, now or later. */
type Found =
  | { readonly ok: true; readonly objects: readonly KubeObject[] }
  | { readonly ok: false; readonly reason: string; readonly isBarred: boolean };

/** A namespace that is served; undefined: all of them. */
interface Scope extends Io {
  readonly namespace: string | undefined;
}

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
const list = async (
  { send, namespace }: Scope,
  resource: Resource,
  labelSelector: string | undefined,
): Promise<Found> => {
  const listing = await listAll(send, resource, { namespace, labelSelector, keep: slim });
  if (listing.ok) return { ok: true, objects: listing.items };
  const { response } = listing;
  const reason = `list ${resource.plural}: ${describe(response)}`;
  return { ok: false, reason, isBarred: response.status === 403 };
};

/** The first that failed, or all of them. */
const together = (founds: readonly Found[]): Found =>
  founds.find(({ ok }) => !ok) ?? { ok: true, objects: founds.flatMap((found) => (found.ok ? found.objects : [])) };

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

const listPods = async (scope: Scope, services: readonly RoutedService[]): Promise<Found> => {
  const selectors = podSelectors(services);
  if (selectors.length > LISTS_MAX) return list(scope, PODS, undefined);
  return together(await Promise.all(selectors.map((selector) => list(scope, PODS, selector))));
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

/** Nobody can tell, and each Service is run: that reads the truth, and says what the trouble is. What may not be read no run can read either. */
const runsUnread = (
  { context: { log }, namespace }: Scope,
  services: readonly RoutedService[],
  { reason, isBarred }: Extract<Found, { readonly ok: false }>,
): readonly ObjectKey[] => {
  const about = { feature: ROLES.feature, namespace, reason, services: services.length };
  if (isBarred) {
    const remedy = "grant the function what its present ClusterRole lists (infra/rbac/function.yaml)";
    log.error("route mode serves nothing until it may read", { ...about, remedy });
    return [];
  }
  log.debug("sweep could not read", about);
  return services;
};

const runsOf = async (scope: Scope, services: readonly RoutedService[], ours: Found): Promise<readonly ObjectKey[]> => {
  if (services.length === 0) return [];
  if (!ours.ok) return runsUnread(scope, services, ours);
  // Records before pods, as in a run.
  const [turned, pods] = await Promise.all([list(scope, ENDPOINT_SLICES, TURNED), listPods(scope, services)]);
  if (!turned.ok) return runsUnread(scope, services, turned);
  if (!pods.ok) return runsUnread(scope, services, pods);
  const now = scope.context.clock.serverNow();
  const slicesByService = Map.groupBy([...ours.objects, ...turned.objects], (slice) => keyText(serviceOf(slice)));
  const podsNear = indexed(pods.objects);
  return services.filter((service) => {
    const slices = slicesByService.get(keyText(service)) ?? [];
    const { observed } = decide(sightOf({ service, slices, pods: podsNear(askedOf(service)) }, now));
    return plan(observed).kind !== "settled";
  });
};

/** Slices of ours of Services that are gone, or have nothing to do with route mode. */
const strandedOf = (ours: Found, services: readonly RoutedService[]): readonly ObjectKey[] => {
  if (!ours.ok) return [];
  const known = new Set(services.map((service) => keyText(service)));
  return ours.objects.map(serviceOf).filter((key) => !known.has(keyText(key)));
};

const sweepScope = async (scope: Scope, found: Promise<readonly RoutedService[]>): Promise<readonly ObjectKey[]> => {
  const listing = list(scope, ENDPOINT_SLICES, OURS);
  const { namespace } = scope;
  const services = (await found).filter((service) => namespace === undefined || service.namespace === namespace);
  const ours = await listing;
  return [...(await runsOf(scope, services, ours)), ...strandedOf(ours, services)];
};

export const sweepRoutes = async (io: Io, found: Promise<readonly ServiceView[]>): Promise<RouteSwept> => {
  const now = io.context.clock.serverNow();
  const routed = found.then((all) => all.filter(isOfRouteMode).map(({ raw }) => viewRouted(raw, now)));
  const { namespaces } = io.context;
  const scopes = namespaces.length === 0 ? [undefined] : namespaces;
  const swept = await Promise.all(scopes.map((namespace) => sweepScope({ ...io, namespace }, routed)));
  const keys = swept.flat().map(({ namespace, name }) => ({ namespace, name }));
  const runs = [...new Map(keys.map((key) => [keyText(key), key])).values()];
  return { services: (await routed).length, runs };
};
