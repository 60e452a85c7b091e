/**
 * Active/standby on the memory API with virtual time: every request on record, and after every revision it is looked where each Service
 * leads and how many active pods it has, as controllers without delay would see it.
 */
import type { OutgoingEvent } from "../../../events/encode.ts";
import type { Feature, RunOutcome } from "../../../functions/kit/feature.ts";
import { HANDOVER_METRICS } from "../../../functions/kit/handover/metrics.ts";
import { createLog } from "../../../functions/kit/host/log.ts";
import { METRICS } from "../../../functions/kit/host/metric-list.ts";
import { createMetrics, type Metrics } from "../../../functions/kit/host/metrics.ts";
import type { KubeRequest, KubeResponse, Transport } from "../../../functions/kit/kube/request.ts";
import { createStandby } from "../../../functions/standby/feature.ts";
import { STANDBY_METRICS } from "../../../functions/standby/metrics.ts";
import { groupOf, type Selector } from "../../../functions/standby/model.ts";
import type { RouteMode } from "../../../functions/standby/route-mode.ts";
import { createMemoryApi, type MemoryApi } from "../../../infra/lab/memory/api.ts";
import { NAMESPACE } from "../support/builders.ts";
import { handsOn, type Hands } from "../support/hands-on.ts";
import { watchRoutes, type Routes } from "./routes.ts";
import { runsOf, type Runs } from "../support/instance.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual-clock.ts";

const TICK_SECONDS = 2;
/** More runs than any test needs. */
const RUNS_MAX = 50;

/** The Services of most tests. */
export const APP: Selector = { app: "store" };
export const GROUP: string = groupOf(APP);
export const KEY: string = `${NAMESPACE}/${GROUP}`;
export const LEASE: string = `bellwether-standby-${GROUP}`;

/** Asked before each request of the function; what it returns is the answer, and nothing reaches the API. */
export type Interceptor = (request: KubeRequest) => KubeResponse | undefined;

export interface World extends Routes, Hands {
  readonly api: MemoryApi;
  readonly clock: VirtualClock;
  readonly send: Transport;
  readonly metrics: Metrics;
  readonly feature: Feature;
  readonly requests: readonly KubeRequest[];
  readonly events: readonly OutgoingEvent[];
  intercept(interceptor: Interceptor | undefined): void;
  /** Another instance of the function, which knows nothing. */
  instance(options?: InstanceOptions): Feature;
  run(key?: string, feature?: Feature): Promise<RunOutcome>;
  /** Runs the groups, and whatever turns out to need one, until nothing does; returns the keys that were run. */
  drain(keys: readonly string[], feature?: Feature): Promise<readonly string[]>;
  sweep(feature?: Feature): Promise<readonly string[]>;
  /** A sweep, and the runs that it asks for. */
  tick(feature?: Feature): Promise<readonly string[]>;
}

interface InstanceOptions {
  /** Default: the real one. */
  readonly route?: RouteMode;
  readonly mode?: "active" | "observe";
}

/** An empty cluster with the function in it. */
export const createWorld = (): World => {
  const clock = createVirtualClock();
  const api = createMemoryApi({ now: () => clock.serverNow(), crds: [] });
  const metrics = createMetrics([...METRICS, ...HANDOVER_METRICS, ...STANDBY_METRICS]);
  const log = createLog({ level: "debug", write: () => undefined });
  const watched = watchRoutes(api);
  const requests: KubeRequest[] = [];
  const events: OutgoingEvent[] = [];
  let interceptor: Interceptor | undefined;
  const send: Transport = async (request) => {
    requests.push(request);
    return Promise.resolve(interceptor?.(request) ?? api.handle(request));
  };
  const instance: World["instance"] = ({ mode = "active", route } = {}) =>
    createStandby(
      {
        clock,
        log,
        metrics,
        tickSeconds: TICK_SECONDS,
        mode,
        namespaces: [],
        instance: "function-1",
        emit: (event) => events.push(event),
      },
      route,
    );
  const feature = instance();
  const sweep: World["sweep"] = async (which = feature) => {
    const found: string[] = [];
    await clock.settle(which.sweep(send, (groups) => found.push(...groups)));
    return found;
  };
  const drain: World["drain"] = async (keys, which = feature) => {
    const run: string[] = [];
    for (let due = [...keys]; due.length > 0;) {
      const [key = "", ...later] = due;
      run.push(key);
      if (run.length > RUNS_MAX) throw new Error(`still ${due.join(", ")} after ${RUNS_MAX} runs`);
      // Runs follow one another.
      // oxlint-disable-next-line no-await-in-loop
      const outcome = await clock.settle(which.run(key, send));
      const next = outcome.kind === "done" ? (outcome.next ?? []) : [];
      due = [...new Set([...later, ...next])];
    }
    return run;
  };
  return {
    api,
    clock,
    send,
    metrics,
    feature,
    requests,
    events,
    ...watched,
    intercept: (next) => {
      interceptor = next;
    },
    forget: () => {
      requests.length = 0;
      watched.forget();
    },
    instance,
    run: (key = KEY, which = feature) => clock.settle(which.run(key, send)),
    drain,
    sweep,
    tick: async (which = feature) => drain(await sweep(which), which),
    ...handsOn(api),
  };
};

/** Of the group of most tests, each by another instance. */
export const runs = (world: World): Runs => runsOf(world, (send) => world.instance().run(KEY, send));
