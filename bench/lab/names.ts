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
