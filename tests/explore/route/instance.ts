/**
 * One instance of the function over a Service in route mode: every event delivers one of its requests. It reads as `load.ts` does (the
 * Service and its slices in either order, slices by their names where the LIST lacks them, and then the pods), decides, and writes one
 * step after another as `carry-out.ts` does.
 */
import {
  ENDPOINT_SLICES,
  getRequest,
  listOf,
  listRequest,
  objectOf,
  PODS,
  SERVICES,
  type KubeResponse,
} from "../../../functions/kit/kube/request.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { classify } from "../../../functions/kit/kube/status-class.ts";
import { selectorText } from "../../../functions/kit/selector.ts";
import { isOfRouteMode } from "../../../functions/standby/keys.ts";
import { sightOf } from "../../../functions/standby/route/load.ts";
import {
  isOurs,
  sliceName,
  viewRouted,
  viewSlice,
  type RoutedService,
} from "../../../functions/standby/route/model.ts";
import { SERVICE_LABEL } from "../../../functions/standby/route/names.ts";
import { requestOf, type Write } from "../../../functions/standby/route/requests.ts";
import { needsService, type Observed } from "../../../functions/standby/route/step.ts";
import type { Event } from "../system.ts";
import { EPOCH_ONE } from "../handover/protocol.ts";
import type { RouteProtocol } from "./protocol.ts";
import { listText, outcomeText, serviceText, slicesText, writeText } from "./script.ts";
import { NAMESPACE, nowOf, respond, SERVICE, type RouteServer } from "./server.ts";

export type RouteLocal =
  | { readonly kind: "idle" }
  /** What is read so far. */
  | {
      readonly kind: "reading";
      readonly service: KubeObject | undefined;
      readonly slices: readonly KubeObject[] | undefined;
      /** Slices that the LIST lacks were looked for by their names. */
      readonly named: boolean;
    }
  /** `confirmed`: the Service was read again and is as it was. */
  | { readonly kind: "carrying"; readonly observed: Observed; readonly confirmed: boolean };

type Reading = Extract<RouteLocal, { kind: "reading" }>;
type Carrying = Extract<RouteLocal, { kind: "carrying" }>;
type RouteEvent = Event<RouteServer, RouteLocal>;

export const ROUTE_IDLE: RouteLocal = { kind: "idle" };

const SLICES = listRequest(ENDPOINT_SLICES, { namespace: NAMESPACE, labelSelector: `${SERVICE_LABEL}=${SERVICE}` });

const itemsOf = (response: KubeResponse): readonly KubeObject[] => listOf(response).items;

const readService = (server: RouteServer, reading: Reading): RouteEvent => {
  const service = objectOf(respond(server, getRequest(SERVICES, NAMESPACE, SERVICE)).response);
  return {
    server,
    local: { ...reading, service },
    touched: undefined,
    text: () => `reads the Service: ${serviceText(service)}`,
  };
};

const readSlices = (server: RouteServer, reading: Reading): RouteEvent => {
  const slices = itemsOf(respond(server, SLICES).response);
  return {
    server,
    local: { ...reading, slices },
    touched: undefined,
    text: () => `reads the slices: ${slicesText(slices)}`,
  };
};

/** Names of ours that the LIST does not show. */
const missingOf = (service: RoutedService, slices: readonly KubeObject[]): readonly string[] =>
  service.families
    .map((family) => sliceName(SERVICE, family))
    .filter((name) => !slices.some(({ metadata }) => metadata.name === name));

const NOTHING_READ: Reading = {
  kind: "reading",
  service: undefined,
  slices: undefined,
  named: false,
};

/** All slices say whose they are here: one that is found was made since the list, and everything is read again. */
const readNamed = (
  server: RouteServer,
  reading: Reading,
  { missing, slices }: { readonly missing: readonly string[]; readonly slices: readonly KubeObject[] },
): RouteEvent => {
  const found = missing.flatMap((name) => {
    const { response } = respond(server, getRequest(ENDPOINT_SLICES, NAMESPACE, name));
    return response.status === 200 ? [objectOf(response)] : [];
  });
  return {
    server,
    local: found.length > 0 ? NOTHING_READ : { ...reading, named: true, slices },
    touched: undefined,
    text: () => `looks for ${missing.join(" and ")}: ${slicesText(found)}`,
  };
};

