/** Watches a cluster and judges it as it happens, until it is told to stop. */
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeAccess } from "../../events/source/cluster.ts";
import { createJudge } from "../../functions/kit/history/judge.ts";
import type { Gap, Revision } from "../../functions/kit/history/revision.ts";
import { narrate } from "./narrate.ts";
import type { Recorder } from "./recording.ts";
import type { Observation } from "./report.ts";
import { kindsOf, standardOf, type Scope } from "./scope.ts";
import { createSequence } from "./sequence.ts";
import { openWatches, textOf } from "./watches.ts";

export interface LiveOptions {
  readonly kubeConfig: KubeAccess;
  readonly scope: Scope;
  /** Begins a recording; called once the first state of everything was told, so that a refused observation leaves none behind. */
  readonly record?: (() => Recorder) | undefined;
  /** Gets one line for each thing that happens, and for each trouble. */
  readonly say: (line: string) => void;
  /** Ends the observation. */
  readonly signal: AbortSignal;
}

export interface LiveObservation extends Observation {
  /** Why it could not go on; undefined: it was told to stop. */
  readonly failure: string | undefined;
}

const drainMs = 200;

type Entry = (recorder: Recorder) => void;

/** What is told before there is a recorder waits for it. */
const createTape = (): { readonly write: (entry: Entry) => void; readonly begin: (recorder?: Recorder) => void } => {
  let waiting: Entry[] | undefined = [];
  let target: Recorder | undefined;
  return {
    write: (entry) => {
      if (waiting !== undefined) waiting.push(entry);
      else if (target !== undefined) entry(target);
    },
    begin: (recorder) => {
      if (recorder !== undefined) for (const entry of waiting ?? []) entry(recorder);
      target = recorder;
      waiting = undefined;
    },
  };
};

/** Ends when the signal is aborted. */
const everyMoment = async (signal: AbortSignal, act: () => void): Promise<void> => {
  while (!signal.aborted) {
    act();
    // oxlint-disable-next-line no-await-in-loop -- a clock
    await sleep(drainMs, undefined, { signal }).catch(() => undefined);
  }
};

/**
 * Resolves to what was found when the signal was aborted, or when versions went back.
 * @throws when the pods cannot be listed, or the recording cannot be begun.
 */
export const observeLive = async (options: LiveOptions): Promise<LiveObservation> => {
  const { kubeConfig, scope, record, say } = options;
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const court = createJudge(standardOf(scope));
  const sequence = createSequence();
  const tape = createTape();
  const gaps: Gap[] = [];
  const miss = (gap: Gap): void => {
    gaps.push(gap);
    tape.write((recorder) => recorder.gap(gap));
  };
  const tell = (revision: Revision): void => {
    if (over.signal.aborted) return;
    tape.write((recorder) => recorder.revision(revision));
    const late = sequence.add(revision);
    // A recording is put in order as a whole: there nothing is late.
    if (late !== undefined) gaps.push(late);
  };
  const judgeAll = (revisions: readonly Revision[]): void => {
    for (const revision of revisions) for (const news of court.take(revision)) say(narrate(news, revision));
  };
  try {
    const watching = { kubeConfig, scope, kinds: kindsOf(scope), journal: { tell, miss }, say, signal };
    const { ended, isWhole, unread } = await openWatches(watching);
    tape.begin(record?.());
    for (const plural of unread) tape.write((recorder) => recorder.unread(plural));
    const judging = everyMoment(signal, () => judgeAll(sequence.due(Date.now(), isWhole())));
    const failure = await ended.then(
      () => undefined,
      (error: unknown) => textOf(error),
    );
    over.abort();
    await judging;
    judgeAll(sequence.rest());
    tape.write((recorder) => recorder.end(failure));
    return { verdict: court.verdict(gaps), unread, failure };
  } finally {
    over.abort();
  }
};
