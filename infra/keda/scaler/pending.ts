/** News that wait for the function or are on their way to it, one entry for each object. Decides what takes the place of what; no I/O. */
import { keyOf, merge, TICK, type News } from "./news.ts";

export interface Entry {
  readonly key: string;
  news: News;
  /** The function has something to do because of it. */
  isWork: boolean;
  /** Verdicts about that which are not there yet. */
  open: number;
  delivered: boolean;
  /** Has taken its place when it came back: there its news are, and its verdicts belong. */
  heir: Entry | undefined;
}

export interface Pending {
  /** The entry that tells the news now, and how many others were given up for it, because too many waited. */
  enter(news: News): { readonly entry: Entry; readonly lost: number };
  /** The next that can go, which is on its way then; at most so many are at the same time. */
  take(most: number): Entry | undefined;
  /** Not on its way any more. */
  landed(entry: Entry): void;
  /** It waits again, or what has taken its place does; not if it is known to be no work. */
  putBack(entry: Entry): void;
  /** It waits, or is on its way. */
  has(entry: Entry): boolean;
  /** It is not told if it is known to be no work. */
  drop(entry: Entry): void;
  /** Any entry is work. */
  readonly hasWork: () => boolean;
}

/** Objects whose state matters at once; 10 MB, if all are large. */
export const WAITING_MOST = 1000;

/** The entry that tells its news now: it, or what has taken its place. */
export const currentOf = (entry: Entry): Entry => (entry.heir === undefined ? entry : currentOf(entry.heir));

export const createPending = (): Pending => {
  const waiting = new Map<string, Entry>();
  const flying = new Map<string, Entry>();

  const add = (news: News, isWork: boolean): Entry => {
    const entry: Entry = { key: keyOf(news), news, isWork, open: 0, delivered: false, heir: undefined };
    waiting.set(entry.key, entry);
    return entry;
  };

  /** While an older state is on its way, and may come back, the newer one is kept. */
  const discard = ({ key, isWork, open }: Entry): void => {
    if (!isWork && open === 0 && !flying.has(key)) waiting.delete(key);
  };

  return {
    enter: (news) => {
      const known = waiting.get(keyOf(news));
      if (known !== undefined) {
        known.news = merge(known.news, news);
        return { entry: known, lost: 0 };
      }
      const lost = waiting.size;
      if (lost < WAITING_MOST) return { entry: add(news, false), lost: 0 };
      waiting.clear();
      return { entry: add(TICK, true), lost };
    },
    take: (most) => {
      // One object's news arrive in their order.
      const next = flying.size < most ? [...waiting.values()].find(({ key }) => !flying.has(key)) : undefined;
      if (next === undefined) return undefined;
      waiting.delete(next.key);
      flying.set(next.key, next);
      return next;
    },
    landed: ({ key }) => void flying.delete(key),
    putBack: (entry) => {
      const newer = waiting.get(entry.key);
      if (newer === undefined) waiting.set(entry.key, entry);
      else {
        newer.news = merge(entry.news, newer.news);
        newer.isWork ||= entry.isWork;
        newer.open += entry.open;
        entry.heir = newer;
      }
      discard(newer ?? entry);
    },
    has: (entry) => flying.get(entry.key) === entry || waiting.get(entry.key) === entry,
    drop: (entry) => {
      if (waiting.get(entry.key) === entry) discard(entry);
    },
    hasWork: () => [...waiting.values(), ...flying.values()].some(({ isWork }) => isWork),
  };
};
