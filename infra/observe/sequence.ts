/**
 * Puts what several watches tell into the one order of the server. Each watch keeps the order of its kind, but nobody says when
 * another one has caught up; so a revision waits a moment, and longer while a watch is interrupted.
 */
import { inOrder } from "../../functions/kit/history/replay.ts";
import { compareVersions, type Gap, type Revision } from "../../functions/kit/history/revision.ts";

export interface Sequence {
  /** A gap when the revision comes after later ones had been let go. */
  add(revision: Revision): Gap | undefined;
  /** What has waited long enough at `now`, in milliseconds since 1970, in order. `isWhole`: every watch is open. */
  due(now: number, isWhole: boolean): readonly Revision[];
  /** Everything that still waits, in order. */
  rest(): readonly Revision[];
}

/** Far more than watches of one server differ by. */
const settleMs = 1_000;
/** An interrupted watch that is open again tells at once what it missed; beyond this the others go on without it. */
const patienceMs = 30_000;

const oneBefore = (version: string): string => String(BigInt(version) - 1n);

export const createSequence = (): Sequence => {
  const waiting: Revision[] = [];
  let released = "0";

  const release = (isDue: (revision: Revision) => boolean): readonly Revision[] => {
    waiting.sort(inOrder);
    const due = waiting.splice(0, waiting.findLastIndex(isDue) + 1);
    const [last] = due.slice(-1);
    if (last !== undefined && compareVersions(last.resourceVersion, released) > 0) released = last.resourceVersion;
    return due;
  };
  return {
    add: (revision) => {
      const { resourceVersion, object } = revision;
      waiting.push(revision);
      if (compareVersions(resourceVersion, released) >= 0) return undefined;
      return { resource: `a late ${object.kind ?? "object"}`, after: oneBefore(resourceVersion), until: released };
    },
    due: (now, isWhole) => {
      const limit = now - (isWhole ? settleMs : patienceMs);
      return release(({ observedAt = 0 }) => observedAt <= limit);
    },
    rest: () => release(() => true),
  };
};
