/**
 * Bounds how much runs at once. What is known to be slow, such as groups behind a webhook that hangs, gets at most half of it, so
 * that it never keeps the others out; apart from that, who came first is first.
 */

export interface Slots {
  /** Resolves when there is room. */
  take(slow: boolean): Promise<void>;
  give(slow: boolean): void;
}

interface Waiting {
  readonly ticket: number;
  readonly enter: () => void;
}

export const createSlots = (count: number): Slots => {
  const slowMost = Math.max(1, Math.floor(count / 2));
  const queues: Record<"slow" | "other", Waiting[]> = { slow: [], other: [] };
  let tickets = 0;
  let taken = 0;
  let takenBySlow = 0;

  const next = (): "slow" | "other" | undefined => {
    const slow = takenBySlow < slowMost ? queues.slow[0] : undefined;
    const [other] = queues.other;
    if (slow === undefined) return other === undefined ? undefined : "other";
    return other === undefined || slow.ticket < other.ticket ? "slow" : "other";
  };

  const admit = (): void => {
    for (let from = next(); taken < count && from !== undefined; from = next()) {
      const entered = queues[from].shift();
      taken += 1;
      if (from === "slow") takenBySlow += 1;
      entered?.enter();
    }
  };

  return {
    take: (slow) =>
      new Promise((enter) => {
        tickets += 1;
        queues[slow ? "slow" : "other"].push({ ticket: tickets, enter });
        admit();
      }),
    give: (slow) => {
      taken -= 1;
      if (slow) takenBySlow -= 1;
      admit();
    },
  };
};
