/**
 * One instance of the whole function in the simulated world, behind a network that delays and loses as much
 * as the world's rates say. An instance freezes and dies at any await, because each of its awaits is a request or a sleep.
 */
import { createElection } from "../../functions/election/feature.ts";
import { ELECTION_METRICS } from "../../functions/election/metrics.ts";
import { createFunction } from "../../functions/function.ts";
import { HANDOVER_METRICS } from "../../functions/kit/handover/metrics.ts";
import { createLog } from "../../functions/kit/host/log.ts";
import { METRICS } from "../../functions/kit/host/metric-list.ts";
import { createMetrics } from "../../functions/kit/host/metrics.ts";
import type { KubeRequest, KubeResponse, Transport } from "../../functions/kit/kube/request.ts";
import { TICK_SECONDS, type Instance, type World } from "./world.ts";

const requestDeadlineMs = 5_000;
const slowMs = 3_000;
/** A late write may come when everybody has long gone on. */
const lateMs = 15_000;
const groupDeadlineMs = 10_000;
const ackAfterMs = 25;
const CONCURRENCY = 4;

const failure = (status: number, reason: string): KubeResponse => ({
  status,
  body: { kind: "Status", reason, message: "simulated" },
});
const NO_ANSWER = failure(0, "NoAnswer");
const SERVER_ERROR = failure(500, "InternalError");

const latencyMs = ({ random, rates }: World): number =>
  random.chance(rates.slow) ? random.next() * slowMs : 0.2 + random.next() * 6;

/** Returns once the instance is not frozen; never when it is dead. */
const awake = async ({ clock }: World, self: () => Instance): Promise<void> => {
  while (self().frozenUntil > clock.monotonic()) {
    // oxlint-disable-next-line no-await-in-loop
    await clock.sleep(self().frozenUntil - clock.monotonic());
  }
  if (self().dead) await new Promise(() => undefined);
};

const apply = (world: World, name: string, request: KubeRequest): KubeResponse => {
  const response = world.server(request);
  if (request.method === "GET") return response;
  const { verb, resource, subresource, body } = request;
  const target = [resource.plural, request.name, subresource].filter((part) => part !== undefined).join("/");
  const write = `${name} ${verb} ${target} ${response.status}`;
  world.writes.push(write);
  world.say(`${write} ${JSON.stringify(resource.plural === "events" ? (body as { note: string }).note : body)}`);
  return response;
};

/** No answer at the request's deadline; the write may still come. */
const loseRequest = async ({ clock }: World): Promise<KubeResponse> => {
  await clock.sleep(requestDeadlineMs);
  return NO_ANSWER;
};

const transportOf = (world: World, self: () => Instance): Transport => {
  const { clock, random } = world;
  return async (request) => {
    await clock.sleep(latencyMs(world));
    await awake(world, self);
    const { rates } = world;
    if (random.chance(rates.serverError)) return SERVER_ERROR;
    if (random.chance(rates.lostRequest)) return loseRequest(world);
    if (random.chance(rates.late)) {
      void clock.sleep(random.next() * lateMs).then(() => apply(world, self().name, request));
      return loseRequest(world);
    }
    const response = apply(world, self().name, request);
    const isLost = random.chance(rates.lostAnswer);
    const resetMs = random.chance(0.5) ? 1 : requestDeadlineMs;
    await clock.sleep(isLost ? resetMs : latencyMs(world));
    await awake(world, self);
    return isLost ? NO_ANSWER : response;
  };
};

export const startInstance = (world: World, name: string): Instance => {
  const { clock } = world;
  const metrics = createMetrics([...METRICS, ...HANDOVER_METRICS, ...ELECTION_METRICS]);
  const log = createLog({
    level: "info",
    write: (line) => world.say(`${name} logs ${line.trim()}`),
    now: () => new Date(clock.serverNow()),
  });
  const election = createElection({
    clock,
    log,
    metrics,
    tickSeconds: TICK_SECONDS,
    mode: "active",
    namespaces: [],
    instance: name,
    emit: () => undefined,
  });
  const running = createFunction({
    features: [election],
    send: transportOf(world, () => instance),
    clock,
    log,
    metrics,
    concurrency: CONCURRENCY,
    groupDeadlineMs,
    ackAfterMs,
  });
  const instance: Instance = { name, running, frozenUntil: 0, dead: false };
  running.start();
  return instance;
};
