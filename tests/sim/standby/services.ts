/** What people do to Services, and to slices that are ours. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { ENDPOINT_SLICES, PODS, SERVICES, STATEFUL_SETS } from "../../../functions/kit/kube/request.ts";
import { PRIORITY_ANNOTATION } from "../../../functions/kit/pods/candidate.ts";
import {
  MODE_ANNOTATION,
  MODE_VALUE,
  ROLES,
  ROUTE_ANNOTATION,
  ROUTE_VALUE,
  ROUTED_KEY,
} from "../../../functions/standby/labels.ts";
import { MANAGER, MANAGER_LABEL, SERVICE_LABEL } from "../../../functions/standby/route/names.ts";
import { all, create, edit, named, remove } from "../hands.ts";
import type { Random } from "../random.ts";
import { isBystander, onAny, tidySet, type Action, type Actions } from "../workload.ts";
import type { World } from "../world.ts";
import { COMMON, DEPLOYMENTS, replicasOf, scaleDeployment } from "./deployments.ts";

type Labels = Readonly<Record<string, string>>;

/** What a Service asks for. */
export const ASKS: Readonly<Record<"none" | "label" | "route", Labels>> = {
  none: {},
  label: { [MODE_ANNOTATION]: MODE_VALUE },
  route: { [MODE_ANNOTATION]: MODE_VALUE, [ROUTE_ANNOTATION]: ROUTE_VALUE },
};

export interface ServiceShape {
  readonly selector: Labels;
  readonly annotations: Labels;
  readonly spec?: Readonly<Record<string, unknown>>;
}

const DUAL = { ipFamilies: ["IPv4", "IPv6"], ipFamilyPolicy: "RequireDualStack" } as const;

/** Of one family or of two, with or without an address of its own. */
export const drawSpec = (random: Random): Readonly<Record<string, unknown>> => ({
  ...(random.chance(0.4) ? DUAL : {}),
  ...(random.chance(0.2) ? { clusterIP: "None" } : {}),
  ...(random.chance(0.1) ? { publishNotReadyAddresses: true } : {}),
});

export const createService = (
  world: World,
  name: string,
  { selector, annotations, spec = {} }: ServiceShape,
): boolean =>
  create(world, SERVICES, {
    metadata: { name, annotations, labels: { team: "data" } },
    spec: { ports: [{ port: 80 }], selector, ...spec },
  });

/** Names of the workloads that there are: each is the value of its pods' label. */
export const appsOf = (world: World): readonly string[] =>
  [...all(world, STATEFUL_SETS), ...all(world, DEPLOYMENTS)]
    .filter((found) => !isBystander(found))
    .map(({ metadata }) => metadata.name);

const annotate = (world: World, service: KubeObject, annotations: Readonly<Record<string, string | null>>): boolean =>
  edit(world, SERVICES, service, { metadata: { annotations } });

const annotated = (annotationsOf: (random: Random) => Readonly<Record<string, string | null>>): Action =>
  onAny(SERVICES, (world, service, random) => annotate(world, service, annotationsOf(random)));

const selecting = (selectorOf: (service: KubeObject, app: string) => object): Action =>
  onAny(SERVICES, (world, service, random) => {
    const app = random.pick(appsOf(world));
    return app !== undefined && edit(world, SERVICES, service, { spec: { selector: selectorOf(service, app) } });
  });

const appIn = ({ spec }: KubeObject): string | undefined => (spec as { readonly selector?: Labels }).selector?.["app"];

const familiesOf = ({ spec }: KubeObject): readonly string[] =>
  (spec as { readonly ipFamilies?: readonly string[] }).ipFamilies ?? ["IPv4"];

export const SERVICE_ACTIONS: Actions = {
  optIn: annotated((random) => ({ ...ASKS.label, [ROUTE_ANNOTATION]: random.chance(0.5) ? ROUTE_VALUE : null })),
  optOut: annotated(() => ({ [MODE_ANNOTATION]: null })),
  otherValue: annotated((random) => ({ [random.chance(0.5) ? MODE_ANNOTATION : ROUTE_ANNOTATION]: "off" })),
  toRoute: annotated(() => ASKS.route),
  toLabel: annotated(() => ({ ...ASKS.label, [ROUTE_ANNOTATION]: null })),
  /** Server-side apply of the whole selector with force: our keys are gone. */
  reapplied: onAny(SERVICES, (world, service) =>
    edit(world, SERVICES, service, { spec: { selector: { [ROLES.roleLabel]: null, [ROUTED_KEY]: null } } }),
  ),
  /** Pods of another workload from now on; what is ours in the selector stays. */
  selectorEdit: selecting((_service, app) => ({ app, tier: null })),
  /** Pods of all workloads. */
  overlap: selecting(() => ({ ...COMMON, app: null })),
  /** The same pods, by another selector: another group. */
  narrower: selecting((service, app) => ({ ...COMMON, app: appIn(service) ?? app })),
  serviceDelete: onAny(SERVICES, (world, service) => remove(world, SERVICES, service)),
  serviceCreate: (world, random) => {
    const [name = "", app = "none"] = [random.pick(world.shape.names.services), random.pick(appsOf(world))];
    const annotations = random.pick([ASKS.label, ASKS.route]) ?? ASKS.none;
    return (
      named(world, SERVICES, name) === undefined &&
      createService(world, name, { selector: { app }, annotations, spec: drawSpec(random) })
    );
  },
  families: onAny(SERVICES, (world, service) => {
    const [first = "IPv4", second] = familiesOf(service);
    const other = first === "IPv4" ? "IPv6" : "IPv4";
    const ipFamilies = second === undefined ? [first, other] : [first];
    return edit(world, SERVICES, service, { spec: { ipFamilies } });
  }),
};

