/**
 * Where a simulation happens: the memory API with its kubelet in virtual time, the instances of the function, one source of
 * chance, and the timeline that tells afterwards what happened.
 */
import { join } from "node:path";
import type { RunningFunction } from "../../functions/function.ts";
import type { KubeRequest, KubeResponse } from "../../functions/kit/kube/request.ts";
import { readManifests } from "../../infra/lab/manifests.ts";
import { createMemoryApi, type MemoryApi } from "../../infra/lab/memory/api.ts";
import { createMemoryKubelet, type MemoryKubelet } from "../../infra/lab/memory/pods.ts";
import { createVirtualClock, type VirtualClock } from "../unit/support/virtual-clock.ts";
import { createRandom, type Random } from "./random.ts";

export const NAMESPACE = "default";
export const TICK_SECONDS = 2;
export const LEASE_SECONDS = 10;
/** User of the function's writes, as the memory API's revisions name it. */
export const FUNCTION_USER = "bellwether";

/** Probabilities. */
export interface Rates {
  /** Never reaches the server. */
  readonly lostRequest: number;
  /** Applied, but no answer comes. */
  readonly lostAnswer: number;
  /** Applied long after the sender gave up. */
  readonly late: number;
  readonly serverError: number;
  readonly droppedEvent: number;
  readonly repeatedEvent: number;
  /** Seconds instead of milliseconds for a request or an event. */
  readonly slow: number;
  /** A controller that lets a step pass. */
  readonly idleController: number;
}

export const NO_FAULTS: Rates = {
  lostRequest: 0,
  lostAnswer: 0,
  late: 0,
  serverError: 0,
  droppedEvent: 0,
  repeatedEvent: 0,
  slow: 0,
  idleController: 0,
};

/** A process that runs the function. */
export interface Instance {
  readonly name: string;
  readonly running: RunningFunction;
  /** Until this time, in milliseconds of the world's monotonic clock, it sends nothing and hears no answer. */
  frozenUntil: number;
  dead: boolean;
}

/** The API server as the function meets it: a test puts something between them to weaken the protocol. */
export type Server = (request: KubeRequest) => KubeResponse;
export type Weaken = (server: Server) => Server;

export interface World {
  readonly random: Random;
  readonly clock: VirtualClock;
  readonly api: MemoryApi;
  readonly kubelet: MemoryKubelet;
  /** The API as the function meets it. */
  readonly server: Server;
  readonly instances: Instance[];
  readonly timeline: string[];
  readonly problems: string[];
  /** The function's writes, as text. */
  readonly writes: string[];
  rates: Rates;
  readonly say: (text: string) => void;
}

const CRDS = readManifests(join(import.meta.dirname, "../../infra/crds"));

export const createWorld = (seed: number, weaken: Weaken): World => {
  const clock = createVirtualClock();
  const api = createMemoryApi({ now: () => clock.serverNow(), crds: CRDS });
  const timeline: string[] = [];
  return {
    random: createRandom(seed),
    clock,
    api,
    kubelet: createMemoryKubelet(api),
    server: weaken((request) => api.handle(request, { user: FUNCTION_USER })),
    instances: [],
    timeline,
    problems: [],
    writes: [],
    rates: NO_FAULTS,
    say: (text) => timeline.push(`${clock.monotonic().toFixed(1).padStart(9)} ms  ${text}`),
  };
};
