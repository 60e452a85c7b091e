/**
 * The cron tick: sweeps every feature, which renews what is due and hands what needs more to the groups' own runs. Features read
 * together what they have in common; ticks that overlap (a slow API server, a short period) share one sweep.
 */
import type { Clock } from "../kit/clock.ts";
import type { Feature, RunOutcome, SweepOutcome } from "../kit/feature.ts";
import type { Log } from "../kit/host/log.ts";
import { BARRED, GROUPS, SWEEP_SECONDS } from "../kit/host/metric-list.ts";
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
  /** Told as soon as a sweep has read everything of a feature that it may read; `isBarred`: it may read nothing. */
  readonly onRead: (feature: Feature, isBarred: boolean) => void;
}

/** Undefined: every feature was swept that may be; otherwise why not. Groups that are not at rest are run again by themselves. */
export type Tick = () => Promise<string | undefined>;

/** A sweep of one feature, and the runs that it asked for. */
interface Swept {
  readonly outcome: SweepOutcome;
  readonly runs: readonly Promise<RunOutcome>[];
}

const note = ({ log, metrics }: TickContext, { name: feature }: Feature, { outcome, runs }: Swept): void => {
  if (outcome.kind === "failed") {
    log.warn("sweep could not read", { feature, reason: outcome.reason });
    return;
  }
  const barred = outcome.kind === "barred" ? outcome : outcome.barred;
  metrics.set(BARRED, { feature }, barred === undefined ? 0 : 1);
  if (barred !== undefined) {
    const { namespaces, reason } = barred;
    log.error("feature is not swept where it may not list", { feature, namespaces, reason });
  }
  if (outcome.kind === "barred") return;
  metrics.set(GROUPS, { feature }, outcome.groups);
  log.debug("swept", { feature, groups: outcome.groups, renewed: outcome.renewed, runs: runs.length });
};

const sweepOne = async (context: TickContext, feature: Feature): Promise<Swept> => {
  const { clock, log, metrics } = context;
  const begun = clock.monotonic();
  const runs: Promise<RunOutcome>[] = [];
  let outcome: SweepOutcome;
  try {
    outcome = await feature.sweep(context.send, (groups) => {
      context.onRead(feature, false);
      runs.push(...groups.map((group) => context.trigger(feature, group)));
    });
    if (outcome.kind === "barred") context.onRead(feature, true);
  } catch (error) {
    log.error("sweep failed", { feature: feature.name, error });
    outcome = { kind: "failed", reason: String(error) };
  }
  metrics.observe(SWEEP_SECONDS, { feature: feature.name }, (clock.monotonic() - begun) / 1000);
  note(context, feature, { outcome, runs });
  return { outcome, runs };
};

/** Asking again soon helps where the server is in trouble; a permission that one of several features lacks is no reason to. */
const problemOf = (outcomes: readonly SweepOutcome[]): string | undefined => {
  const failed = outcomes.find((outcome) => outcome.kind === "failed");
  const barred = outcomes.filter((outcome) => outcome.kind === "barred");
  const nothing = barred.length === outcomes.length ? barred[0] : undefined;
  return (failed ?? nothing)?.reason;
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
    return problemOf(swept.map(({ outcome }) => outcome));
  };
};
