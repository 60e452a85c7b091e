/**
 * Which pods users asked for as leaders, on the owner of each record, and how long such a request may still be what a write of the record
 * goes back to.
 */
import type { PastLease } from "./past.ts";
import type { OtherStep } from "./replay.ts";

/**
 * A request that went is forgotten once the record was renewed so often. Whoever moves a record has read it since its last write, but may have
 * read its owner before that, while the request still stood. How many moves lie between is not bounded. Renewals are half a Lease apart:
 * four halves of a Lease of six seconds or more are longer than a run may take by default (10 s), a process that is frozen meanwhile included.
 */
const RENEWALS_AFTER_REQUEST = 5;

/** What users asked of one owner of a record. */
interface Asked {
  present: string | undefined;
  /** Pods that are not asked for any more, and how often the record was renewed since. */
  readonly past: Map<string, number>;
}

export interface Requests {
  /** A custom resource, which may be the owner of a record. */
  noteOwner(step: OtherStep): void;
  /** A record was written without being moved. */
  noteRenewal(record: PastLease): void;
  /** Whether this state of the record may have been written because somebody named the pod; true when its owner was never seen. */
  isAskedFor(record: PastLease, name: string): boolean;
}

/** `annotation`: by which users name the next leader, on the record's owner. */
export const createRequests = (annotation: string): Requests => {
  const byOwner = new Map<string, Asked>();
  return {
    noteOwner: ({ after, revision }) => {
      const { uid } = revision.object.metadata;
      if (after === undefined) {
        byOwner.delete(uid);
        return;
      }
      const known = byOwner.get(uid) ?? { present: undefined, past: new Map() };
      byOwner.set(uid, known);
      const wanted = after.raw.metadata.annotations?.[annotation];
      if (known.present !== undefined && known.present !== wanted) known.past.set(known.present, 0);
      known.present = wanted;
    },
    noteRenewal: ({ ownerUid = "" }) => {
      const past = byOwner.get(ownerUid)?.past ?? new Map<string, number>();
      for (const [name, renewals] of past) {
        if (renewals + 1 < RENEWALS_AFTER_REQUEST) past.set(name, renewals + 1);
        else past.delete(name);
      }
    },
    isAskedFor: ({ ownerUid = "" }, name) => {
      const known = byOwner.get(ownerUid);
      return known === undefined || known.present === name || known.past.has(name);
    },
  };
};
