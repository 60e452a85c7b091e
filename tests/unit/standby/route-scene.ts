/** What route mode observes, with everything filled in, so that a row of a table names only what it is about. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { FIELD_MANAGER } from "../../../functions/kit/kube/request.ts";
import { decide } from "../../../functions/standby/route/decide.ts";
import type { Family } from "../../../functions/standby/route/endpoint.ts";
import {
  contentOf,
  recordFamily,
  sliceName,
  viewRouted,
  viewRoutePod,
  type OtherSlice,
  type RoutedService,
  type SliceView,
} from "../../../functions/standby/route/model.ts";
import { plan } from "../../../functions/standby/route/plan.ts";
import type { Observed, Step } from "../../../functions/standby/route/step.ts";
import { EPOCH, NAMESPACE, NOW } from "../support/builders.ts";
import { ROUTE, SERVICE } from "./route-world.ts";

export { EPOCH };
export const SERVICE_UID = "uid-of-db";

export interface ServiceOptions {
  readonly families?: readonly Family[];
  readonly annotations?: Readonly<Record<string, string | undefined>>;
  readonly selector?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly deleting?: boolean;
  readonly spec?: Readonly<Record<string, unknown>>;
}

export const CLAIM: Readonly<Record<string, string>> = { "bellwether.dev/routed-selector": '{"app":"db"}' };
export const TOLD: Readonly<Record<string, string>> = { ...CLAIM, "bellwether.dev/routed-epoch": String(EPOCH) };
export const NARROWED: Readonly<Record<string, string>> = { app: "db", "bellwether.dev/routed": "slice" };
/** The last change of the selector was made; of the Service's version one can be begun. */
export const TURN = "2";
export const VERSION = "3";
export const TURNED: Readonly<Record<string, string>> = { "bellwether.dev/route-turn": TURN };

