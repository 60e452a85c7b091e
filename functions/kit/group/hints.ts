/**
 * What a warm instance remembers of its groups between runs, and by which values it is found, so that an event costs neither an API
 * call nor a scan of all groups. Hints only: every run reads the truth.
 */

export interface Hints<H> {
  get(key: string): H | undefined;
  /** A copy. */
  all(): ReadonlyMap<string, H>;
  remember(key: string, hint: H): void;
  forget(key: string): void;
  /** Keys of the hints that are found by the value. */
  at(value: string): readonly string[];
  /** A moment, for `replaceAll`. */
  mark(): number;
  /** These exist, as of a sweep; what it could not see stays. Returns the keys that were forgotten. */
  replaceAll(all: ReadonlyMap<string, H>, swept: SweptHints): readonly string[];
}

export interface SweptHints {
  /** When it began: what was learnt since then stays. */
  readonly mark: number;
  /** Where it has looked; empty: everywhere. */
  readonly namespaces: readonly string[];
}

/** How hints are found, and where their groups are. */
export interface HintSpec<H> {
  readonly valuesOf: (key: string, hint: H) => readonly string[];
  readonly namespaceOf: (key: string, hint: H) => string;
}

interface Index {
  add(value: string, key: string): void;
  remove(value: string, key: string): void;
  at(value: string): readonly string[];
}

const createIndex = (): Index => {
  const keys = new Map<string, Set<string>>();
  return {
    add: (value, key) => {
      const found = keys.get(value);
      if (found === undefined) keys.set(value, new Set([key]));
      else found.add(key);
    },
    remove: (value, key) => {
      const found = keys.get(value);
      found?.delete(key);
      if (found?.size === 0) keys.delete(value);
    },
    at: (value) => [...(keys.get(value) ?? [])],
  };
};

export const createHints = <H>({ valuesOf, namespaceOf }: HintSpec<H>): Hints<H> => {
  const hints = new Map<string, H>();
  const index = createIndex();
  const learnt = new Map<string, number>();
  let moment = 0;

  const forget = (key: string): void => {
    const known = hints.get(key);
    if (known === undefined) return;
    for (const value of valuesOf(key, known)) index.remove(value, key);
    hints.delete(key);
    learnt.delete(key);
  };

  const remember = (key: string, hint: H): void => {
    forget(key);
    for (const value of valuesOf(key, hint)) index.add(value, key);
    hints.set(key, hint);
    moment += 1;
    learnt.set(key, moment);
  };

  return {
    get: (key) => hints.get(key),
    all: () => new Map(hints),
    remember,
    forget,
    at: (value) => index.at(value),
    mark: () => moment,
    replaceAll: (all, { mark, namespaces }) => {
      const isOlder = (key: string): boolean => (learnt.get(key) ?? 0) <= mark;
      const isSeen = (key: string, hint: H): boolean =>
        namespaces.length === 0 || namespaces.includes(namespaceOf(key, hint));
      const gone = [...hints].flatMap(([key, hint]) =>
        !all.has(key) && isOlder(key) && isSeen(key, hint) ? [key] : [],
      );
      for (const key of gone) forget(key);
      for (const [key, hint] of all) if (isOlder(key)) remember(key, hint);
      return gone;
    },
  };
};
