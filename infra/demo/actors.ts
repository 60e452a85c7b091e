/** What every story of the demo is told with: one thing is done, and it is waited until everything agrees again. */
import { startApiGate, isWrite } from "../lab/api-gate.ts";
import { startBalancer } from "../lab/balancer.ts";
import { startFunction, type FunctionInstance } from "../lab/function.ts";
import { poll } from "../lab/poll.ts";
import { statefulSetManifest } from "../lab/workload.ts";
import type { Stage } from "./stage.ts";
import type { Timeline } from "./timeline.ts";

export const NAMESPACE = "demo";
export const PODS_PATH: string = `/api/v1/namespaces/${NAMESPACE}/pods`;
/** Of the StatefulSet, and of what leads it. */
export const NAME = "db";
export const PODS: readonly string[] = ["db-0", "db-1", "db-2"];
const TICK_SECONDS = 2;
const deadlineMs = 15_000;
const pollMs = 15;

export interface Actors {
  readonly stage: Stage;
  readonly timeline: Timeline;
  /** Where events and claims go. */
  readonly sink: string;
  /** Starts an instance of the function; default: at the stage's own API server. */
  readonly start: (server?: string) => Promise<FunctionInstance>;
  /** From now on events go to these in turn. */
  readonly direct: (instances: readonly FunctionInstance[]) => void;
}

/** Everything agrees: who leads, and how it is told. */
export interface Sight {
  /** Name of the pod; empty: nobody. */
  readonly leader: string;
  readonly text: string;
}

export interface Scene {
  readonly text: string;
  readonly act: () => Promise<unknown>;
  /** Undefined: not yet. */
  readonly look: () => Promise<Sight | undefined>;
}

/** Does something, and waits for what follows. @throws when it does not within 15 s. */
export const scene = async ({ timeline }: Actors, { text, act, look }: Scene): Promise<string> => {
  timeline.did(text);
  const begun = performance.now();
  await act();
  const sight = await poll(look, { what: text, everyMs: pollMs, deadlineMs });
  timeline.saw(sight.text, performance.now() - begun);
  return sight.leader;
};

/** A namespace with a StatefulSet of three pods. */
export const createPods = async ({ stage }: Actors): Promise<void> => {
  await stage.change("POST", "/api/v1/namespaces", { metadata: { name: NAMESPACE } });
  const manifest = statefulSetManifest({ name: NAME, replicas: PODS.length });
  await stage.change("POST", `/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets`, manifest);
};

/** Kills the only instance with SIGKILL after its second write of the hand-over; a new one starts and finishes it. */
export const killInMiddle = async (
  actors: Actors,
  { text, act, look }: Scene,
): Promise<{ readonly leader: string; readonly successor: FunctionInstance }> => {
  const { stage, timeline, start, direct } = actors;
  const gate = await startApiGate(stage.plane);
  const victim = await start(gate.url);
  let writes = 0;
  gate.handle(async (request, forward) => {
    const answer = await forward();
    if (isWrite(request) && /\/(?:leases|pods)\//.test(request.path)) writes += 1;
    if (writes < 2) return answer;
    victim.process.kill("SIGKILL");
    return "cut";
  });
  direct([victim]);
  timeline.did(`${text}, and the only instance of the function is killed in the hand-over`);
  const begun = performance.now();
  await act();
  await victim.process.exited;
  timeline.saw("instance killed after the record and the first fence; a new one starts", performance.now() - begun);
  const successor = await start();
  direct([successor]);
  const sight = await poll(look, { what: text, everyMs: pollMs, deadlineMs });
  timeline.saw(sight.text, performance.now() - begun);
  gate.close();
  return { leader: sight.leader, successor };
};

/** Ends an instance as a node's loss does. */
export const kill = async ({ process }: FunctionInstance): Promise<void> => {
  process.kill("SIGKILL");
  await process.exited;
};

/** Sources, and a balancer for instances. They run on after the story. */
export const gather = async (stage: Stage, timeline: Timeline): Promise<Actors> => {
  const balancer = await startBalancer();
  await stage.startSources(new URL(balancer.url), TICK_SECONDS);
  return {
    stage,
    timeline,
    sink: balancer.url,
    start: (server = stage.plane.server) =>
      startFunction({
        plane: stage.plane,
        ...(server === stage.plane.server && server.startsWith("https:") ? {} : { server }),
        env: { BELLWETHER_TICK_SECONDS: String(TICK_SECONDS) },
      }),
    direct: (instances) => balancer.target(instances.map(({ url }) => url)),
  };
};
