/** Holds what the client was told against what is in the register's books, and measures both: the judgement of a run through the Service. */
import type { Connecting, Outcome, Write } from "./client.ts";
import type { Book, BookName, Entry, Register } from "./register.ts";

type Books = Register["books"];

const namesOf = (books: Books): readonly BookName[] => Object.keys(books) as BookName[];

const written = (writes: readonly Write[], book: BookName, outcome: Outcome): readonly string[] =>
  writes.filter((write) => write.book === book && write.outcome === outcome).map(({ id }) => id);

const brokenIn = (writes: readonly Write[], name: BookName, { accepted }: Book): readonly string[] => {
  const present = new Set(accepted.map(({ id }) => id));
  const lost = written(writes, name, "acknowledged").filter((id) => !present.has(id));
  const unwanted = written(writes, name, "refused").filter((id) => present.has(id));
  const broken = [
    lost.map((id) => `${name}: ${id} was acknowledged and is not there`),
    unwanted.map((id) => `${name}: ${id} was refused and is there`),
    present.size < accepted.length ? [`${name}: ${accepted.length - present.size} are there more than once`] : [],
  ];
  return broken.flat();
};

/** What was promised to the client and is not so. */
export const brokenPromises = (writes: readonly Write[], books: Books): readonly string[] =>
  namesOf(books).flatMap((name) => brokenIn(writes, name, books[name]));

/** Of both books, accepted or not. */
export const everyEntry = ({ checked, unchecked }: Books): readonly Entry[] =>
  [checked.accepted, checked.refused, unchecked.accepted, unchecked.refused].flat();

/** A write with a smaller token than one before it. */
interface OldWrite extends Entry {
  /** Since the first write of the newest writer. */
  readonly lateMs: number;
}

/** What of the accepted writes the check would have refused. Looks at nothing but their order, so that with the check there is none by itself: see `outOfTurn`. */
export const oldWrites = ({ accepted }: Book): readonly OldWrite[] => {
  const old: OldWrite[] = [];
  let newest: Entry | undefined;
  for (const entry of accepted) {
    if (newest === undefined || entry.token > newest.token) newest = entry;
    else if (entry.token < newest.token) old.push({ ...entry, lateMs: entry.atMs - newest.atMs });
  }
  return old;
};

/** Tokens with which more than one pod wrote. */
export const sharedTokens = (books: Books): readonly number[] => {
  const users = new Map<number, Set<string>>();
  for (const { token, pod } of everyEntry(books)) users.set(token, (users.get(token) ?? new Set()).add(pod));
  return [...users].filter(([, pods]) => pods.size > 1).map(([token]) => token);
};

/** From a fault to the next one. */
export interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
}

const isWithin = ({ fromMs, untilMs }: Span, atMs: number): boolean => atMs >= fromMs && atMs < untilMs;

/** Of all lanes. */
export const acknowledgedIn = (writes: readonly Write[], span: Span): number =>
  writes.filter(({ outcome, endMs }) => outcome === "acknowledged" && isWithin(span, endMs)).length;

/** The longest time without an acknowledged write into the checked book that ends in the span. */
export const gapMs = (writes: readonly Write[], connecting: Connecting, span: Span): number => {
  const acknowledged = writes.filter(
    (write) => write.connecting === connecting && write.book === "checked" && write.outcome === "acknowledged",
  );
  const gaps = acknowledged.map(({ endMs }, index) => {
    const sinceMs = acknowledged[index - 1]?.endMs ?? endMs;
    return isWithin(span, endMs) ? endMs - sinceMs : 0;
  });
  return Math.max(0, ...gaps);
};

interface Exposure {
  /** Writes of old writers. */
  readonly writes: number;
  /** From the first write of a newer writer to the last of an old one. */
  readonly forMs: number;
}

export const exposureOf = (book: Book, span: Span): Exposure => {
  const old = oldWrites(book).filter(({ atMs }) => isWithin(span, atMs));
  return { writes: old.length, forMs: Math.max(0, ...old.map(({ lateMs }) => lateMs)) };
};

/** How many the check refused. */
export const refusedOld = ({ refused }: Book, span: Span): number =>
  refused.filter(({ atMs }) => isWithin(span, atMs)).length;
