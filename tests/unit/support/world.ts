/** The whole function in one process: its features on the memory API, virtual time, every request and revision on record. */
import { join } from "node:path";
import type { OutgoingEvent } from "../../../events/encode.ts";
import { createElection } from "../../../functions/election/feature.ts";
import { LOCKS, ROLES } from "../../../functions/election/labels.ts";
import { ELECTION_METRICS } from "../../../functions/election/metrics.ts";
import type { FeatureContext } from "../../../functions/kit/context.ts";
import type { Feature, RunOutcome, SweepOutcome } from "../../../functions/kit/feature.ts";
import { HANDOVER_METRICS } from "../../../functions/kit/handover/metrics.ts";
import type { RoleNames } from "../../../functions/kit/handover/names.ts";
import { createLog } from "../../../functions/kit/host/log.ts";
import { METRICS } from "../../../functions/kit/host/metric-list.ts";
import { createMetrics, type Metric, type Metrics } from "../../../functions/kit/host/metrics.ts";
import {
  LEASES,
  PODS,
  STATEFUL_SETS,
  type KubeRequest,
  type KubeResponse,
  type Transport,
} from "../../../functions/kit/kube/request.ts";
import { readManifests } from "../../../infra/lab/manifests.ts";
import { createMemoryApi, type MemoryApi } from "../../../infra/lab/memory/api.ts";
import { NAMESPACE } from "./builders.ts";
import { handsOn, type Hands } from "./hands-on.ts";
import { createVirtualClock, type VirtualClock } from "./virtual-clock.ts";

const CRDS = readManifests(join(import.meta.dirname, "../../../infra/crds"));
const TICK_SECONDS = 2;
const CONTAINERS = [{ name: "main", image: "example.test/db" }];

/** Asked before each request of the function; what it returns is the answer, and nothing reaches the API. */
export type Interceptor = (request: KubeRequest) => KubeResponse | undefined;

export interface World extends Hands {
  readonly api: MemoryApi;
  readonly clock: VirtualClock;
  /** The function's transport: recorded, and interceptable. */
  readonly send: Transport;
  readonly feature: Feature;
  readonly metrics: Metrics;
  readonly log: ReturnType<typeof createLog>;
  readonly requests: readonly KubeRequest[];
  readonly events: readonly OutgoingEvent[];
  /** The most writers that any revision had at once, by StatefulSet pods with the role label. */
  mostWriters(): number;
  intercept(interceptor: Interceptor | undefined): void;
  /** Forgets requests and the most writers so far. */
  forget(): void;
  run(lock?: string): Promise<RunOutcome>;
  sweep(): Promise<{ readonly outcome: SweepOutcome; readonly found: readonly string[] }>;
}

/** Counts writers after each revision. */
const watchWriters = (api: MemoryApi, roles: RoleNames): { most: () => number; reset: () => void } => {
  const writers = new Set<string>();
  let most = 0;
  api.onRevision(({ type, resource, object }) => {
    if (resource.plural !== PODS.plural) return;
    const isWriter = type !== "DELETED" && object.metadata.labels?.[roles.roleLabel] === roles.leader;
    if (isWriter) writers.add(object.metadata.uid);
    else writers.delete(object.metadata.uid);
    most = Math.max(most, writers.size);
  });
  return {
    most: () => most,
    reset: () => {
      most = writers.size;
    },
  };
};

/** The feature that a world is about. */
export interface Subject {
  readonly roles: RoleNames;
  readonly metrics: readonly Metric[];
  readonly create: (context: FeatureContext) => Feature;
}

const ELECTION: Subject = { roles: ROLES, metrics: ELECTION_METRICS, create: createElection };

/** An empty cluster with one feature of the function in it; default: the election. */
export const createWorld = (subject: Subject = ELECTION): World => {
  const clock = createVirtualClock();
  const api = createMemoryApi({ now: () => clock.serverNow(), crds: CRDS });
  const metrics = createMetrics([...METRICS, ...HANDOVER_METRICS, ...subject.metrics]);
  const log = createLog({ level: "debug", write: () => undefined });
  const writers = watchWriters(api, subject.roles);
  const requests: KubeRequest[] = [];
  const events: OutgoingEvent[] = [];
  let interceptor: Interceptor | undefined;
  const send: Transport = async (request) => {
    requests.push(request);
    return Promise.resolve(interceptor?.(request) ?? api.handle(request));
  };
  const feature = subject.create({
    clock,
    log,
    metrics,
    tickSeconds: TICK_SECONDS,
    mode: "active",
    namespaces: [],
    instance: "function-1",
    emit: (event) => events.push(event),
  });
  return {
    api,
    clock,
    send,
    feature,
    metrics,
    log,
    requests,
    events,
    mostWriters: writers.most,
    intercept: (next) => {
      interceptor = next;
    },
    forget: () => {
      requests.length = 0;
      writers.reset();
    },
    run: (lock = "db-lock") => clock.settle(feature.run(`${NAMESPACE}/${lock}`, send)),
    sweep: async () => {
      const found: string[] = [];
      const outcome = await clock.settle(feature.sweep(send, (groups) => found.push(...groups)));
      return { outcome, found };
    },
    ...handsOn(api),
  };
};

