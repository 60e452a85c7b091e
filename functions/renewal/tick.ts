/**
 * The cron tick: sweeps every feature, which renews what is due and hands what needs more to the groups' own runs. Features read
 * together what they have in common; ticks that overlap (a slow API server, a short period) share one sweep.
 */
import type { Clock } from "../kit/clock.ts";
import type { Feature, RunOutcome, SweepOutcome } from "../kit/feature.ts";
import type { Log } from "../kit/host/log.ts";
import { GROUPS, SWEEP_SECONDS } from "../kit/host/metric-list.ts";
import type { Metrics } from "../kit/host/metrics.ts";
import type { Transport } from "../kit/kube/request.ts";
import { joinLists } from "../kit/kube/shared-lists.ts";

export interface TickContext {
  readonly features: readonly Feature[];
  readonly send: Transport;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly trigger: (feature: Feature, group: string) => Promise<RunOutcome>;
  /** Told as soon as a sweep has read everything of a feature. */
  readonly onRead: (feature: Feature) => void;
}

/** Undefined: every feature was swept; otherwise why not. Groups that are not at rest are run again by themselves. */
export type Tick = () => Promise<string | undefined>;

/** A sweep of one feature: why it could not read, if so, and the runs that it asked for. */
interface Swept {
  readonly problem: string | undefined;
  readonly runs: readonly Promise<RunOutcome>[];
}

const sweepOne = async (context: TickContext, feature: Feature): Promise<Swept> => {
  const { clock, log, metrics } = context;
  const begun = clock.monotonic();
  const runs: Promise<RunOutcome>[] = [];
  let outcome: SweepOutcome;
  try {
    outcome = await feature.sweep(context.send, (groups) => {
      context.onRead(feature);
      runs.push(...groups.map((group) => context.trigger(feature, group)));
    });
  } catch (error) {
    log.error("sweep failed", { feature: feature.name, error });
    outcome = { kind: "failed", reason: String(error) };
  }
  metrics.observe(SWEEP_SECONDS, { feature: feature.name }, (clock.monotonic() - begun) / 1000);
  if (outcome.kind === "failed") {
    log.warn("sweep could not read", { feature: feature.name, reason: outcome.reason });
    return { problem: outcome.reason, runs };
  }
  metrics.set(GROUPS, { feature: feature.name }, outcome.groups);
  log.debug("swept", { feature: feature.name, groups: outcome.groups, renewed: outcome.renewed, runs: runs.length });
  return { problem: undefined, runs };
};

export const createTick = (context: TickContext): Tick => {
  let current: Promise<readonly Swept[]> | undefined;
  const sweepAll = (): Promise<readonly Swept[]> => {
    // Never joined with a LIST of an earlier sweep, which may have failed because another of its LISTs did while this one hangs.
    const joined = { ...context, send: joinLists(context.send) };
    return Promise.all(context.features.map((feature) => sweepOne(joined, feature))).finally(() => {
      current = undefined;
    });
  };
  return async () => {
    // Only the sweep is shared: a run that takes long must not keep the next tick from renewing.
    current ??= sweepAll();
    const swept = await current;
    await Promise.all(swept.flatMap(({ runs }) => runs));
    return swept.find(({ problem }) => problem !== undefined)?.problem;
  };
};
