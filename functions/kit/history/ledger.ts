/**
 * What a history says about who was to lead and who was made to: assignments are written in records, promotions on
 * pods. Both are matched by the epoch and the record's uid.
 */
import { parseEpoch } from "../handover/epoch.ts";
import type { Holder, Stamp } from "../handover/model.ts";
import type { PastPod } from "./past.ts";
import { isOurs, type LeaseStep, type PodStep, type Step } from "./replay.ts";
import { evidenceOf, type Evidence } from "./verdict.ts";

/** A pod in the leader role of its group. */
export interface Leading {
  readonly step: PodStep;
  readonly pod: PastPod;
  readonly team: string;
}

/** A pod whose role, stamp or token we just wrote. */
export interface Imprint {
  readonly step: PodStep;
  readonly pod: PastPod;
  readonly team: string;
}

/** A step, and what it means. */
export interface Entry {
  readonly step: Step;
  /** The pod as it led before, where it leads that group no more. */
  readonly ceded: Leading | undefined;
  /** The pod as it leads now, also where it led before. */
  readonly leading: Leading | undefined;
  readonly imprint: Imprint | undefined;
  /** The epoch by which the imprint made or kept its pod leader; repairs under the same epoch included. */
  readonly promotedBy: number | undefined;
}

/** A holder that a record named under an epoch. */
export interface Assignment {
  readonly holder: Holder | undefined;
  readonly evidence: Evidence;
}

export interface Ledger {
  /** Takes down the next step, before anything is asked about it. */
  note(step: Step): Entry;
  /** What the record of a stamp was seen to say under its epoch; empty: nothing yet. */
  assigned(stamp: Stamp): readonly Assignment[];
  /** Version since which every state of the record has to be known to say that it did not assign the epoch; `0`: ever. */
  knownSince(stamp: Stamp): string;
  /** A record of the group was seen. */
  hasRecord(team: string): boolean;
  /** A record or an enrolled pod of the group was seen. */
  serves(team: string): boolean;
  /**
   * Position of the group's assignment before this one; -1 when this was the first, undefined when it was never made.
   * The hand-over read its pods after that one, so only younger pods can be unknown to it.
   */
  precedent(stamp: Stamp): number | undefined;
}

interface Page {
  readonly precedent: number;
  readonly assignments: Assignment[];
}

/** An epoch of a record, and the version of the last state that was seen with it. */
interface Term {
  readonly epoch: number;
  readonly lastSeen: string;
}

const namedOr = (holder: Holder | undefined): string => (holder === undefined ? "nobody" : holder.name);

const imprintIn = (step: Step): Imprint | undefined => {
  if (step.kind !== "pod" || !isOurs(step) || step.after?.team === undefined) return undefined;
  const { before, after } = step;
  return before?.imprint === after.imprint ? undefined : { step, pod: after, team: step.after.team };
};

const leadingIn = (step: Step, when: "before" | "after"): Leading | undefined => {
  const pod = step.kind === "pod" ? step[when] : undefined;
  if (step.kind !== "pod" || pod?.leads !== true || pod.team === undefined) return undefined;
  return { step, pod, team: pod.team };
};

const promotedBy = (imprint: Imprint | undefined): number | undefined =>
  imprint?.pod.leads === true && imprint.pod.isTokenOurs
    ? parseEpoch(imprint.pod.token, Number.POSITIVE_INFINITY)
    : undefined;

const keyOf = ({ record, epoch }: Stamp): string => `${record}/${epoch}`;

export const createLedger = (): Ledger => {
  const pages = new Map<string, Page>();
  /** The group's present assignment. Without renewals: one stands until the next. */
  const present = new Map<string, { readonly index: number; readonly key: string; readonly uid: string | undefined }>();
  const served = new Set<string>();
  /** Of each record, in the order in which they were seen. */
  const terms = new Map<string, Term[]>();

  const noteTerm = ({ revision: { resourceVersion } }: LeaseStep, { record, epoch }: Stamp): void => {
    const known = terms.get(record) ?? [];
    terms.set(record, known);
    if (known.at(-1)?.epoch === epoch) known.pop();
    known.push({ epoch, lastSeen: resourceVersion });
  };
  const assign = (step: LeaseStep, team: string, stamp: Stamp): void => {
    const { epoch } = stamp;
    const holder = step.after?.holder;
    const key = keyOf(stamp);
    const last = present.get(team);
    if (last?.key === key && last.uid === holder?.uid) return;
    present.set(team, { index: step.index, key, uid: holder?.uid });
    const page = pages.get(key) ?? { precedent: last?.index ?? -1, assignments: [] };
    pages.set(key, page);
    const evidence = evidenceOf(step, `assigned epoch ${epoch} to ${namedOr(holder)}`);
    page.assignments.push({ holder, evidence });
  };
  const noteLease = (step: LeaseStep): void => {
    const { team, uid: record, epoch } = step.after ?? {};
    if (team !== undefined) served.add(team);
    if (team === undefined || record === undefined || epoch === undefined) return;
    assign(step, team, { record, epoch });
    noteTerm(step, { record, epoch });
  };
  const notePod = ({ after }: PodStep): void => {
    if (after?.team !== undefined && after.group !== undefined) served.add(after.team);
  };
  return {
    note: (step) => {
      if (step.kind === "lease") noteLease(step);
      if (step.kind === "pod") notePod(step);
      const imprint = imprintIn(step);
      const [before, leading] = [leadingIn(step, "before"), leadingIn(step, "after")];
      const ceded = before?.team === leading?.team ? undefined : before;
      return { step, ceded, leading, imprint, promotedBy: promotedBy(imprint) };
    },
    assigned: (stamp) => pages.get(keyOf(stamp))?.assignments ?? [],
    knownSince: ({ record, epoch }) => terms.get(record)?.findLast((term) => term.epoch < epoch)?.lastSeen ?? "0",
    hasRecord: (team) => present.has(team),
    serves: (team) => served.has(team),
    precedent: (stamp) => pages.get(keyOf(stamp))?.precedent,
  };
};