/** Asks for route mode; nothing of ours is on it. */
export const rawService = (options: ServiceOptions = {}): KubeObject => {
  const { families = ["IPv4"], annotations, selector = { app: "db" }, labels, deleting = false, spec } = options;
  const texts = Object.entries({ ...ROUTE, ...annotations }).filter(([, text]) => text !== undefined);
  return {
    metadata: {
      name: SERVICE,
      namespace: NAMESPACE,
      uid: SERVICE_UID,
      resourceVersion: VERSION,
      annotations: Object.fromEntries(texts) as Record<string, string>,
      ...(labels === undefined ? {} : { labels }),
      ...(deleting ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
    },
    spec: {
      clusterIP: "10.96.0.9",
      ipFamilies: families,
      selector,
      ports: [{ port: 5432, targetPort: 5432 }],
      ...spec,
    },
  };
};

export const aService = (options: ServiceOptions = {}): RoutedService => viewRouted(rawService(options), NOW);

/** Written last so many seconds ago; default: by us. */
export const written = (options: ServiceOptions, seconds: number, manager: string = FIELD_MANAGER): RoutedService => {
  const raw = rawService(options);
  const managedFields = [{ manager, time: new Date(NOW - seconds * 1_000).toISOString() }];
  return viewRouted({ ...raw, metadata: { ...raw.metadata, managedFields } }, NOW);
};

export interface RoutePodOptions {
  readonly ready?: boolean;
  readonly terminating?: boolean;
  readonly phase?: string;
  readonly ips?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly uid?: string;
  readonly created?: string;
  readonly spec?: unknown;
}

const POD_DEFAULTS = {
  ready: true,
  phase: "Running",
  ips: ["10.1.0.1", "fd00::1"],
  created: "2025-06-01T00:00:00Z",
  annotations: {},
  spec: { nodeName: "node-1", containers: [] } as unknown,
};

export const rawPod = (name: string, options: RoutePodOptions = {}): KubeObject => {
  const { ready, phase, ips, created, annotations, spec } = { ...POD_DEFAULTS, ...options };
  return {
    metadata: {
      name,
      namespace: NAMESPACE,
      uid: options.uid ?? `uid-of-${name}`,
      resourceVersion: "10",
      creationTimestamp: created,
      labels: { app: "db", ...options.labels },
      annotations,
      ...(options.terminating === true ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
    },
    spec,
    status: {
      phase,
      podIPs: ips.map((ip) => ({ ip })),
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
    },
  };
};

/** A slice as it is at rest under `holder`, but for what is given. */
export const aSlice = (
  service: RoutedService,
  pods: readonly KubeObject[],
  options: Partial<SliceView> & { readonly family?: Family; readonly on?: string | undefined } = {},
): SliceView => {
  const { family = recordFamily(service), on = "a", ...rest } = options;
  const isRecord = family === recordFamily(service);
  const raw = pods.find(({ metadata }) => metadata.name === on);
  const pod = raw === undefined ? undefined : viewRoutePod(raw, service, NOW);
  return {
    name: sliceName(SERVICE, family),
    namespace: NAMESPACE,
    uid: `uid-of-${family}`,
    resourceVersion: "7",
    addressType: family,
    owner: SERVICE_UID,
    deleting: false,
    holder: { name: on, uid: `uid-of-${on}` },
    epoch: EPOCH,
    tampered: false,
    second: isRecord && service.families.length > 1 ? "uid-of-IPv6" : undefined,
    turn: service.turn ?? TURN,
    exclusive: isRecord,
    ...contentOf(service, family, pod),
    ...rest,
  };
};

/** The fence: emptied, nobody's, under the next epoch. */
export const fenced = (epoch: number): Partial<SliceView> => ({ holder: undefined, endpoints: [], epoch });

export const anOther = (options: Partial<OtherSlice> = {}): OtherSlice => ({
  name: "db-x2x4z",
  manager: "endpointslice-controller.k8s.io",
  addressType: "IPv4",
  turn: TURN,
  endpoints: 2,
  ready: ["uid-of-a", "uid-of-b"],
  ...options,
});

export interface Scene {
  readonly service?: RoutedService;
  readonly pods?: readonly KubeObject[];
  readonly slices?: readonly SliceView[];
  readonly others?: readonly OtherSlice[];
}

export const observedIn = ({ service = aService(), pods = [], slices = [], others = [] }: Scene): Observed =>
  decide({ service, slices, others, pods: pods.map((pod) => viewRoutePod(pod, service, NOW)), now: NOW }).observed;

const sideOf = (addressType: string): string => (addressType === "IPv4" ? "v4" : "v6");

/** `swap v4 b @189388800`, `service +routed`, `delete v6`, `wait: …`, `rest: …`. */
export const stepText = (step: Step): string => {
  switch (step.kind) {
    case "service": {
      const { annotations, labels, selector } = step.change;
      const texts = Object.entries({ ...annotations, ...labels, ...selector }).map(
        ([key, value]) => `${value === null ? "-" : "+"}${key.replace(/^.*\//, "")}`,
      );
      return `service ${texts.join(" ")}`;
    }
    case "write": {
      const { phase, slice, spec } = step;
      const to = spec.holder === undefined ? "nobody" : spec.holder.name;
      return `${slice === undefined ? "new " : ""}${phase} ${sideOf(spec.family)} ${to} @${spec.epoch}`;
    }
    case "delete":
      return `delete ${sideOf(step.slice.addressType)}`;
    case "wait":
      return `wait: ${step.reason}`;
    case "settled":
      return `rest: ${step.reason}`;
  }
};

export const next = (scene: Scene): string => stepText(plan(observedIn(scene)));

export const A: KubeObject = rawPod("a");
export const B: KubeObject = rawPod("b", { created: "2025-07-01T00:00:00Z" });
export const A_DOWN: KubeObject = rawPod("a", { ready: false });
export const B_DOWN: KubeObject = rawPod("b", { ready: false });
export const PODS: readonly KubeObject[] = [A, B];
/** Services at rest under pod a: of one family, and of two. */
export const SINGLE: RoutedService = aService({ annotations: TOLD, labels: TURNED, selector: NARROWED });
export const DUAL: RoutedService = aService({
  annotations: TOLD,
  labels: TURNED,
  selector: NARROWED,
  families: ["IPv4", "IPv6"],
});

export type Row = readonly [state: string, scene: Scene, step: string];
