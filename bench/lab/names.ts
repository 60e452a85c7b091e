/** How the groups of a bench are named. */

export interface GroupName {
  readonly namespace: string;
  /** Of the StatefulSet, its lock and its Lease. */
  readonly name: string;
}

export const keyOf = ({ namespace, name }: GroupName): string => `${namespace}/${name}`;

const GROUPS_PER_NAMESPACE = 50;

/** Groups `first` to `end`, the end left out: fifty in each namespace. */
export const groupNames = (first: number, end: number): readonly GroupName[] =>
  Array.from({ length: end - first }, (_, offset) => {
    const index = first + offset;
    return { namespace: `data-${Math.floor(index / GROUPS_PER_NAMESPACE)}`, name: `db${index}` };
  });

export interface Step {
  /** How many groups there are then. */
  readonly count: number;
  /** Those that come last. */
  readonly added: readonly GroupName[];
}

/** The way from `present` groups to each of the numbers, which ascend. */
export const stepsTo = (counts: readonly number[], present = 0): readonly Step[] =>
  counts.map((count, index) => ({ count, added: groupNames(counts[index - 1] ?? present, count) }));
