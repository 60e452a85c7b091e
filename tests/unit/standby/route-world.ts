/**
 * Route mode in one process: the memory API, what the EndpointSlice controller would do, virtual time, and an eye on where the Service leads
 * at each revision.
 */
import type { OutgoingEvent } from "../../../events/encode.ts";
import type { FeatureContext } from "../../../functions/kit/context.ts";
import type { RunOutcome } from "../../../functions/kit/feature.ts";
import { HANDOVER_METRICS } from "../../../functions/kit/handover/metrics.ts";
import { createLog } from "../../../functions/kit/host/log.ts";
import { METRICS } from "../../../functions/kit/host/metric-list.ts";
import { createMetrics } from "../../../functions/kit/host/metrics.ts";
import { PRIORITY_ANNOTATION } from "../../../functions/kit/pods/candidate.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import {
  EVENTS,
  PODS,
  SERVICES,
  type KubeRequest,
  type KubeResponse,
  type Transport,
} from "../../../functions/kit/kube/request.ts";
import { MODE_ANNOTATION, MODE_VALUE, ROUTE_ANNOTATION, ROUTE_VALUE } from "../../../functions/standby/labels.ts";
import { STANDBY_METRICS } from "../../../functions/standby/metrics.ts";
import { viewService } from "../../../functions/standby/model.ts";
import type { RouteMode } from "../../../functions/standby/route-mode.ts";
import { createRouteMode } from "../../../functions/standby/route/route.ts";
import { createMemoryApi, type MemoryApi } from "../../../infra/lab/memory/api.ts";
import { NAMESPACE } from "../support/builders.ts";
import { control, handsOn, itemsOf, type Hands } from "./route-control.ts";
import { watch, type Reach } from "./route-eye.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual-clock.ts";

export const SERVICE = "db";
export const ROUTE: Readonly<Record<string, string>> = {
  [MODE_ANNOTATION]: MODE_VALUE,
  [ROUTE_ANNOTATION]: ROUTE_VALUE,
};
const CONTAINERS = [
  { name: "main", image: "example.test/db", ports: [{ name: "sql", containerPort: 5432, protocol: "TCP" }] },
];

export type Interceptor = (request: KubeRequest) => KubeResponse | undefined;

export interface PodOptions {
  readonly ready?: boolean;
  readonly ips?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly priority?: number;
  readonly subdomain?: string;
}

export interface RouteWorld extends Hands {
  readonly api: MemoryApi;
  readonly clock: VirtualClock;
  readonly context: FeatureContext;
  readonly route: RouteMode;
  /** The function's transport: recorded, and interceptable. */
  readonly send: Transport;
  readonly requests: readonly KubeRequest[];
  readonly events: readonly OutgoingEvent[];
  /** Of the log, those of errors. */
  readonly errors: readonly string[];
  /** What was wrong with where the Service led, at each revision from the end of the cut-over on (S2). */
  readonly violations: readonly string[];
  /** Revisions at which nobody could be reached. */
  readonly gaps: readonly string[];
  intercept(interceptor: Interceptor | undefined): void;
  forget(): void;
  run(): Promise<RunOutcome>;
  sweep(): Promise<readonly string[]>;
  /** What the EndpointSlice controller would do now. */
  control(): void;
  /** Run and controller in turn until neither has anything to do; the last outcome. */
  settle(): Promise<RunOutcome>;
  readonly reach: () => Reach;
}

const contextOf = (clock: VirtualClock, events: OutgoingEvent[], errors: string[]): FeatureContext => ({
  clock,
  log: createLog({ level: "error", write: (line) => errors.push(line) }),
  metrics: createMetrics([...METRICS, ...HANDOVER_METRICS, ...STANDBY_METRICS]),
  tickSeconds: 2,
  mode: "active",
  namespaces: [],
  instance: "function-1",
  emit: (event) => events.push(event),
});

const TURNS_MAX = 20;

