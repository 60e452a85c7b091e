/**
 * The function with everything injected: events in, runs out. An event is a hint: it names groups, and each group's run reads
 * the truth. The reply waits for the runs only so long, and not at all while other groups run, because a source sends its next
 * event after it (design section 5).
 */
import { decodeEvent } from "../events/decode.ts";
import type { ClaimEvent, IncomingEvent, ObjectEvent } from "../events/types.ts";
import type { Clock } from "./kit/clock.ts";
import type { Feature, RunOutcome } from "./kit/feature.ts";
import type { Log } from "./kit/host/log.ts";
import { EVENT_SECONDS, EVENTS, RUN_SECONDS, RUNS } from "./kit/host/metric-list.ts";
import type { Metrics } from "./kit/host/metrics.ts";
import type { Context, Reply } from "./kit/host/server.ts";
import type { Transport } from "./kit/kube/request.ts";
import { shareLists } from "./kit/kube/shared-lists.ts";
import { rememberOwnWrites, type OwnWrites } from "./kit/own-writes.ts";
import { createReconciler, type Reconciler } from "./kit/reconcile.ts";
import { createTick, type Tick, type TickContext } from "./renewal/tick.ts";

export interface FunctionOptions {
  readonly features: readonly Feature[];
  readonly send: Transport;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly concurrency: number;
  readonly groupDeadlineMs: number;
  readonly ackAfterMs: number;
  /** From 0 to below 1; default: always 0, so that nothing is drawn by lot. */
  readonly random?: (() => number) | undefined;
}

export interface RunningFunction {
  handle(context: Context): Promise<Reply | undefined>;
  /** The sweep that a start begins with. */
  start(): void;
  /** Resolves when no run is waiting or under way. */
  idle(): Promise<void>;
}

const TEXT = { "content-type": "text/plain; charset=utf-8" };
const RETRY_AFTER_SECONDS = "1";
/** How long an event that arrives before the first sweep waits for it. */
const FIRST_SWEEP_WAIT_MS = 2_000;

const badRequest = (message: string): Reply => ({ statusCode: 400, headers: TEXT, body: `${message}\n` });

const comeAgain = (reason: string): Reply => ({
  statusCode: 503,
  headers: { ...TEXT, "retry-after": RETRY_AFTER_SECONDS },
  body: `${reason}\n`,
});

/** Key of a run. */
const keyOf = (feature: string, group: string): string => `${feature}|${group}`;

/** Runs groups of any feature. */
const createRunner = (options: FunctionOptions, own: OwnWrites): Reconciler => {
  const { features, clock, log, metrics } = options;
  const byKey = (key: string): { feature: Feature | undefined; group: string } => {
    const end = key.indexOf("|");
    return { feature: features.find(({ name }) => name === key.slice(0, end)), group: key.slice(end + 1) };
  };
  const reconciler = createReconciler({
    send: shareLists(options.send, clock),
    clock,
    concurrency: options.concurrency,
    deadlineMs: options.groupDeadlineMs,
    random: options.random,
    run: async (key, bounded) => {
      const { feature, group } = byKey(key);
      if (feature === undefined) return { kind: "done", reason: "NoSuchFeature" };
      const begun = clock.monotonic();
      const outcome = await feature.run(group, own.sendFor(key, bounded));
      metrics.observe(RUN_SECONDS, { feature: feature.name }, (clock.monotonic() - begun) / 1000);
      return outcome;
    },
    onOutcome: (key, outcome, attempt) => {
      const { feature, group } = byKey(key);
      metrics.count(RUNS, { feature: feature?.name ?? "", outcome: outcome.kind });
      const fields = { feature: feature?.name, group, reason: outcome.reason, attempt };
      if (outcome.kind === "retry") log.warn("run will be repeated", fields);
      else {
        log.debug("run done", fields);
        for (const next of outcome.next ?? []) void reconciler.trigger(keyOf(feature?.name ?? "", next));
      }
    },
  });
  return reconciler;
};

interface FirstSweep {
  readonly onRead: TickContext["onRead"];
  /** Waits for it, and begins it where it is not under way. */
  isDone(tick: Tick): Promise<boolean>;
}

