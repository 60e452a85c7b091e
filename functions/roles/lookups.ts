/**
 * Bounds what claims cost. Whoever reaches the function may name pods of sets that this instance has not heard of, and each of those is
 * worth a LIST. A claim beyond the bound is dropped, as an event may be: what it told is found by the next tick.
 */
import type { Clock } from "../kit/clock.ts";
import type { Log } from "../kit/host/log.ts";

const LOOKUPS_MAX = 10;
const WINDOW_MS = 10_000;

/** True: one more lookup may be made now. The first that may not, of each ten seconds, is logged. */
export const createLookups = ({ clock, log }: { readonly clock: Clock; readonly log: Log }): (() => boolean) => {
  let since = clock.monotonic();
  let count = 0;
  return () => {
    const now = clock.monotonic();
    if (now - since >= WINDOW_MS) [since, count] = [now, 0];
    count += 1;
    if (count === LOOKUPS_MAX + 1) {
      log.warn("claims of pods that no known checker is about are dropped", {
        lookups: LOOKUPS_MAX,
        milliseconds: WINDOW_MS,
      });
    }
    return count <= LOOKUPS_MAX;
  };
};
