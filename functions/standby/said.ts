/**
 * What this instance has said of a group: Services have no status to remember it, and a group at rest is to be silent. Whatever the last pass
 * said already is no news; what has gone and comes back is.
 */
export interface Said {
  /** Of these, which is all there is to say now, those that were not said the last time. */
  news(key: string, texts: readonly string[]): ReadonlySet<string>;
  /** Something was said the last time. */
  has(key: string): boolean;
  forget(key: string): void;
}

export const createSaid = (): Said => {
  const said = new Map<string, ReadonlySet<string>>();
  return {
    news: (key, texts) => {
      const now = new Set(texts);
      const before = said.get(key) ?? new Set<string>();
      if (now.size === 0) said.delete(key);
      else said.set(key, now);
      return new Set([...now].filter((text) => !before.has(text)));
    },
    has: (key) => said.has(key),
    forget: (key) => void said.delete(key),
  };
};