export const createRouteWorld = (): RouteWorld => {
  const clock = createVirtualClock();
  const api = createMemoryApi({ now: () => clock.serverNow(), crds: [] });
  const eye = watch(api, SERVICE);
  const hands = handsOn(api);
  const requests: KubeRequest[] = [];
  const events: OutgoingEvent[] = [];
  const errors: string[] = [];
  const context = contextOf(clock, events, errors);
  const route = createRouteMode();
  let interceptor: Interceptor | undefined;
  const send: Transport = async (request) => {
    requests.push(request);
    return Promise.resolve(interceptor?.(request) ?? api.handle(request));
  };
  const run = (): Promise<RunOutcome> =>
    clock.settle(route.run({ context, send }, { namespace: NAMESPACE, name: SERVICE }));
  return {
    api,
    clock,
    context,
    route,
    send,
    requests,
    events,
    errors,
    violations: eye.violations,
    gaps: eye.gaps,
    reach: eye.reach,
    intercept: (next) => {
      interceptor = next;
    },
    forget: () => {
      requests.length = 0;
      events.length = 0;
      eye.gaps.length = 0;
    },
    run,
    sweep: async () => {
      const services = itemsOf(api, SERVICES).map(viewService);
      const swept = await clock.settle(route.sweep({ context, send }, Promise.resolve(services)));
      return swept.runs.map(({ name }) => name);
    },
    control: () => control(api, hands),
    settle: async () => {
      for (let turn = 0; turn < TURNS_MAX; turn += 1) {
        // Controller and function take turns.
        // oxlint-disable-next-line no-await-in-loop
        const outcome = await run();
        control(api, hands);
        if (outcome.kind === "done") return outcome;
      }
      throw new Error("not at rest");
    },
    ...hands,
  };
};

export const addressesOf = (index: number): readonly string[] => [`10.1.0.${index}`, `fd00::${index}`];

export const setReady = (world: RouteWorld, name: string, ready: boolean): void => {
  const conditions = [{ type: "Ready", status: ready ? "True" : "False" }];
  world.change(PODS, name, { status: { phase: "Running", conditions } }, "status");
};

export const addPod = (world: RouteWorld, name: string, options: PodOptions = {}): string => {
  const { ready = true, ips = addressesOf(Number(name.at(-1))), labels, priority, subdomain } = options;
  const annotations = priority === undefined ? {} : { [PRIORITY_ANNOTATION]: String(priority) };
  const { metadata } = world.create(PODS, {
    metadata: { name, labels: { app: "db", ...labels }, annotations },
    spec: {
      nodeName: "node-1",
      containers: CONTAINERS,
      ...(subdomain === undefined ? {} : { hostname: name, subdomain }),
    },
  });
  const podIPs = ips.map((ip) => ({ ip }));
  world.change(PODS, name, { status: { phase: "Running", podIP: ips[0], podIPs } }, "status");
  setReady(world, name, ready);
  return metadata.uid;
};

export const addService = (
  world: RouteWorld,
  { annotations = ROUTE, ...spec }: Readonly<Record<string, unknown>> = {},
): KubeObject =>
  world.create(SERVICES, {
    metadata: { name: SERVICE, annotations, labels: { team: "data" } },
    spec: { selector: { app: "db" }, ports: [{ name: "sql", port: 5432, targetPort: "sql" }], ...spec },
  });

export const DUAL = { ipFamilies: ["IPv4", "IPv6"], ipFamilyPolicy: "RequireDualStack" } as const;

/** Three Ready pods, the Service, and the controllers' slices; nothing of ours yet. */
export const createScene = (spec: Readonly<Record<string, unknown>> = {}): RouteWorld => {
  const world = createRouteWorld();
  for (const name of ["db-1", "db-2", "db-3"]) addPod(world, name);
  addService(world, spec);
  world.control();
  return world;
};

/** The same after the cut-over, under db-1. */
export const createRouted = async (spec: Readonly<Record<string, unknown>> = {}): Promise<RouteWorld> => {
  const world = createScene(spec);
  await world.settle();
  world.forget();
  return world;
};

export const uidOf = (world: RouteWorld, pod: string): string => world.get(PODS, pod)?.metadata.uid ?? "";

export const writesOf = (world: RouteWorld): readonly string[] =>
  world.requests.flatMap(({ method, verb, resource, name, body }) => {
    const named = name ?? (body as KubeObject | undefined)?.metadata.name ?? "";
    return method === "GET" ? [] : [`${verb} ${resource.plural}${resource.plural === "events" ? "" : ` ${named}`}`];
  });

/** The notes of the Warnings that were asked for. */
export const warningsOf = ({ requests }: RouteWorld): readonly string[] =>
  requests
    .filter(({ resource }) => resource === EVENTS)
    .map(({ body }) => body as { readonly type: string; readonly reason: string; readonly note: string })
    .filter(({ type }) => type === "Warning")
    .map(({ reason, note }) => `${reason}: ${note}`);
