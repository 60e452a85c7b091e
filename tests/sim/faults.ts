/** What goes wrong by chance between the function, its sources and the API server, and how often at the worst. */
import type { Random } from "./random.ts";

/** What may happen by chance, each to one request, one event, one tick or one step of a controller. */
export type Fault =
  /** Never reaches the server. */
  | "lostRequest"
  /** Applied, but no answer comes. */
  | "lostAnswer"
  /** Applied long after the sender gave up. */
  | "late"
  | "serverError"
  | "droppedEvent"
  | "repeatedEvent"
  /** Seconds instead of milliseconds for a request or an event. */
  | "slow"
  /** A controller that lets a step pass. */
  | "idleController"
  | "unavailable"
  | "throttled"
  | "denied"
  /** Refused as if somebody had been faster, though nobody was. */
  | "untrueConflict"
  /** A proxy sends the request again after it was applied; the second answer arrives. */
  | "resent"
  /** The answer takes almost as long as the sender waits. */
  | "oldAnswer"
  /** The process dies right before or right after a request. */
  | "crash"
  /** The process stops right before or right after a request, and goes on with what it had read. */
  | "stall"
  /** An event that is put aside, and comes again much later. */
  | "keptEvent"
  | "lostTick"
  /** An answer dated by another API server, whose clock is seconds ahead. */
  | "otherDate";

/** The largest probability that a seed may draw for each. */
const WORST: Readonly<Record<Fault, number>> = {
  lostRequest: 0.1,
  lostAnswer: 0.15,
  late: 0.1,
  serverError: 0.1,
  droppedEvent: 0.8,
  repeatedEvent: 0.8,
  slow: 0.3,
  idleController: 0.5,
  unavailable: 0.1,
  throttled: 0.15,
  denied: 0.1,
  untrueConflict: 0.15,
  resent: 0.15,
  oldAnswer: 0.15,
  crash: 0.02,
  stall: 0.04,
  keptEvent: 0.5,
  lostTick: 0.8,
  otherDate: 0.5,
};

/** Probabilities. */
export type Rates = Readonly<Record<Fault, number>>;

export const FAULT_NAMES: readonly Fault[] = Object.keys(WORST) as Fault[];

export const ratesOf = (rates: Partial<Rates>): Rates =>
  Object.fromEntries(FAULT_NAMES.map((fault) => [fault, rates[fault] ?? 0])) as Rates;

export const NO_FAULTS: Rates = ratesOf({});

/** Each fault may be absent, so that the others are not drowned by it. */
export interface RateDraw {
  /** Faults that are present; undefined: each of them may be. */
  readonly only: readonly string[] | undefined;
  /** Probability of a fault to be present. */
  readonly presence: number;
}

export const drawRates = (random: Random, { only, presence }: RateDraw): Rates =>
  Object.fromEntries(
    FAULT_NAMES.map((fault) => {
      // Both are drawn in any case, so that a fault is the same with and without the others.
      const [isDrawn, part] = [random.chance(presence), random.next()];
      const isPresent = only === undefined ? isDrawn : only.includes(fault);
      return [fault, isPresent ? part * WORST[fault] : 0];
    }),
  ) as Rates;