/** A StatefulSet without its controller; its pods are made by `addPod`. */
export const addSet = (world: World, { name = "db" }: { readonly name?: string } = {}): string =>
  world.create(STATEFUL_SETS, {
    metadata: { name },
    spec: {
      serviceName: name,
      replicas: 3,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: CONTAINERS } },
    },
  }).metadata.uid;

export const setReady = (world: World, pod: string, ready: boolean): void => {
  const conditions = [{ type: "Ready", status: ready ? "True" : "False" }];
  world.change(PODS, pod, { status: { phase: "Running", conditions } }, "status");
};

/** A running pod of the StatefulSet on a node, so that deleting it takes its grace period. */
export const addPod = (
  world: World,
  name: string,
  {
    ready = true,
    set = "db",
    role = "",
  }: { readonly ready?: boolean; readonly set?: string; readonly role?: string } = {},
): void => {
  const owner = world.get(STATEFUL_SETS, set);
  world.create(PODS, {
    metadata: {
      name,
      labels: { app: set, ...(role === "" ? {} : { [ROLES.roleLabel]: role }) },
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "StatefulSet", name: set, uid: owner?.metadata.uid, controller: true },
      ],
    },
    spec: { nodeName: "node-1", containers: CONTAINERS },
  });
  setReady(world, name, ready);
};

export const addLock = (world: World, { name = "db-lock", ...spec }: Readonly<Record<string, unknown>> = {}): void => {
  const leaseName = spec["leaseName"] ?? "db-lease";
  world.create(LOCKS, {
    metadata: { name },
    spec: { statefulSetName: "db", leaseDurationSeconds: 30, ...spec, leaseName },
  });
};

/** Tells the StatefulSet how many pods it has, as its controller does. */
export const countPods = (world: World, replicas: number, set = "db"): void => {
  world.change(STATEFUL_SETS, set, { status: { replicas } }, "status");
};

/** A StatefulSet of three Ready pods with a lock; nothing has run yet. */
export const createGroup = (lock: Readonly<Record<string, unknown>> = {}): World => {
  const world = createWorld();
  addSet(world);
  for (const name of ["db-0", "db-1", "db-2"]) addPod(world, name);
  countPods(world, 3);
  addLock(world, lock);
  return world;
};

/** The same at rest under db-0, nothing on record yet. */
export const createGroupAtRest = async (lock: Readonly<Record<string, unknown>> = {}): Promise<World> => {
  const world = createGroup(lock);
  await world.run();
  world.forget();
  return world;
};

/** Role of each pod by name. */
export const rolesOf = (
  world: World,
  names: readonly string[] = ["db-0", "db-1", "db-2"],
): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(names.map((name) => [name, world.get(PODS, name)?.metadata.labels?.[ROLES.roleLabel]]));

export interface StatusText {
  readonly writerPod?: string;
  readonly epoch?: number;
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }[];
}

export const statusOf = (world: World, lock = "db-lock"): StatusText => world.get(LOCKS, lock)?.status ?? {};

/** `True/Reason` of a condition; undefined when it is absent. */
export const conditionOf = (world: World, type: string, lock = "db-lock"): string | undefined => {
  const found = statusOf(world, lock).conditions?.find((condition) => condition.type === type);
  return found === undefined ? undefined : `${found.status}/${found.reason}`;
};

export const leaseOf = (world: World, name = "db-lease"): Readonly<Record<string, unknown>> | undefined =>
  world.get(LEASES, name)?.spec as Readonly<Record<string, unknown>> | undefined;

export const writesOf = (world: World): readonly KubeRequest[] =>
  world.requests.filter(({ method }) => method !== "GET");

/** Two sets with a lock each, both at rest. */
export const createTwoGroups = async (): Promise<World> => {
  const world = createWorld();
  for (const name of ["one", "two"]) {
    addSet(world, { name });
    addPod(world, `${name}-0`, { set: name });
    countPods(world, 1, name);
    addLock(world, { name: `${name}-lock`, statefulSetName: name, leaseName: `${name}-lease` });
  }
  await world.run("one-lock");
  await world.run("two-lock");
  return world;
};
