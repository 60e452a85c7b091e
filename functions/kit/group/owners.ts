/** Several owners may want the same pods: the oldest is served, whatever order they are listed in. */

interface Owner {
  readonly metadata: { readonly uid: string; readonly creationTimestamp?: string };
}

const ageText = ({ metadata }: Owner): string => `${metadata.creationTimestamp ?? ""} ${metadata.uid}`;

/** Creation time, then uid: the order in which owners of the same pods are served. */
export const byAge = (one: Owner, other: Owner): number => (ageText(one) < ageText(other) ? -1 : 1);

/** What a feature knows of its owners. */
export interface Rules<O extends Owner> {
  /** It wants to be served: what is invalid, or has ended, stops nobody. */
  readonly stands: (owner: O) => boolean;
  /** Only one of the two can be served. */
  readonly collide: (one: O, other: O) => boolean;
}

/** The older owners that are served: in the order of age, each that collides with no older one of them. */
export const olderServed = <O extends Owner>(
  owner: O,
  owners: readonly O[],
  { stands, collide }: Rules<O>,
): readonly O[] => {
  const served: O[] = [];
  for (const other of owners.toSorted(byAge)) {
    const comesFirst = byAge(other, owner) < 0 && stands(other);
    if (comesFirst && !served.some((older) => collide(older, other))) served.push(other);
  }
  return served;
};