/** A cold instance knows no group yet; its first sweep tells it which groups there are. Events that come meanwhile wait together. */
const createFirstSweep = (features: readonly Feature[], clock: Clock): FirstSweep => {
  const unread = new Set(features);
  /** Of the unread those that may list nothing: they hold up no event of the others. */
  const barred = new Set<Feature>();
  const isAwaited = (): boolean => [...unread].some((feature) => !barred.has(feature));
  const isAnyRead = (): boolean => unread.size === 0 || unread.size < features.length;
  let waiting: PromiseWithResolvers<void> | undefined;
  const endWaiting = (): void => {
    waiting?.resolve();
    waiting = undefined;
  };
  return {
    onRead: (feature, isBarred) => {
      if (isBarred) barred.add(feature);
      else unread.delete(feature);
      if (!isAwaited()) endWaiting();
    },
    isDone: async (tick) => {
      // Where nothing may be listed the ticks look whether it may be by now, and not each event.
      if (!isAwaited()) return isAnyRead();
      if (waiting === undefined) {
        waiting = Promise.withResolvers<void>();
        void Promise.race([tick(), clock.sleep(FIRST_SWEEP_WAIT_MS)]).then(endWaiting);
      }
      await waiting.promise;
      return !isAwaited() && isAnyRead();
    },
  };
};

export const createFunction = (options: FunctionOptions): RunningFunction => {
  const { features, clock, log, metrics } = options;
  const own = rememberOwnWrites();
  const reconciler = createRunner(options, own);
  const trigger = ({ name }: Feature, group: string): Promise<RunOutcome> => reconciler.trigger(keyOf(name, group));
  const first = createFirstSweep(features, clock);
  const tick = createTick({ features, send: options.send, clock, log, metrics, trigger, onRead: first.onRead });

  const keysOf = (event: ObjectEvent | ClaimEvent): readonly string[] => {
    const groupsOf = (feature: Feature): readonly string[] =>
      event.type === "object" ? feature.groupsOf(event) : (feature.claimed?.(event) ?? []);
    return features.flatMap((feature) => groupsOf(feature).map((group) => keyOf(feature.name, group)));
  };

  /** A version that a group's own run produced says nothing new to that group. */
  const writerOf = (event: ObjectEvent | ClaimEvent): string | undefined => {
    if (event.type !== "object" || event.object === undefined) return undefined;
    const { uid, resourceVersion } = event.object.metadata;
    return own.writerOf(uid, resourceVersion);
  };

  const onHint = async (event: ObjectEvent | ClaimEvent): Promise<Reply | undefined> => {
    if (!(await first.isDone(tick))) return comeAgain("the first sweep is not done yet");
    const writer = writerOf(event);
    const keys = keysOf(event).filter((key) => key !== writer);
    const crowded = reconciler.hasOthers(keys);
    const runs = keys.map((key) => reconciler.trigger(key));
    // In a burst the source must not wait: else its events, and not `concurrency`, would bound what runs at the same time.
    if (runs.length === 0 || crowded) return undefined;
    const outcomes = await Promise.race([Promise.all(runs), clock.sleep(options.ackAfterMs)]);
    // After an early answer the runs go on, and repeat themselves if they must.
    const failed = outcomes?.find((outcome) => outcome.kind === "retry" && outcome.trouble === "server");
    return failed === undefined ? undefined : comeAgain(failed.reason);
  };

  const respond = async (event: IncomingEvent): Promise<Reply | undefined> => {
    if (event.type !== "tick") return onHint(event);
    const problem = await tick();
    return problem === undefined ? undefined : comeAgain(problem);
  };

  const handle = async (context: Context): Promise<Reply | undefined> => {
    const begun = clock.monotonic();
    const body = context.rawBody ?? (context.body as string | object | undefined) ?? "";
    const decoded = decodeEvent({ headers: context.headers, body });
    const reply = decoded.ok ? await respond(decoded.event) : badRequest(decoded.message);
    const type = decoded.ok ? decoded.event.type : "invalid";
    metrics.count(EVENTS, { type, status: String(reply?.statusCode ?? 204) });
    metrics.observe(EVENT_SECONDS, { type }, (clock.monotonic() - begun) / 1000);
    if (!decoded.ok) log.warn("event refused", { reason: decoded.message });
    return reply;
  };

  return {
    handle,
    start: () => {
      void tick();
    },
    idle: () => reconciler.idle(),
  };
};
