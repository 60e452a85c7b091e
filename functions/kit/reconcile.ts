/**
 * Runs groups: one run at a time per group in this instance, triggers that arrive meanwhile coalesce into one more run,
 * a bounded number of groups in parallel, a deadline for each. A group that fails is tried again by itself and harms no other.
 */
import type { Clock } from "./clock.ts";
import type { RunOutcome } from "./feature.ts";
import type { Transport } from "./kube/request.ts";
import { createSlots } from "./slots.ts";

const ATTEMPTS_MAX = 6;
const BACKOFF_MS_MAX = 5_000;
/** A `Retry-After` that asks for more is cut to this: the next sweep asks again anyway. */
const RETRY_AFTER_MS_MAX = 30_000;
/** A group whose last run failed, or had waited, after as long as this is slow: it gets no more than its part of the slots. */
const SLOW_MS = 1_000;
/** By which part a pause grows at most, so that groups and instances that failed together do not come back together. */
const JITTER = 0.25;

export interface ReconcilerOptions {
  readonly send: Transport;
  readonly clock: Clock;
  /** Groups that run at the same time; half of them may be ones that failed slowly, or waited, the last time. */
  readonly concurrency: number;
  /** After this a run's API calls are answered without being sent, so that it ends. */
  readonly deadlineMs: number;
  readonly run: (group: string, send: Transport) => Promise<RunOutcome>;
  /** From 0 to below 1, for the jitter of pauses; default: always 0. */
  readonly random?: (() => number) | undefined;
  /** After each run; `attempt` counts from 1. */
  readonly onOutcome: (group: string, outcome: RunOutcome, attempt: number) => void;
}

export interface Reconciler {
  /** The outcome of the first run that begins after this call. Never rejects. */
  trigger(group: string): Promise<RunOutcome>;
  /**
   * Whether any other group than these runs or waits for its turn. One that pauses before a repetition does not count, nor one that
   * failed slowly, or waited, the last time.
   */
  hasOthers(groups: readonly string[]): boolean;
  /** Resolves when nothing runs, waits or retries. */
  idle(): Promise<void>;
}

type Failure = Extract<RunOutcome, { kind: "retry" }>;

interface Lane {
  readonly waiting: ((outcome: RunOutcome) => void)[];
  /** Ends the pause before a repetition: there is news. */
  wake: () => void;
}

const boundedSend = (send: Transport, clock: Clock, deadlineMs: number): Transport => {
  const end = clock.monotonic() + deadlineMs;
  return async (request) =>
    clock.monotonic() < end
      ? send(request)
      : {
          status: 0,
          body: { kind: "Status", reason: "GroupDeadline", message: `the group's ${deadlineMs} ms have passed` },
        };
};

const messageOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

const runOnce = async ({ run, send, clock, deadlineMs }: ReconcilerOptions, group: string): Promise<RunOutcome> => {
  try {
    return await run(group, boundedSend(send, clock, deadlineMs));
  } catch (error) {
    return { kind: "retry", reason: `bug: ${messageOf(error)}`, afterMs: BACKOFF_MS_MAX, trouble: "group" };
  }
};

/** News ends the pause; but where the whole server is in trouble, not before the time that it asked for. */
const pauseAfter = async (
  { trouble, afterMs }: Failure,
  attempt: number,
  { clock, random, news }: { clock: Clock; random: () => number; news: Promise<void> },
): Promise<void> => {
  const leastMs = trouble === "server" ? Math.min(afterMs, RETRY_AFTER_MS_MAX) : 0;
  const wholeMs = Math.max(leastMs, Math.min(afterMs * 2 ** (attempt - 1), BACKOFF_MS_MAX));
  const spread = 1 + JITTER * random();
  if (leastMs > 0) await clock.sleep(leastMs * spread);
  if (wholeMs > leastMs) await Promise.race([news, clock.sleep((wholeMs - leastMs) * spread)]);
};

export const createReconciler = (options: ReconcilerOptions): Reconciler => {
  const { clock, onOutcome, random = () => 0 } = options;
  const lanes = new Map<string, Lane>();
  const active = new Set<string>();
  const slowly = new Set<string>();
  const slots = createSlots(options.concurrency);
  let idlers: (() => void)[] = [];

  /** One turn: everybody who waited at its start gets its outcome. */
  const turn = async (group: string, lane: Lane, attempt: number): Promise<RunOutcome> => {
    const slow = slowly.has(group);
    if (!slow) active.add(group);
    await slots.take(slow);
    const served = lane.waiting.splice(0);
    const begun = clock.monotonic();
    const outcome = await runOnce(options, group);
    slots.give(slow);
    active.delete(group);
    const isStuck = outcome.kind === "retry" || outcome.waited === true;
    if (isStuck && clock.monotonic() - begun >= SLOW_MS) slowly.add(group);
    else slowly.delete(group);
    onOutcome(group, outcome, attempt);
    for (const resolve of served) resolve(outcome);
    return outcome;
  };

  const work = async (group: string, lane: Lane): Promise<void> => {
    let attempt = 1;
    for (;;) {
      // Turns of one group follow one another by design.
      // oxlint-disable-next-line no-await-in-loop
      const outcome = await turn(group, lane, attempt);
      const isLast = outcome.kind !== "retry" || attempt === ATTEMPTS_MAX;
      if (isLast && lane.waiting.length === 0) break;
      if (outcome.kind === "retry") {
        const news = Promise.withResolvers<void>();
        lane.wake = news.resolve;
        if (lane.waiting.length > 0) lane.wake();
        // oxlint-disable-next-line no-await-in-loop
        await pauseAfter(outcome, attempt, { clock, random, news: news.promise });
      }
      attempt = isLast ? 1 : attempt + 1;
    }
    lanes.delete(group);
    if (lanes.size > 0) return;
    const resolved = idlers;
    idlers = [];
    for (const resolve of resolved) resolve();
  };

  return {
    trigger: (group) =>
      new Promise<RunOutcome>((resolve) => {
        const lane = lanes.get(group);
        if (lane !== undefined) {
          lane.waiting.push(resolve);
          lane.wake();
          return;
        }
        const fresh: Lane = { waiting: [resolve], wake: () => undefined };
        lanes.set(group, fresh);
        void work(group, fresh);
      }),
    hasOthers: (groups) => active.size > groups.filter((group) => active.has(group)).length,
    idle: () =>
      lanes.size === 0
        ? Promise.resolve()
        : new Promise<void>((resolve) => {
            idlers.push(resolve);
          }),
  };
};
