/**
 * Says whether there is work: rehearses the runs that an event would start in the function, and its sweep. What is remembered in
 * between, so that most events cost no read, is what the function itself would remember.
 */
import type { ClaimEvent, ObjectEvent } from "../../../events/types.ts";
import { createFeatures } from "../../../functions/features.ts";
import type { Clock } from "../../../functions/kit/clock.ts";
import type { Feature, RunOutcome, SweepOutcome } from "../../../functions/kit/feature.ts";
import type { Config } from "../../../functions/kit/host/config.ts";
import type { Log } from "../../../functions/kit/host/log.ts";
import type { Metrics } from "../../../functions/kit/host/metrics.ts";
import type { Transport } from "../../../functions/kit/kube/request.ts";
import { joinLists, shareLists } from "../../../functions/kit/kube/shared-lists.ts";
import { createReconciler } from "../../../functions/kit/reconcile.ts";
import { rehearse, rehearsedAsker } from "./rehearse.ts";

export interface Judge {
  /** Keys of what the event may concern; none: it concerns nobody. Makes no API call. */
  keysOf(event: ObjectEvent | ClaimEvent): readonly string[];
  /** Whether a run of any of them would do more than read; true where that cannot be told. Never rejects. */
  isWork(keys: readonly string[]): Promise<boolean>;
  /** Reads all groups. Never rejects. */
  sweep(): Promise<Sweep>;
}

export interface Sweep {
  /** A group needs more than to be read. */
  readonly work: boolean;
  /** Why not all groups could be read, where that may be so for a while only. */
  readonly problem: string | undefined;
  /** What may not be read. The function may not either, so nobody is woken for it. */
  readonly barred: readonly string[];
}

export interface JudgeOptions {
  readonly config: Config;
  readonly send: Transport;
  readonly clock: Clock;
}

const ignore = (): void => undefined;
/** What a rehearsal says and counts did not happen. */
const NO_LOG: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const NO_METRICS: Metrics = { count: ignore, set: ignore, observe: ignore, forget: ignore, render: () => "" };

const WORK: RunOutcome = { kind: "done", reason: "Work" };

/** Resolves to true with the first that does, else to false when all have. */
const anyOf = async (verdicts: readonly Promise<boolean>[]): Promise<boolean> => {
  const hits = verdicts.map(async (verdict) => {
    if (!(await verdict)) throw new Error("no work");
    return true;
  });
  return Promise.any(hits).catch(() => false);
};

const keyOf = ({ name }: Feature, group: string): string => `${name}|${group}`;

const sweepBy = async (outcome: SweepOutcome, isWork: () => Promise<boolean>): Promise<Sweep> => {
  switch (outcome.kind) {
    case "failed":
      return { work: true, problem: outcome.reason, barred: [] };
    case "barred":
      return { work: false, problem: undefined, barred: [outcome.reason] };
    case "swept": {
      const barred = outcome.barred === undefined ? [] : [outcome.barred.reason];
      return { work: await isWork(), problem: undefined, barred };
    }
  }
};

export const createJudge = (options: JudgeOptions): Judge => {
  const { config, send, clock } = options;
  const features = createFeatures(config, {
    clock,
    log: NO_LOG,
    metrics: NO_METRICS,
    emit: ignore,
    asker: rehearsedAsker,
  });

  const runOf = (key: string): ((reading: Transport) => Promise<RunOutcome>) => {
    const feature = features.find(({ name }) => key.startsWith(`${name}|`));
    if (feature === undefined) throw new Error(`key: got "${key}", accepts <feature>|<group>`);
    return (reading) => feature.run(key.slice(feature.name.length + 1), reading);
  };
  const reconciler = createReconciler({
    send: shareLists(send, clock),
    clock,
    concurrency: config.concurrency,
    deadlineMs: config.groupDeadlineMs,
    run: async (key, bounded) => {
      const rehearsal = await rehearse(bounded, runOf(key));
      // A read that failed is not repeated: the function is to try it.
      if (rehearsal.acts || rehearsal.value.kind === "retry") return WORK;
      const { next = [] } = rehearsal.value;
      const feature = key.slice(0, key.indexOf("|"));
      return { kind: "done", reason: "AtRest", next: next.map((group) => `${feature}|${group}`) };
    },
    onOutcome: ignore,
  });

  /** `seen`: those that led here; groups may name each other. */
  const judge = async (key: string, seen: ReadonlySet<string>): Promise<boolean> => {
    const outcome = await reconciler.trigger(key);
    if (outcome.kind === "retry" || outcome === WORK) return true;
    const path = new Set([...seen, key]);
    return anyOf((outcome.next ?? []).filter((next) => !path.has(next)).map((next) => judge(next, path)));
  };
  const judgeAll = (keys: readonly string[]): Promise<boolean> => anyOf(keys.map((key) => judge(key, new Set())));

  const sweepOne = async (feature: Feature, joined: Transport): Promise<Sweep> => {
    const found: string[] = [];
    const rehearsal = await rehearse(joined, (reading) =>
      feature.sweep(reading, (groups) => found.push(...groups.map((group) => keyOf(feature, group)))),
    );
    // It renews only what it has read.
    if (rehearsal.acts) return { work: true, problem: undefined, barred: [] };
    return sweepBy(rehearsal.value, () => judgeAll(found));
  };

  return {
    keysOf: (event) => {
      const groupsOf = (feature: Feature): readonly string[] =>
        event.type === "object" ? feature.groupsOf(event) : (feature.claimed?.(event) ?? []);
      return features.flatMap((feature) => groupsOf(feature).map((group) => keyOf(feature, group)));
    },
    isWork: judgeAll,
    sweep: async () => {
      const joined = joinLists(send);
      const swept = await Promise.all(features.map((feature) => sweepOne(feature, joined)));
      return {
        work: swept.some(({ work }) => work),
        problem: swept.find(({ problem }) => problem !== undefined)?.problem,
        barred: swept.flatMap(({ barred }) => barred),
      };
    },
  };
};
