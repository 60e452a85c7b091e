/** Time that passes only when a test says so: sleepers wake in order of their time, and everything that follows runs first. */
import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../../../functions/kit/clock.ts";
import { NOW } from "./builders.ts";

export interface VirtualClock extends Clock {
  /** Lets everything run that can run without time passing. */
  flush(): Promise<void>;
  /** Lets time pass, waking each sleeper at its own time. */
  advance(milliseconds: number): Promise<void>;
  /** Lets time pass until the promise is settled. Throws when it waits for something else than time. */
  settle<T>(promise: Promise<T>): Promise<T>;
  /** How many sleep. */
  sleepers(): number;
}

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** Bound of `settle`: more wake-ups than any test needs. */
const WAKES_MAX = 10_000;

const flush = async (): Promise<void> => {
  await turn();
};

export const createVirtualClock = (start: number = NOW): VirtualClock => {
  let elapsed = 0;
  let sleeping: readonly Sleeper[] = [];

  const next = (): Sleeper | undefined => sleeping.toSorted((one, other) => one.at - other.at)[0];

  const wakeAt = async (sleeper: Sleeper): Promise<void> => {
    elapsed = Math.max(elapsed, sleeper.at);
    sleeping = sleeping.filter((other) => other !== sleeper);
    sleeper.wake();
    await flush();
  };

  const advance = async (milliseconds: number): Promise<void> => {
    const end = elapsed + milliseconds;
    await flush();
    for (let due = next(); due !== undefined && due.at <= end; due = next()) {
      // Time is one thing after the other.
      // oxlint-disable-next-line no-await-in-loop
      await wakeAt(due);
    }
    elapsed = end;
  };

  const settle = async <T>(promise: Promise<T>): Promise<T> => {
    const progress = { settled: false };
    const watched = promise.finally(() => {
      progress.settled = true;
    });
    watched.catch(() => undefined);
    await flush();
    for (let wakes = 0; !progress.settled && wakes < WAKES_MAX; wakes += 1) {
      const due = next();
      if (due === undefined) throw new Error("the promise waits for something that no clock brings");
      // oxlint-disable-next-line no-await-in-loop
      await wakeAt(due);
    }
    return watched;
  };

  return {
    serverNow: () => start + elapsed,
    monotonic: () => elapsed,
    sleep: (milliseconds) =>
      new Promise((resolve) => {
        sleeping = [...sleeping, { at: elapsed + milliseconds, wake: resolve }];
      }),
    flush,
    advance,
    settle,
    sleepers: () => sleeping.length,
  };
};
