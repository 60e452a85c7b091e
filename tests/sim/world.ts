/**
 * Where a simulation happens: the memory API with its kubelet in virtual time, the instances of the function, one source of
 * chance, and the timeline that tells afterwards what happened.
 */
import { join } from "node:path";
import type { RunningFunction } from "../../functions/function.ts";
import type { Context } from "../../functions/kit/host/server.ts";
import type { KubeRequest, KubeResponse } from "../../functions/kit/kube/request.ts";
import { readManifests } from "../../infra/lab/manifests.ts";
import { createMemoryApi, type MemoryApi } from "../../infra/lab/memory/api.ts";
import { createMemoryKubelet, type MemoryKubelet } from "../../infra/lab/memory/pods.ts";
import { createSimClock, type SimClock } from "./clock.ts";
import { NO_FAULTS, type Fault, type Rates } from "./faults.ts";
import { createRandom, type Random } from "./random.ts";
import type { Asker } from "../../functions/roles/ask/ask.ts";
import { createApplications, type Applications } from "./roles/applications.ts";
import type { Way } from "./way.ts";

export const NAMESPACE = "default";
export const TICK_SECONDS = 2;
export const LEASE_SECONDS = 10;
/** User of the function's writes, as the memory API's revisions name it. */
export const FUNCTION_USER = "bellwether";

/** A process that runs the function, or is about to. */
export interface Process {
  readonly name: string;
  /** Until this time, in milliseconds of the world's monotonic clock, it sends nothing and hears no answer. */
  frozenUntil: number;
  dead: boolean;
  /** What its clocks count more than the world's; negative: less. */
  clockAheadMs: number;
}

export interface Instance extends Process {
  readonly running: RunningFunction;
}

/** The API server as the function meets it: a test puts something between them to weaken the protocol. */
export type Server = (request: KubeRequest) => KubeResponse;
export type Weaken = (server: Server) => Server;
/** The same for the questions to applications. */
export type WeakenAsker = (asker: Asker) => Asker;

/** Names that objects may have, one of each for a group, and a Lease, a checker and a Service more. */
export interface Names {
  readonly sets: readonly string[];
  readonly locks: readonly string[];
  readonly leases: readonly string[];
  readonly checkers: readonly string[];
  readonly deployments: readonly string[];
  readonly services: readonly string[];
}

const LETTERS = ["a", "b", "c", "d", "e", "f", "g"];
/** A set has a lock and a Lease of its letter. */
export const GROUPS_MAX = 6;

const named = (prefix: string, count: number): readonly string[] =>
  LETTERS.slice(0, count).map((letter) => `${prefix}${letter}`);

/** @throws when there are no letters for so many groups */
export const namesOf = (groups: number): Names => {
  if (groups < 1 || groups > GROUPS_MAX) throw new Error(`groups: got ${groups}, accepts 1 to ${GROUPS_MAX}`);
  return {
    sets: named("set", groups),
    locks: named("lock-", groups),
    leases: named("lease-", groups + 1),
    checkers: named("checker-", groups + 1),
    deployments: named("dep", groups),
    services: named("service-", groups + 1),
  };
};

/** How large the world is, and what its clocks are like. */
export interface Shape {
  readonly names: Names;
  readonly instances: number;
  /** Pods of a set at most. */
  readonly replicasMax: number;
  /** Instances know the server's time exactly; otherwise from its answers, as real ones do. */
  readonly exactClocks: boolean;
  /** How often an event comes that is repeated. */
  readonly copies: number;
  /** The longest pause between two actions. */
  readonly pauseMs: number;
}

/** Something that the API server answers for a while instead of doing what it is asked; undefined: not this request. */
export interface Trouble {
  readonly until: number;
  readonly answer: (request: KubeRequest) => KubeResponse | "silence" | undefined;
}

/** The clock of the API server. */
export interface ServerClock {
  /** Before the true time by so much. */
  aheadMs: number;
  /** It was set back at least once. */
  wentBack: boolean;
}

export interface World {
  readonly ways: readonly Way[];
  readonly random: Random;
  /** A source of chance for each process of the function: what one draws changes nothing for anybody else. */
  readonly nextOwnRandom: () => Random;
  readonly shape: Shape;
  readonly clock: SimClock;
  readonly api: MemoryApi;
  readonly kubelet: MemoryKubelet;
  /** The processes in the pods, as checkers ask them. */
  readonly applications: Applications;
  /** What stands between them and the function. */
  readonly ask: WeakenAsker;
  /** The API as the function meets it. */
  readonly server: Server;
  readonly instances: Instance[];
  readonly timeline: string[];
  readonly problems: string[];
  /** The function's writes, as text. */
  readonly writes: string[];
  /** Events that were put aside. */
  readonly kept: Context[];
  /** How often each action did something, and each fault happened. */
  readonly tally: Map<string, number>;
  /** Until the faults end. */
  disturbed: boolean;
  rates: Rates;
  troubles: readonly Trouble[];
  readonly serverClock: ServerClock;
  /** Raised by each restart of the API server: connections of before are cut. */
  incarnation: number;
  backup: ReturnType<MemoryApi["snapshot"]> | undefined;
  /** Told of each write of the function that the server took, with the instance and the request as it was sent. */
  readonly onApplied: ((name: string, request: KubeRequest, response: KubeResponse) => void)[];
  /** Told of each request of the function when it is sent. */
  readonly onSend: ((name: string, request: KubeRequest) => void)[];
  /** Told when etcd was restored, with its revision then. */
  readonly onRestore: ((revision: number) => void)[];
  readonly say: (text: string) => void;
  readonly count: (what: string) => void;
}