/** The next write, if there is any. */
const goOn = (protocol: RouteProtocol, observed: Observed): RouteLocal => {
  const { kind } = protocol.plan(observed);
  return kind === "wait" || kind === "settled" ? ROUTE_IDLE : { kind: "carrying", observed, confirmed: false };
};

const readPods = (
  protocol: RouteProtocol,
  server: RouteServer,
  read: { readonly service: RoutedService; readonly slices: readonly KubeObject[] },
): RouteEvent => {
  const { service, slices } = read;
  const labelSelector = selectorText({ matchLabels: service.original });
  const pods = itemsOf(respond(server, listRequest(PODS, { namespace: NAMESPACE, labelSelector })).response);
  const { observed } = protocol.decide(sightOf({ service, slices, pods }, nowOf(server)));
  return {
    server,
    local: goOn(protocol, observed),
    touched: undefined,
    text: () => `reads the pods: ${listText(pods)}`,
  };
};

const reads = (protocol: RouteProtocol, server: RouteServer, reading: Reading): readonly RouteEvent[] => {
  const { service, slices } = reading;
  if (service === undefined || slices === undefined) {
    return [
      ...(service === undefined ? [readService(server, reading)] : []),
      ...(slices === undefined ? [readSlices(server, reading)] : []),
    ];
  }
  const view = viewRouted(service, EPOCH_ONE);
  const missing = isOfRouteMode(view) && !reading.named ? missingOf(view, slices) : [];
  if (missing.length > 0) return [readNamed(server, reading, { missing, slices })];
  return [readPods(protocol, server, { service: view, slices })];
};

/** With nothing of ours there a pass ends before it reads pods. */
const isNothing = ({ service, slices }: Reading): boolean =>
  service !== undefined &&
  slices !== undefined &&
  !isOfRouteMode(viewRouted(service, EPOCH_ONE)) &&
  !slices.some((slice) => isOurs(slice, SERVICE));

/** Of what goes by what the Service is at that moment. */
const confirm = (server: RouteServer, carrying: Carrying): RouteEvent => {
  const same = carrying.observed.service.metadata.resourceVersion === server.service.metadata.resourceVersion;
  return {
    server,
    local: same ? { ...carrying, confirmed: true } : ROUTE_IDLE,
    touched: undefined,
    text: () => `reads the Service again: ${same ? "unchanged" : "edited"}`,
  };
};

const absorb = (observed: Observed, step: Write, response: KubeResponse): Observed => {
  if (step.kind === "service") return { ...observed, service: viewRouted(objectOf(response), observed.now) };
  const others = observed.slices.filter(({ uid }) => uid !== step.slice?.uid);
  if (step.kind === "delete") return { ...observed, slices: others };
  return { ...observed, slices: [...others, viewSlice(objectOf(response), observed.now)] };
};

const perform = (
  protocol: RouteProtocol,
  server: RouteServer,
  { observed, step }: { readonly observed: Observed; readonly step: Write },
): RouteEvent => {
  const answer = respond(server, protocol.request(requestOf(observed.service, step)));
  const { response } = answer;
  const outcome = classify(response);
  const isDone = outcome === "ok" || (outcome === "gone" && step.kind === "delete");
  return {
    server: answer.server,
    local: isDone ? goOn(protocol, absorb(observed, step, response)) : ROUTE_IDLE,
    touched: answer.touched,
    text: () => `${writeText(step)}: ${outcomeText(outcome)}`,
  };
};

const writes = (protocol: RouteProtocol, server: RouteServer, carrying: Carrying): readonly RouteEvent[] => {
  const { observed, confirmed } = carrying;
  const step = protocol.plan(observed);
  if (step.kind === "wait" || step.kind === "settled") return [];
  return [needsService(step) && !confirmed ? confirm(server, carrying) : perform(protocol, server, { observed, step })];
};

/** Everything that may happen next to this instance, apart from its death. */
export const routeEventsOf = (
  protocol: RouteProtocol,
  server: RouteServer,
  local: RouteLocal,
): readonly RouteEvent[] => {
  if (local.kind === "carrying") return writes(protocol, server, local);
  const events = reads(protocol, server, local.kind === "idle" ? NOTHING_READ : local);
  return events.map(({ server: next, local: read, touched, text }) => {
    const isOver = read.kind === "reading" && isNothing(read);
    return { server: next, local: isOver ? ROUTE_IDLE : read, touched, text };
  });
};
