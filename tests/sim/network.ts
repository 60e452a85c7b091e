/**
 * What lies between an instance of the function and the API server: it delays, loses, repeats and refuses as much as the world's
 * rates and troubles say. Each await of an instance is a request or a sleep, so this is also where it stops and dies.
 */
import type { KubeRequest, KubeResponse, Transport } from "../../functions/kit/kube/request.ts";
import type { Fault } from "./faults.ts";
import { strikes, type Process, type World } from "./world.ts";

const requestDeadlineMs = 5_000;
const slowMs = 3_000;
/** A late write may come when everybody has long gone on. */
const lateMs = 15_000;
export const longFreezeMs = 20_000;
/** The clock of the other API server, before that of the first. */
const otherDateMs = 5_000;

export const failure = (status: number, reason: string, details?: object): KubeResponse => ({
  status,
  body: { kind: "Status", reason, message: "simulated", ...(details === undefined ? {} : { details }) },
});
const NO_ANSWER = failure(0, "NoAnswer");
const SERVER_ERROR = failure(500, "InternalError");
export const UNAVAILABLE: KubeResponse = failure(503, "ServiceUnavailable");
export const THROTTLED: KubeResponse = failure(429, "TooManyRequests", { retryAfterSeconds: 1 });
export const DENIED: KubeResponse = failure(403, "Forbidden");
const CONFLICT = failure(409, "Conflict");
const EXISTS = failure(409, "AlreadyExists");

/** The instance at this end of the network, and what it makes of the network's news. */
export interface End {
  readonly self: () => Process;
  /** The process is dead: somebody has to start another. */
  readonly crash: () => void;
  /** Milliseconds on the instance's own clock. */
  readonly monotonic: () => number;
  /** Tells the `Date` of an answer, and when its request was sent by the instance's own clock. */
  readonly observeDate: (date: string, sentAt: number) => void;
}

const latencyMs = (world: World): number =>
  strikes(world, "slow") ? world.random.next() * slowMs : 0.2 + world.random.next() * 6;

/** Returns once the instance is not frozen; never when it is dead. */
export const awake = async (world: World, { self, crash }: End): Promise<void> => {
  const { clock, random } = world;
  // Most are shorter than a hand-over's deadline: then the instance goes on where it was.
  if (strikes(world, "stall")) self().frozenUntil = clock.monotonic() + random.next() ** 5 * longFreezeMs;
  while (self().frozenUntil > clock.monotonic()) {
    // oxlint-disable-next-line no-await-in-loop
    await clock.sleep(self().frozenUntil - clock.monotonic());
  }
  if (!self().dead && strikes(world, "crash")) crash();
  if (self().dead) await new Promise(() => undefined);
};

const isWrite = ({ method }: KubeRequest): boolean => method !== "GET";

const apply = (world: World, name: string, request: KubeRequest): KubeResponse => {
  const response = world.server(request);
  if (!isWrite(request)) return response;
  const { verb, resource, subresource, body } = request;
  const target = [resource.plural, request.name, subresource].filter((part) => part !== undefined).join("/");
  const write = `${name} ${verb} ${target} ${response.status}`;
  const { regarding } = (body ?? {}) as { readonly regarding?: { readonly kind: string } };
  world.writes.push(regarding === undefined ? write : `${write} about ${regarding.kind}`);
  for (const hear of world.onApplied) hear(name, request, response);
  world.say(`${write} ${JSON.stringify(resource.plural === "events" ? (body as { note: string }).note : body)}`);
  return response;
};

/** No answer at the request's deadline; the write may still come. */
const loseRequest = async ({ clock }: World): Promise<KubeResponse> => {
  await clock.sleep(requestDeadlineMs);
  return NO_ANSWER;
};

/** What is answered to any request instead, in the order in which it is drawn. */
const REFUSALS: readonly (readonly [Fault, KubeResponse])[] = [
  ["serverError", SERVER_ERROR],
  ["unavailable", UNAVAILABLE],
  ["throttled", THROTTLED],
  ["denied", DENIED],
];

const troubleNow = ({ troubles, clock }: World, request: KubeRequest): KubeResponse | "silence" | undefined => {
  const now = clock.monotonic();
  const answers = troubles.map(({ until, answer }) => (until > now ? answer(request) : undefined));
  return answers.find((answer) => answer !== undefined);
};

/** What the server answers instead of doing it; undefined: it does it. */
const refusalOf = (world: World, request: KubeRequest): KubeResponse | "silence" | undefined => {
  const trouble = troubleNow(world, request);
  if (trouble !== undefined) return trouble;
  const refusal = REFUSALS.find(([fault]) => strikes(world, fault));
  if (refusal !== undefined) return refusal[1];
  if (!isWrite(request) || !strikes(world, "untrueConflict")) return undefined;
  return request.method === "POST" ? EXISTS : CONFLICT;
};

/** The server does it, perhaps twice; the answer is the last one's, if it arrives. */
const exchange = async (world: World, end: End, request: KubeRequest): Promise<KubeResponse> => {
  const { clock, random, incarnation } = world;
  const { name } = end.self();
  const first = apply(world, name, request);
  const response = isWrite(request) && strikes(world, "resent") ? apply(world, name, request) : first;
  const isLost = strikes(world, "lostAnswer");
  const resetMs = random.chance(0.5) ? 1 : requestDeadlineMs;
  await clock.sleep(isLost ? resetMs : latencyMs(world));
  if (strikes(world, "oldAnswer")) await clock.sleep(random.next() * requestDeadlineMs);
  await awake(world, end);
  return isLost || world.incarnation !== incarnation ? NO_ANSWER : response;
};

/** The way of one instance's requests to the server and back. */
export const connect =
  (world: World, end: End): Transport =>
  async (request) => {
    const { clock, random, incarnation } = world;
    const sentAt = end.monotonic();
    for (const hear of world.onSend) hear(end.self().name, request);
    await clock.sleep(latencyMs(world));
    await awake(world, end);
    const isCut = (): boolean => world.incarnation !== incarnation;
    if (isCut()) return NO_ANSWER;
    const refusal = refusalOf(world, request);
    if (refusal !== undefined) return refusal === "silence" ? loseRequest(world) : refusal;
    if (strikes(world, "lostRequest")) return loseRequest(world);
    if (strikes(world, "late")) {
      const sendLate = (): unknown => isCut() || apply(world, end.self().name, request);
      void clock.sleep(random.next() * lateMs).then(sendLate);
      return loseRequest(world);
    }
    const date = world.api.now() + (strikes(world, "otherDate") ? otherDateMs : 0);
    const response = await exchange(world, end, request);
    if (response.status !== 0) end.observeDate(new Date(date).toUTCString(), sentAt);
    return response;
  };