const CRDS = readManifests(join(import.meta.dirname, "../../infra/crds"));

const isText = (value: unknown): boolean => typeof value === "string" && value !== "";

/** S8: names the version that it was made for, unless it makes an object. */
const isConditional = ({ method, body }: KubeRequest): boolean => {
  const { metadata, preconditions } = (body ?? {}) as Record<string, Record<string, unknown> | undefined>;
  const condition = method === "DELETE" ? preconditions : metadata;
  return method === "POST" || (isText(condition?.["uid"]) && isText(condition?.["resourceVersion"]));
};

/** Hears what the function really sends, behind whatever weakens it. */
const audited =
  (api: MemoryApi, problems: string[]): Server =>
  (request) => {
    if (request.method !== "GET" && !isConditional(request)) {
      problems.push(`S8: ${request.verb} ${request.resource.plural}/${request.name ?? ""} without a precondition`);
    }
    return api.handle(request, { user: FUNCTION_USER });
  };

export interface Beginning {
  readonly seed: number;
  /** Of the network, the controllers and the sources. */
  readonly stream: number;
  readonly shape: Shape;
  readonly ways: readonly Way[];
  readonly weaken: Weaken;
  readonly weakenAsker: WeakenAsker;
}

/** The kubelet's API where each pod has an address of either family. */
const ofTwoFamilies = (api: MemoryApi): MemoryApi => ({
  ...api,
  handle: (request, options) => {
    const { status } = (request.body ?? {}) as { readonly status?: { readonly podIP?: string } };
    if (status?.podIP === undefined) return api.handle(request, options);
    const podIPs = [{ ip: status.podIP }, { ip: `fd00::${status.podIP.split(".").slice(1).join(":")}` }];
    return api.handle({ ...request, body: { status: { ...status, podIPs } } }, options);
  },
});

/** Streams from here on belong to processes of the function; those below to the world and to what is drawn at its steps. */
const FIRST_OWN_STREAM = 1_000_000;

export const createWorld = ({ seed, stream, shape, ways, weaken, weakenAsker }: Beginning): World => {
  const clock = createSimClock();
  const timeline: string[] = [];
  const problems: string[] = [];
  const tally = new Map<string, number>();
  const serverClock = { aheadMs: 0, wentBack: false };
  const api = createMemoryApi({ now: () => clock.serverNow() + serverClock.aheadMs, crds: CRDS });
  let ownStreams = FIRST_OWN_STREAM;
  return {
    ways,
    random: createRandom(seed, stream),
    nextOwnRandom: () => {
      ownStreams += 1;
      return createRandom(seed, ownStreams);
    },
    shape,
    clock,
    api,
    kubelet: createMemoryKubelet(ofTwoFamilies(api)),
    applications: createApplications(),
    ask: weakenAsker,
    server: weaken(audited(api, problems)),
    instances: [],
    timeline,
    problems,
    writes: [],
    kept: [],
    tally,
    disturbed: true,
    rates: NO_FAULTS,
    troubles: [],
    serverClock,
    incarnation: 0,
    backup: undefined,
    onApplied: [],
    onSend: [],
    onRestore: [],
    say: (text) => timeline.push(`${clock.monotonic().toFixed(1).padStart(9)} ms  ${text}`),
    count: (what) => tally.set(what, (tally.get(what) ?? 0) + 1),
  };
};

/** Drawn in each case by the first seeds that there were: their histories are kept. */
const DRAWN_WHEN_ABSENT: ReadonlySet<Fault> = new Set([
  "lostRequest",
  "lostAnswer",
  "late",
  "serverError",
  "droppedEvent",
  "repeatedEvent",
  "slow",
  "idleController",
]);

/** Whether the fault happens now. */
export const strikes = ({ random, rates, count }: World, fault: Fault): boolean => {
  const rate = rates[fault];
  if (rate === 0 && !DRAWN_WHEN_ABSENT.has(fault)) return false;
  const happens = random.chance(rate);
  if (happens) count(fault);
  return happens;
};
