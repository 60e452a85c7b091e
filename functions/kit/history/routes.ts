/**
 * S2: from the end of its cut-over on, an active/standby Service leads to at most one ready pod in each address family, over all of
 * its EndpointSlices and whoever wrote them. Proxies and DNS go by these; labels alone do not show it.
 */
import type { RoleNames } from "../handover/names.ts";
import type { KubeObject } from "../kube/object.ts";
import { ENDPOINT_SLICES, SERVICES } from "../kube/request.ts";
import { isOurs, type OtherStep, type PodStep, type Step } from "./replay.ts";
import { evidenceOf, faultAt, type Evidence, type Fault } from "./verdict.ts";

interface Mark {
  readonly key: string;
  readonly value: string;
}

/** How Services and slices say what they are. In label mode the selector asks for the leader's label. */
export interface RouteNames {
  /** Annotation by which a Service opts in. */
  readonly mode: Mark;
  /** Key in the selector of a Service in route mode. */
  readonly routedKey: string;
  /** Annotation of the slice that is the record in route mode: the cut-over of its turn has ended. */
  readonly exclusive: Mark;
  /** Label of a Service in route mode, and annotation of the record: the last change of the selector. */
  readonly turn: string;
}

export interface RouteCheck {
  take(step: Step): readonly Fault[];
  /** Services whose cut-over was seen to have ended; they were judged from then on. */
  routes(): number;
}

const SERVICE_LABEL = "kubernetes.io/service-name";

interface RawEndpoint {
  readonly addresses?: readonly string[];
  readonly conditions?: { readonly ready?: boolean | null };
  readonly targetRef?: { readonly name?: string; readonly uid?: string };
}

interface Target {
  /** Of the pod; the address of what is no pod. */
  readonly uid: string;
  readonly name: string;
  readonly ready: boolean;
  /** Since when this slice shows it so. */
  readonly since: Evidence;
}

interface Slice {
  readonly family: string;
  /** The turn whose cut-over has ended. */
  readonly ended: string | undefined;
  readonly targets: readonly Target[];
}

/** How the selector leads to one pod; undefined: it does not. */
type Mode = "label" | "route" | undefined;

interface Route {
  mode: Mode;
  turn: string | undefined;
  /** The Service as it was written last, for evidence. */
  written: Evidence | undefined;
  readonly slices: Map<string, Slice>;
  /** Families whose cut-over has ended. */
  readonly ended: Set<string>;
  /** Pods that were told already, of each family that leads to several. */
  readonly told: Map<string, ReadonlySet<string>>;
}

const newRoute = (): Route => ({
  mode: undefined,
  turn: undefined,
  written: undefined,
  slices: new Map(),
  ended: new Set(),
  told: new Map(),
});

const carries = ({ metadata }: KubeObject, { key, value }: Mark): boolean => metadata.annotations?.[key] === value;

const modeOf = (service: KubeObject, { roleLabel, leader }: RoleNames, { mode, routedKey }: RouteNames): Mode => {
  if (!carries(service, mode)) return undefined;
  const { selector } = (service.spec ?? {}) as { readonly selector?: Readonly<Record<string, string>> | null };
  if (selector?.[routedKey] !== undefined) return "route";
  return selector?.[roleLabel] === leader ? "label" : undefined;
};

const podOf = ({ addresses, targetRef }: RawEndpoint): Pick<Target, "uid" | "name"> => {
  const [address = ""] = addresses ?? [];
  return { uid: targetRef?.uid ?? address, name: targetRef?.name ?? address };
};

const readSlice = (step: OtherStep, object: KubeObject, known: Slice | undefined, names: RouteNames): Slice => {
  const { addressType, endpoints } = object as {
    readonly addressType?: string;
    readonly endpoints?: readonly RawEndpoint[] | null;
  };
  const targets = (endpoints ?? []).map((endpoint) => {
    const { uid, name } = podOf(endpoint);
    // Consumers take an unknown state for ready (discovery.k8s.io/v1, EndpointConditions).
    const ready = endpoint.conditions?.ready !== false;
    const before = known?.targets.find((target) => target.uid === uid && target.ready === ready);
    return {
      uid,
      name,
      ready,
      since: before?.since ?? evidenceOf(step, `led to ${name}${ready ? "" : ", not ready"}`),
    };
  });
  const ended = carries(object, names.exclusive) ? object.metadata.annotations?.[names.turn] : undefined;
  return { family: addressType ?? "", ended, targets };
};

/** One of each pod, over all slices of the family. */
const distinct = (targets: readonly Target[]): readonly Target[] => [
  ...new Map(targets.map((target) => [target.uid, target])).values(),
];

const targetsIn = ({ slices }: Route, family: string): readonly Target[] =>
  [...slices.values()].filter((slice) => slice.family === family).flatMap(({ targets }) => targets);

/** Pods whose leader label somebody else wrote last. One that lost it is remembered: its endpoint goes later than its label. */
const createStrangers = (): { readonly note: (step: PodStep) => void; readonly has: (target: Target) => boolean } => {
  const strangers = new Set<string>();
  return {
    note: ({ after, revision }) => {
      const { uid } = revision.object.metadata;
      if (after?.leads === true && !after.isRoleOurs) strangers.add(uid);
      else if (after === undefined || after.leads) strangers.delete(uid);
    },
    has: ({ uid }) => strangers.has(uid),
  };
};

