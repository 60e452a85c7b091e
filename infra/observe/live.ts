/** Watches a cluster and judges it as it happens, until it is told to stop. */
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeAccess } from "../../events/source/cluster.ts";
import { createJudge } from "../../functions/kit/history/judge.ts";
import type { Gap, Revision } from "../../functions/kit/history/revision.ts";
import { narrate } from "./narrate.ts";
import type { Recorder } from "./recording.ts";
import type { Observation } from "./report.ts";
import { standardOf, type Scope } from "./scope.ts";
import { createSequence } from "./sequence.ts";
import { openWatches } from "./watches.ts";

export interface LiveOptions {
  readonly kubeConfig: KubeAccess;
  readonly scope: Scope;
  readonly recorder?: Recorder | undefined;
  /** Gets one line for each thing that happens, and for each trouble. */
  readonly say: (line: string) => void;
  /** Ends the observation. */
  readonly signal: AbortSignal;
}

const drainMs = 200;

/** Ends when the signal is aborted. */
const everyMoment = async (signal: AbortSignal, act: () => void): Promise<void> => {
  while (!signal.aborted) {
    act();
    // oxlint-disable-next-line no-await-in-loop -- a clock
    await sleep(drainMs, undefined, { signal }).catch(() => undefined);
  }
};

/**
 * Resolves to what was found when the signal was aborted.
 * @throws when the pods cannot be listed, or versions went back.
 */
export const observeLive = async (options: LiveOptions): Promise<Observation> => {
  const { kubeConfig, scope, recorder, say } = options;
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const court = createJudge(standardOf(scope));
  const sequence = createSequence();
  const gaps: Gap[] = [];
  const miss = (gap: Gap): void => {
    gaps.push(gap);
    recorder?.gap(gap);
  };
  const tell = (revision: Revision): void => {
    recorder?.revision(revision);
    const late = sequence.add(revision);
    // A recording is put in order as a whole: there nothing is late.
    if (late !== undefined) gaps.push(late);
  };
  const judgeAll = (revisions: readonly Revision[]): void => {
    for (const revision of revisions) for (const news of court.take(revision)) say(narrate(news, revision));
  };
  try {
    const { ended, isWhole, unread } = await openWatches({ kubeConfig, scope, journal: { tell, miss }, say, signal });
    for (const plural of unread) recorder?.unread(plural);
    const judging = everyMoment(signal, () => judgeAll(sequence.due(Date.now(), isWhole())));
    await Promise.all([ended, judging]);
    judgeAll(sequence.rest());
    recorder?.end();
    return { verdict: court.verdict(gaps), unread };
  } finally {
    failed.abort();
  }
};
