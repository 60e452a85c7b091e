/** Events as the host hands them to the function, and a function with one feature that does what a test says. */
import { createFunction, type FunctionOptions, type RunningFunction } from "../../../functions/function.ts";
import type { Feature, RunOutcome } from "../../../functions/kit/feature.ts";
import { createMetrics } from "../../../functions/kit/host/metrics.ts";
import { createLog } from "../../../functions/kit/host/log.ts";
import { METRICS } from "../../../functions/kit/host/metric-list.ts";
import type { Context } from "../../../functions/kit/host/server.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { Resource, Transport } from "../../../functions/kit/kube/request.ts";
import { createVirtualClock, type VirtualClock } from "./virtual-clock.ts";

export const ACK_AFTER_MS = 300;

export const contextOf = (headers: Record<string, string>, body: unknown): Context =>
  ({ headers, body, rawBody: body === undefined ? "" : JSON.stringify(body), method: "POST" }) as unknown as Context;

export const cloudEvent = (type: string, attributes: Record<string, string>, body?: unknown): Context => {
  const all = { specversion: "1.0", id: "1", source: "https://api.test", type, ...attributes };
  const named = Object.entries(all).map(([name, value]) => [`ce-${name}`, value]);
  return contextOf({ "content-type": "application/json", ...Object.fromEntries(named) }, body);
};
export const TICK: Context = cloudEvent("dev.knative.sources.ping", {});

export const changed = (resource: Resource, object: KubeObject, change = "update"): Context => {
  const apiVersion = resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
  const { name, namespace = "" } = object.metadata;
  const body = { ...object, apiVersion, kind: resource.kind };
  return cloudEvent(
    `dev.knative.apiserver.resource.${change}`,
    { kind: resource.kind, apiversion: apiVersion, name, namespace },
    body,
  );
};

/** Of the function under test. */
export const LIMITS: Pick<FunctionOptions, "concurrency" | "groupDeadlineMs" | "ackAfterMs"> = {
  concurrency: 4,
  groupDeadlineMs: 10_000,
  ackAfterMs: ACK_AFTER_MS,
};

export interface Fake {
  readonly clock: VirtualClock;
  readonly fn: RunningFunction;
  readonly sweeps: () => number;
  /** Ends the sweep under way. */
  readonly finish: (groups?: readonly string[]) => void;
}

const nothing: Transport = () => Promise.resolve({ status: 200, body: {} });

/** A function with one feature that does what the test says. */
export const fake = (
  run: (clock: VirtualClock, group: string) => Promise<RunOutcome>,
  groupsOf: Feature["groupsOf"] = () => ["g"],
): Fake => {
  const clock = createVirtualClock();
  let sweeps = 0;
  let finish: ((groups: readonly string[]) => void) | undefined;
  const feature: Feature = {
    name: "election",
    groupsOf,
    run: (group) => run(clock, group),
    sweep: async (_send, found) => {
      sweeps += 1;
      found(
        await new Promise<readonly string[]>((resolve) => {
          finish = resolve;
        }),
      );
      return { kind: "swept", groups: 1, renewed: 0 };
    },
  };
  const parts = { clock, log: createLog({ level: "error", write: () => undefined }), metrics: createMetrics(METRICS) };
  const fn = createFunction({ ...LIMITS, ...parts, features: [feature], send: nothing });
  return { clock, fn, sweeps: () => sweeps, finish: (groups = []) => finish?.(groups) };
};
