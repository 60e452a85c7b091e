/**
 * Time as the API server sees it, from the `Date` headers of its answers. Lease times and epochs are compared across
 * machines, so the local wall clock decides nothing once a first answer has come.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../clock.ts";

/** RFC 9110, section 6.6.1: `Date` counts whole seconds, so the true time lies within one second after it. */
const DATE_RESOLUTION_MS = 1000;

export interface ServerClock {
  readonly clock: Clock;
  /**
   * Takes the `Date` header of one answer; a missing or unreadable one is ignored.
   * `sentAt` and `receivedAt` are monotonic milliseconds around the exchange.
   */
  readonly observe: (date: string | undefined, sentAt: number, receivedAt: number) => void;
}

interface TimeSource {
  monotonic(): number;
  wallNow(): number;
}

/** Milliseconds since some moment. Not `performance.now()`: its first use loads modules of Node.js, 2 ms at each start. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

const localTime: TimeSource = { monotonic: monotonicMs, wallNow: () => Date.now() };

/**
 * `serverNow` starts as the local wall clock and follows the server from its first answer. It is a lower bound: each
 * answer can only raise it towards the truth, so it never goes back, except when an answer contradicts it (the server's
 * clock was set back, or another API server answered), which starts it afresh. It lags by less than one second plus the
 * time an answer takes.
 */
export const createServerClock = (time: TimeSource = localTime): ServerClock => {
  let offset: number | undefined;
  return {
    clock: {
      serverNow: () => (offset === undefined ? time.wallNow() : time.monotonic() + offset),
      monotonic: () => time.monotonic(),
      sleep: async (milliseconds) => {
        await sleep(milliseconds);
      },
    },
    observe(date, sentAt, receivedAt) {
      const stamped = Date.parse(date ?? "");
      if (Number.isNaN(stamped)) return;
      const lowest = stamped - receivedAt;
      const highest = stamped + DATE_RESOLUTION_MS - sentAt;
      const contradicted = offset === undefined || offset >= highest;
      offset = contradicted ? lowest : Math.max(offset ?? lowest, lowest);
    },
  };
};
