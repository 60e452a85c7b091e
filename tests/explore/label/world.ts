/** The Service in label mode and the EndpointSlice controller: what may happen to the one, and what the other is told. */
import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { selectorText } from "../../../functions/kit/selector.ts";
import { MODE_ANNOTATION, MODE_VALUE, ROLES } from "../../../functions/standby/labels.ts";
import { standingGroups } from "../../../functions/standby/decide.ts";
import {
  groupOf,
  isNarrowed,
  leaseNameOf,
  viewService,
  viewStandbyPod,
  type Selector,
  type ServiceView,
} from "../../../functions/standby/model.ts";
import { NAMESPACE } from "../../unit/support/builders.ts";
import { afterFault, faultsOf, type Group } from "../handover/faults.ts";
import { EPOCH_ONE, remembering, type Team } from "../handover/protocol.ts";
import { isLeader, podsOf } from "../handover/invariants.ts";
import type { News } from "../handover/local.ts";
import type { Server, Sight } from "../handover/server.ts";
import { youngGroups } from "../handover/starts.ts";
import { CURRENT } from "../outdated.ts";
import type { Turn } from "../system.ts";

export const SERVICE = "db";
export const SERVICE_UID = "service";

/** Two selectors that find the same pods. */
const SELECTORS: readonly [Selector, Selector] = [{ app: "db" }, { app: "db", tier: "x" }];

export const TEAMS: readonly Team[] = SELECTORS.map((selector) => {
  const group = groupOf(selector);
  return {
    group,
    selector: selectorText({ matchLabels: selector }),
    leaseName: leaseNameOf(group),
    view: remembering((pod) => viewStandbyPod(pod, { group, selector }, EPOCH_ONE)),
  };
});

/** In the order of the keys, as the server keeps what was patched. */
const aService = (): KubeObject => ({
  spec: { clusterIP: "10.96.0.9", selector: SELECTORS[0] },
  metadata: {
    annotations: { [MODE_ANNOTATION]: MODE_VALUE },
    creationTimestamp: "2025-06-01T00:00:00Z",
    name: SERVICE,
    namespace: NAMESPACE,
    resourceVersion: CURRENT,
    uid: SERVICE_UID,
  },
});

const viewed = new WeakMap<KubeObject, ServiceView>();

export const viewOf = (service: KubeObject): ServiceView => {
  const known = viewed.get(service) ?? viewService(service);
  viewed.set(service, known);
  return known;
};

export const serviceOf = ({ standby }: Server): KubeObject => standby?.service ?? aService();

/** Of the Service, if it stands for that group. */
export const isOwned = (service: KubeObject, group: string): boolean =>
  standingGroups([viewOf(service)]).some((standing) => standing.group === group);

/** All pods are found by both selectors. */
const tiered = (pod: KubeObject | undefined): KubeObject | undefined =>
  pod === undefined || pod.metadata.labels?.["tier"] !== undefined
    ? pod
    : { ...pod, metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, tier: "x" } } };

const withTiers = (server: Server): Server => ({ ...server, pods: server.pods.map(tiered) });

/** Before the cut-over; the controller has heard of everything. Where the selector may be edited there are two groups. */
export const startsOf = (group: Group): readonly Server[] => {
  const names = TEAMS.map(({ leaseName }) => leaseName).slice(0, group.faults.edit > 0 ? 2 : 1);
  const service = aService();
  const sight = { narrowed: false, active: [] };
  const begun = (server: Server): Server => ({ ...withTiers(server), standby: { service, sight } });
  return youngGroups(group, names).map(begun);
};

const edited = (
  server: Server,
  kind: "mode" | "unkey" | "edit",
  { service, says }: { readonly service: KubeObject; readonly says: string },
): readonly Turn<Server>[] => {
  const { standby, left } = server;
  if (standby === undefined || left[kind] === 0) return [];
  const next = { ...server, standby: { ...standby, service }, ...afterFault(server, kind) };
  return [{ server: next, touched: SERVICE_UID, text: () => says }];
};

const withSelector = (service: KubeObject, selector: Selector): KubeObject => ({
  ...service,
  spec: { ...(service.spec as object), selector },
});

const onService = (server: Server): readonly Turn<Server>[] => {
  const service = serviceOf(server);
  const { metadata } = service;
  const { selector, original } = viewOf(service);
  const { [MODE_ANNOTATION]: mode, ...others } = metadata.annotations ?? {};
  const annotations = mode === undefined ? { ...others, [MODE_ANNOTATION]: MODE_VALUE } : others;
  const [one, other] = SELECTORS;
  const next = isDeepStrictEqual(original, one) ? other : one;
  const key = ROLES.roleLabel in selector ? { [ROLES.roleLabel]: ROLES.leader } : {};
  return [
    ...edited(server, "mode", {
      service: { ...service, metadata: { ...metadata, annotations } },
      says: `the annotation is ${mode === undefined ? "put back" : "taken away"}`,
    }),
    ...(isDeepStrictEqual(selector, original)
      ? []
      : edited(server, "unkey", {
          service: withSelector(service, original),
          says: "the selector is applied without our key",
        })),
    ...edited(server, "edit", {
      service: withSelector(service, sorted({ ...next, ...key })),
      says: `the selector is edited to ${Object.keys(next).join(" and ")}${ROLES.roleLabel in key ? " and our key" : ""}`,
    }),
  ];
};

const sorted = (selector: Selector): Selector =>
  Object.fromEntries(Object.entries(selector).toSorted(([one], [other]) => (one < other ? -1 : 1)));

/** Every fault that may come next. */
export const labelFaultsOf = (server: Server): readonly Turn<Server>[] => [
  ...faultsOf(server).map(({ server: next, touched, text }) => ({ server: withTiers(next), touched, text })),
  ...onService(server),
];

/** What the controller would know if it had heard of everything. */
const truthOf = (server: Server): Sight => ({
  narrowed: isNarrowed(viewOf(serviceOf(server))),
  active: podsOf(server).flatMap((pod) => (isLeader(ROLES, pod) ? [pod.metadata.uid] : [])),
});

export const sightOf = ({ standby }: Server): Sight => standby?.sight ?? { narrowed: false, active: [] };

/** The controller has heard all there is of it. */
export const isHeard = (server: Server, uid: News["uid"]): boolean => {
  const [sight, truth] = [sightOf(server), truthOf(server)];
  return uid === "news of pods" ? isDeepStrictEqual(sight.active, truth.active) : sight.narrowed === truth.narrowed;
};

/** What the controller hears of next: it reads Services and pods through two watches. */
export const controllerTurns = (server: Server): readonly Turn<Server>[] => {
  const { standby } = server;
  if (standby === undefined) return [];
  const { narrowed, active } = truthOf(server);
  const hears = (news: Partial<Sight>, touched: News["uid"]): readonly Turn<Server>[] =>
    isHeard(server, touched)
      ? []
      : [
          {
            server: { ...server, standby: { ...standby, sight: { ...standby.sight, ...news } } },
            touched,
            text: () => `the controller hears ${touched}`,
          },
        ];
  return [...hears({ narrowed }, "news of the Service"), ...hears({ active }, "news of pods")];
};
