/**
 * Bounds how much runs at once. Repetitions get at most half of it, so that groups which fail slowly, behind a webhook that
 * hangs for example, never keep those out that have not been tried.
 */

export interface Slots {
  /** Resolves when there is room; those who wait are served in order, first attempts before repetitions. */
  take(repeated: boolean): Promise<void>;
  give(repeated: boolean): void;
}

export const createSlots = (count: number): Slots => {
  const limit = { all: count, repeated: Math.max(1, Math.floor(count / 2)) };
  const taken = { all: 0, repeated: 0 };
  const waiting: Record<"first" | "repeated", (() => void)[]> = { first: [], repeated: [] };

  const next = (): { enter: (() => void) | undefined; repeated: boolean } => {
    const enter = waiting.first.shift();
    if (enter !== undefined || taken.repeated >= limit.repeated) return { enter, repeated: false };
    return { enter: waiting.repeated.shift(), repeated: true };
  };

  const admit = (): void => {
    while (taken.all < limit.all) {
      const { enter, repeated } = next();
      if (enter === undefined) return;
      taken.all += 1;
      if (repeated) taken.repeated += 1;
      enter();
    }
  };

  return {
    take: (repeated) =>
      new Promise((resolve) => {
        waiting[repeated ? "repeated" : "first"].push(resolve);
        admit();
      }),
    give: (repeated) => {
      taken.all -= 1;
      if (repeated) taken.repeated -= 1;
      admit();
    },
  };
};
