/** What every bench does with its samples. */

/** In a new order each round, so that drifts of the host hit all variants alike. */
export const shuffled = <T>(items: readonly T[]): readonly T[] =>
  items
    .map((item) => ({ item, rank: Math.random() }))
    .toSorted((left, right) => left.rank - right.rank)
    .map(({ item }) => item);

/** The smallest value that so many hundredths of the values do not exceed. */
export const percentile = (values: readonly number[], hundredths: number): number => {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil((sorted.length * hundredths) / 100) - 1)] ?? Number.NaN;
};

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
};
