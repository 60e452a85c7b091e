/**
 * Reads a Service in route mode: the Service and all slices that say they are its, and only after them the pods, so that a move is never
 * decided on pods that are older than the record. Names follow from the Service's, so nothing has to be remembered.
 */
import type { Io } from "../../kit/context.ts";
import type { ObjectKey } from "../../kit/keys.ts";
import type { KubeObject } from "../../kit/kube/object.ts";
import { listAll } from "../../kit/kube/page.ts";
import { readOne, type Loaded } from "../../kit/kube/read.ts";
import { ENDPOINT_SLICES, PODS, SERVICES, type Transport } from "../../kit/kube/request.ts";
import { selectorText } from "../../kit/selector.ts";
import type { Sight } from "./decide.ts";
import { FAMILIES } from "./endpoint.ts";
import { isOurs, sliceName, viewOther, viewRouted, viewRoutePod, viewSlice, type RoutedService } from "./model.ts";
import { SERVICE_LABEL } from "./names.ts";

export interface Situation {
  /** Undefined: there is no such Service. */
  readonly service: RoutedService | undefined;
  readonly slices: readonly KubeObject[];
}

/**
 * Slices of our names that do not say whose they are: somebody took their label off, and proxies have lost them. Undefined: one that does say it was
 * made after the LIST, and is not from the same moment as what the LIST found.
 */
const findUnlabelled = async (
  send: Transport,
  service: RoutedService,
  slices: readonly KubeObject[],
): Promise<Loaded<readonly KubeObject[] | undefined>> => {
  // On the way back nothing is urgent, and nothing is to be left of any family.
  const families = service.mode === "route" ? service.families : FAMILIES;
  const names = families.map((family) => sliceName(service.name, family));
  const missing = names.filter((name) => !slices.some(({ metadata }) => metadata.name === name));
  const readings = await Promise.all(missing.map((name) => readOne(send, ENDPOINT_SLICES, service.namespace, name)));
  const found: KubeObject[] = [];
  for (const reading of readings) {
    if (!reading.ok) return { ok: false, response: reading.response, doing: "get EndpointSlices" };
    const { object } = reading;
    const owner = object?.metadata.labels?.[SERVICE_LABEL];
    if (owner === service.name) return { ok: true, value: undefined };
    if (object !== undefined && owner === undefined) found.push(object);
  }
  return { ok: true, value: found };
};

export const loadSituation = async (io: Io, key: ObjectKey): Promise<Loaded<Situation>> => {
  const { context, send } = io;
  const { namespace, name } = key;
  const [reading, listing] = await Promise.all([
    readOne(send, SERVICES, namespace, name),
    listAll(send, ENDPOINT_SLICES, { namespace, labelSelector: `${SERVICE_LABEL}=${name}` }),
  ]);
  if (!reading.ok) return { ok: false, response: reading.response, doing: `get Service ${name}` };
  if (!listing.ok) return { ok: false, response: listing.response, doing: "list EndpointSlices" };
  const service = reading.object === undefined ? undefined : viewRouted(reading.object, context.clock.serverNow());
  if (service === undefined) return { ok: true, value: { service, slices: listing.items } };
  const unlabelled = await findUnlabelled(send, service, listing.items);
  if (!unlabelled.ok) return unlabelled;
  if (unlabelled.value === undefined) return loadSituation(io, key);
  return { ok: true, value: { service, slices: [...listing.items, ...unlabelled.value] } };
};

/** `pods`: at least all that the Service's own selector finds. */
export const sightOf = (
  { service, slices, pods }: Situation & { readonly service: RoutedService; readonly pods: readonly KubeObject[] },
  now: number,
): Sight => ({
  service,
  slices: slices.filter((slice) => isOurs(slice, service.name)).map((slice) => viewSlice(slice, now)),
  others: slices.filter((slice) => !isOurs(slice, service.name)).map(viewOther),
  pods: pods.map((pod) => viewRoutePod(pod, service, now)),
  now,
});

/** The time is taken after the reads: an epoch of now is later than one of any record that they did not find any more. */
export const loadSight = async (
  { context, send }: Io,
  situation: Situation & { readonly service: RoutedService },
): Promise<Loaded<Sight>> => {
  const { namespace, original, isSelecting } = situation.service;
  const sight = (pods: readonly KubeObject[]): Loaded<Sight> => ({
    ok: true,
    value: sightOf({ ...situation, pods }, context.clock.serverNow()),
  });
  if (!isSelecting) return sight([]);
  const labelSelector = selectorText({ matchLabels: original });
  const listing = await listAll(send, PODS, { namespace, labelSelector });
  return listing.ok ? sight(listing.items) : { ok: false, response: listing.response, doing: "list pods" };
};
