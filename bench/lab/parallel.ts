/** Bounded parallelism: a thousand creations at once would open a thousand connections and measure those. */

/** `work` on each item, at most so many at a time, begun in order. Rejects with the first failure. */
export const inParallel = async <T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> => {
  const rest = items.values();
  const worker = async (): Promise<void> => {
    // oxlint-disable-next-line no-await-in-loop -- the other workers are what runs beside it
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
};
