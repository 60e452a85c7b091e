/**
 * Virtual time of a simulation: as the unit tests' clock, but made for thousands of sleepers, and able to leap over hours in which
 * nothing runs.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../../functions/kit/clock.ts";
import { NOW } from "../unit/support/builders.ts";

export interface SimClock extends Clock {
  /** Lets time pass, waking each sleeper at its own time; everything that follows from one runs before the next. */
  advance(milliseconds: number): Promise<void>;
  /** Everything stands still for so long, as when a machine is suspended: sleepers that were due meanwhile wake late. */
  leap(milliseconds: number): void;
  /** Milliseconds without those leaps: the time in which anybody could do anything. */
  lived(): number;
}

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** Where a sleeper belongs among those that wake after it: behind all that were there before it at the same time. */
const placeOf = (sleeping: readonly Sleeper[], at: number): number => {
  let low = 0;
  let high = sleeping.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sleeping[middle]?.at ?? 0) > at) low = middle + 1;
    else high = middle;
  }
  return low;
};

export const createSimClock = (): SimClock => {
  let elapsed = 0;
  let leapt = 0;
  /** The next one last. */
  const sleeping: Sleeper[] = [];

  const advance = async (milliseconds: number): Promise<void> => {
    const end = elapsed + milliseconds;
    await turn();
    for (let next = sleeping.at(-1); next !== undefined && next.at <= end; next = sleeping.at(-1)) {
      sleeping.pop();
      elapsed = Math.max(elapsed, next.at);
      next.wake();
      // Time is one thing after the other.
      // oxlint-disable-next-line no-await-in-loop
      await turn();
    }
    elapsed = Math.max(elapsed, end);
  };

  return {
    serverNow: () => NOW + elapsed,
    monotonic: () => elapsed,
    sleep: (milliseconds) =>
      new Promise((resolve) => {
        const at = elapsed + milliseconds;
        sleeping.splice(placeOf(sleeping, at), 0, { at, wake: resolve });
      }),
    advance,
    leap: (milliseconds) => {
      elapsed += milliseconds;
      leapt += milliseconds;
    },
    lived: () => elapsed - leapt,
  };
};
