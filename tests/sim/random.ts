/** The only source of chance in a simulation, so that a seed is a history: what is drawn depends on nothing but the draws before. */

export interface Random {
  /** In [0, 1). */
  next(): number;
  chance(probability: number): boolean;
  /** A whole number in [0, limit). */
  below(limit: number): number;
  /** Undefined when there is nothing to pick from. */
  pick<T>(items: readonly T[]): T | undefined;
}

/** mulberry32: neighbouring states differ wholly after one step, and 32 bits are plenty for some thousand draws. */
const drawsOf = (start: number): (() => number) => {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** Keeps the streams of neighbouring seeds apart. */
const SEED_STRIDE = 7919;
/** Keeps the streams of one seed apart: 2^32 divided by the golden ratio. */
const STREAM_STRIDE = 0x9e3779b1;

/** Streams of one seed are independent: how much is drawn from one changes nothing in another. */
export const createRandom = (seed: number, stream = 0): Random => {
  const next = drawsOf((seed * SEED_STRIDE + 1) ^ Math.imul(stream, STREAM_STRIDE));
  const below = (limit: number): number => Math.floor(next() * limit);
  return { next, below, chance: (probability) => next() < probability, pick: (items) => items[below(items.length)] };
};