export const isOurSlice = ({ metadata }: KubeObject): boolean => metadata.labels?.[MANAGER_LABEL] === MANAGER;

export const SLICE_ACTIONS: Actions = {
  sliceDelete: onAny(ENDPOINT_SLICES, (world, slice) => remove(world, ENDPOINT_SLICES, slice), isOurSlice),
  sliceEmptied: onAny(
    ENDPOINT_SLICES,
    (world, slice) => edit(world, ENDPOINT_SLICES, slice, { endpoints: [] }),
    isOurSlice,
  ),
  sliceUnlabelled: onAny(
    ENDPOINT_SLICES,
    (world, slice) => edit(world, ENDPOINT_SLICES, slice, { metadata: { labels: { [SERVICE_LABEL]: null } } }),
    isOurSlice,
  ),
};

export const MEMBER_ACTIONS: Actions = {
  /** Another workload's Service finds it now. */
  relabel: onAny(PODS, (world, pod, random) => {
    const app = random.pick(appsOf(world));
    return app !== undefined && edit(world, PODS, pod, { metadata: { labels: { app } } });
  }),
  priority: onAny(PODS, (world, pod, random) =>
    edit(world, PODS, pod, { metadata: { annotations: { [PRIORITY_ANNOTATION]: random.pick(["1", "2", null]) } } }),
  ),
};

const tidyWorkload = (world: World, index: number, random: Random): boolean => {
  const { deployments, sets } = world.shape.names;
  const deployment = named(world, DEPLOYMENTS, deployments[index] ?? "");
  if (deployment === undefined) return tidySet(world, sets[index] ?? "", { random, labels: COMMON });
  return replicasOf(deployment) === 0 && scaleDeployment(world, deployment, 1 + random.below(4));
};

/** Each pod carries the label of the workload that made it. */
const bringHome = (world: World): readonly boolean[] =>
  all(world, PODS)
    .filter((pod) => !isBystander(pod))
    .map((pod) => edit(world, PODS, pod, { metadata: { labels: { app: pod.metadata.name.replace(/-.*/, "") } } }));

/** The Service is there, and asks for one way or the other. */
const tidyService = (world: World, index: number, random: Random): boolean => {
  const { services, deployments, sets } = world.shape.names;
  const [name = "", deployment = "", set = ""] = [services[index], deployments[index], sets[index]];
  const annotations = random.pick([ASKS.label, ASKS.route]) ?? ASKS.none;
  const service = named(world, SERVICES, name);
  if (service !== undefined) {
    const isAsking = service.metadata.annotations?.[MODE_ANNOTATION] === MODE_VALUE;
    return !isAsking && annotate(world, service, annotations);
  }
  const app = named(world, DEPLOYMENTS, deployment) === undefined ? set : deployment;
  return createService(world, name, { selector: { app }, annotations, spec: drawSpec(random) });
};

export const tidyStandby = (world: World, index: number, random: Random): readonly boolean[] => [
  tidyWorkload(world, index, random),
  tidyService(world, index, random),
  ...bringHome(world),
];

/** A Service over the pods of a workload, in any mode, and in some groups another one. */
export const serveApp = (
  world: World,
  index: number,
  { app, random }: { readonly app: string; readonly random: Random },
): void => {
  const { services } = world.shape.names;
  const [name = "", spare = ""] = [services[index], services.at(-1)];
  const annotations = random.pick([ASKS.none, ASKS.label, ASKS.label, ASKS.route, ASKS.route]) ?? ASKS.none;
  createService(world, name, { selector: { app }, annotations, spec: drawSpec(random) });
  const isShared = random.chance(0.2);
  const asked = random.pick([ASKS.label, ASKS.label, ASKS.route]) ?? ASKS.label;
  if (isShared) createService(world, spare, { selector: { app }, annotations: asked });
};