/** `<namespace>/<name>` of the Service; undefined: neither a Service nor a slice of one. */
const routeKeyOf = (object: KubeObject | undefined): string | undefined => {
  const { kind, metadata } = object ?? {};
  const service = kind === ENDPOINT_SLICES.kind ? metadata?.labels?.[SERVICE_LABEL] : undefined;
  const name = kind === SERVICES.kind ? metadata?.name : service;
  return name === undefined ? undefined : `${metadata?.namespace ?? ""}/${name}`;
};

/** Whatever the slices show, the cut-over of the present turn is said to have ended. */
const isMarked = ({ mode, turn, slices }: Route): boolean =>
  mode === "route" && turn !== undefined && [...slices.values()].some(({ ended }) => ended === turn);

/** Nothing is left to know: most Services of a cluster do not opt in, but their slices may come before they do. */
const isOver = ({ mode, slices }: Route): boolean => mode === undefined && slices.size === 0;

/**
 * The step can show that controllers have followed the selector in a family: they wrote a slice of it, or it is all that is known. A Service
 * that gets its key back cannot: they may have seen it without.
 */
const tellsOfControllers = (step: OtherStep, family: string): boolean => {
  const { kind, addressType = family } = step.revision.object as KubeObject & { readonly addressType?: string };
  return addressType === family && (step.before === undefined || (kind === ENDPOINT_SLICES.kind && !isOurs(step)));
};

export const createRouteCheck = (roles: RoleNames, names: RouteNames): RouteCheck => {
  const byService = new Map<string, Route>();
  const judged = new Set<string>();
  const strangers = createStrangers();

  const noteService = (step: OtherStep, route: Route): void => {
    const mode = step.after === undefined ? undefined : modeOf(step.after.raw, roles, names);
    if (mode !== route.mode) route.ended.clear();
    route.mode = mode;
    route.turn = step.after?.raw.metadata.labels?.[names.turn];
    route.written = evidenceOf(step, `was written for ${mode ?? "no"} mode`);
  };
  const noteSlice = (step: OtherStep, route: Route): void => {
    const { uid } = step.revision.object.metadata;
    if (step.after === undefined) route.slices.delete(uid);
    else route.slices.set(uid, readSlice(step, step.after.raw, route.slices.get(uid), names));
  };
  /** The pods that a family leads to at once, if it must not and that was not told. */
  const newlyDoubled = (route: Route, family: string): readonly Target[] => {
    const ready = distinct(targetsIn(route, family).filter((target) => target.ready));
    if (ready.length <= 1) route.told.delete(family);
    if (ready.length <= 1 || !route.ended.has(family)) return [];
    if (route.mode === "label" && ready.some((target) => strangers.has(target))) return [];
    const told = route.told.get(family);
    route.told.set(family, new Set(ready.map(({ uid }) => uid)));
    return ready.every(({ uid }) => told?.has(uid)) ? [] : ready;
  };
  const judgeRoute = (step: OtherStep, key: string, route: Route): readonly Fault[] => {
    if (route.mode !== "label" && !isMarked(route)) {
      route.ended.clear();
      return [];
    }
    const families = [...new Set([...route.slices.values()].map(({ family }) => family))];
    for (const family of families) {
      // Pods that are not ready count here: they are in the slices of a selector that has not been followed.
      const isFollowed = tellsOfControllers(step, family) && distinct(targetsIn(route, family)).length <= 1;
      if (isFollowed || isMarked(route)) route.ended.add(family);
    }
    const faults = families.flatMap((family) => {
      const ready = newlyDoubled(route, family);
      if (ready.length === 0) return [];
      const pods = ready.map(({ name, uid }) => `${name} (${uid})`).join(", ");
      const message = `Service ${key} leads to ${ready.length} ready pods over ${family}: ${pods}`;
      return [faultAt(step, "S2", message, [route.written, ...ready.map(({ since }) => since)])];
    });
    if (route.ended.size > 0) judged.add(key);
    return faults;
  };
  const routeOf = (key: string): Route => {
    const route = byService.get(key) ?? newRoute();
    byService.set(key, route);
    return route;
  };
  const judgeOther = (step: OtherStep): readonly Fault[] => {
    const { kind, metadata } = step.revision.object;
    const [former, key] = [step.before, step.after ?? step.before].map((state) => routeKeyOf(state?.raw));
    // Without its label, or with another one, it is no slice of that Service any more.
    if (former !== undefined && former !== key) byService.get(former)?.slices.delete(metadata.uid);
    if (key === undefined) return [];
    const route = routeOf(key);
    if (kind === SERVICES.kind) noteService(step, route);
    else noteSlice(step, route);
    if (isOver(route)) byService.delete(key);
    return judgeRoute(step, key, route);
  };
  return {
    take: (step) => {
      if (step.kind === "pod") strangers.note(step);
      return step.kind === "other" ? judgeOther(step) : [];
    },
    routes: () => judged.size,
  };
};
