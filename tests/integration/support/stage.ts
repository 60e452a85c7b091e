/**
 * The shipped function on a real control plane, called by both real adapters, with a gate that remembers each call to the
 * API server: what a scene needs to say not only what changed, but also what was left alone.
 */
import { WATCHED } from "../../../infra/lab/workload.ts";
import { startApiServerAdapter, type Adapter } from "../../../infra/lab/adapters.ts";
import { startPingAdapter } from "../../../infra/lab/ping-adapter.ts";
import { poll } from "../../../infra/lab/poll.ts";
import { startApiGate, type GatedRequest } from "../../../infra/lab/api-gate.ts";
import { startBalancer } from "../../../infra/lab/balancer.ts";
import { startLab, type Lab, type LabOptions } from "../../../infra/lab/lab.ts";

import type { GroupState } from "../../../infra/lab/group.ts";
import { startFunction, type FunctionInstance } from "../../../infra/lab/function.ts";

/** How long after a change that sends an event everything agrees again, as the README states it. */
export const EVENT_BOUND_MS = 2_000;
/** The real controller starts pods one after the other, and the stand-in kubelet answers within milliseconds. */
export const SCALE_BOUND_MS = 10_000;
const DEFAULT_TICK_SECONDS = 2;
const pollMs = 15;
const calledDeadlineMs = 30_000;

/** The bound for a change that sends no event: a tick, its jitter of half a second, and the work. */
export const tickBoundMs = (tickSeconds: number = DEFAULT_TICK_SECONDS): number =>
  tickSeconds * 1000 + 500 + EVENT_BOUND_MS;

export interface Call extends GatedRequest {
  /** When it was answered, in milliseconds of `performance.now()`. */
  readonly at: number;
}

export interface Stage {
  readonly lab: Lab;
  /** What the instances asked of the API server, in the order of its answers. */
  readonly calls: readonly Call[];
  /** Resolves once `holds` of the calls so far. @throws after 30 s. */
  called(holds: (calls: readonly Call[]) => boolean): Promise<unknown>;
  /** Starts an instance behind the gate, beside those that run. */
  join(env?: Readonly<Record<string, string>>): Promise<FunctionInstance>;
  /** From now on events go to these in turn, though others run. */
  route(instances: readonly FunctionInstance[]): void;
  /** Kills an instance. */
  leave(instance: FunctionInstance): Promise<void>;
  /** Starts both sources. A source holds its events up while nobody answers, so the first instance joins before. */
  startSources(): Promise<unknown>;
  /** The source of objects alone: nothing ticks. */
  startObjectSource(): Promise<unknown>;
  stop(): Promise<void>;
}

export interface StageOptions extends LabOptions {
  /** Default 2. */
  readonly tickSeconds?: number;
}

export const startStage = async ({
  tickSeconds = DEFAULT_TICK_SECONDS,
  ...options
}: StageOptions = {}): Promise<Stage> => {
  const lab = await startLab(options);
  const { plane } = lab;
  const gate = await startApiGate(plane);
  const balancer = await startBalancer();
  const calls: Call[] = [];
  gate.handle(async (request, forward) => {
    const answer = await forward();
    calls.push({ ...request, status: answer.status, at: performance.now() });
    return answer;
  });
  let instances: readonly FunctionInstance[] = [];
  const place = (next: readonly FunctionInstance[]): void => {
    instances = next;
    balancer.target(instances.map(({ url }) => url));
  };
  const sink = balancer.url;
  const startObjectSource = (): Promise<Adapter> =>
    startApiServerAdapter({ plane, identity: "bellwether-sources", sink, name: "objects", resources: WATCHED });
  const startTicks = async (): Promise<void> => {
    const ping = await startPingAdapter({ plane });
    const schedule = `*/${tickSeconds} * * * * *`;
    await ping.createPingSource({ namespace: "bellwether", name: "tick", schedule, sink });
  };
  return {
    lab,
    calls,
    called: (holds) =>
      poll(async () => (holds(calls) ? true : undefined), {
        what: "the expected calls to the API server",
        everyMs: pollMs,
        deadlineMs: calledDeadlineMs,
      }),
    join: async (env = {}) => {
      const settings = { BELLWETHER_TICK_SECONDS: String(tickSeconds), ...env };
      const instance = await startFunction({ plane, server: gate.url, env: settings });
      place([...instances, instance]);
      return instance;
    },
    route: place,
    leave: async (instance) => {
      place(instances.filter((other) => other !== instance));
      instance.process.kill("SIGKILL");
      await instance.process.exited;
    },
    startSources: () => Promise.all([startTicks(), startObjectSource()]),
    startObjectSource,
    stop: async () => {
      balancer.close();
      await lab.stop();
      gate.close();
    },
  };
};

/** The group of one StatefulSet, where several share a namespace. */
export const ofSet = (state: GroupState, set: string): GroupState => ({
  ...state,
  pods: state.pods.filter(({ name }) => name.startsWith(`${set}-`)),
});
