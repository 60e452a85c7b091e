/** Spreads work over a window, so that many renewals that fall due together do not reach the API server as one burst. */
import type { Clock } from "./clock.ts";

/** Starts item i of n at i/n of the window; a single item starts at once. Resolves when all are done. */
export const spread = async <T>(
  items: readonly T[],
  { windowMs, clock }: { windowMs: number; clock: Clock },
  work: (item: T) => Promise<void>,
): Promise<void> => {
  await Promise.all(
    items.map(async (item, index) => {
      if (index > 0) await clock.sleep((windowMs * index) / items.length);
      await work(item);
    }),
  );
};
