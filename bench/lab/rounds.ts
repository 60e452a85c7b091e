/**
 * Attempts of several contenders in turn, in a new order each round, so that drifts of the host hit all alike; and what is made of their
 * samples.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { BenchOptions } from "../report.ts";
import { percentile, shuffled } from "../statistics.ts";

const PROGRESS_EVERY = 50;
/** Attempts of each that do not count: compiled code and open connections are no part of a comparison. */
const WARM_UP_ROUNDS = 20;
/** For what function and controllers still do about groups that were added. */
const settleMs = 3_000;

/** By contender; `S` says what one attempt of each gives. */
export type Attempts<S> = { readonly [K in keyof S]: () => Promise<S[K]> };
export type Samples<S> = { readonly [K in keyof S]: readonly S[K][] };

/** So many attempts of each contender. */
export const inTurn = async <S extends object>(
  attempts: Attempts<S>,
  { runs, say }: Pick<BenchOptions, "runs" | "say">,
): Promise<Samples<S>> => {
  const contenders = Object.keys(attempts) as (keyof S)[];
  const samples: { [K in keyof S]?: S[K][] } = {};
  for (let round = 1; round <= runs; round += 1) {
    for (const contender of shuffled(contenders)) {
      // oxlint-disable-next-line no-await-in-loop -- one attempt at a time
      (samples[contender] ??= []).push(await attempts[contender]());
    }
    if (round % PROGRESS_EVERY === 0) say(`${round} of ${runs} rounds`);
  }
  return samples as Samples<S>;
};

/** Where groups have just been added. */
export const settle = (): Promise<void> => sleep(settleMs);

/** Attempts that do not count. */
export const warmUp = async <S extends object>(attempts: Attempts<S>): Promise<void> => {
  await inTurn(attempts, { runs: WARM_UP_ROUNDS, say: () => undefined });
};

/** The samples of ours, and those of the floor. */
export interface Pair<T> {
  readonly ours: readonly T[];
  readonly floor: readonly T[];
}

/** A percentile of something that each sample has, of ours and of the floor. */
export const beside = <T>(
  { ours, floor }: Pair<T>,
  of: (sample: T) => number,
  hundredths: number,
): { readonly ours: number; readonly floor: number } => ({
  ours: percentile(ours.map(of), hundredths),
  floor: percentile(floor.map(of), hundredths),
});
