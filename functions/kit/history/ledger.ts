/**
 * What a history says about who was to lead and who was made to: assignments are written in records, promotions on
 * pods. Both are matched by the epoch and the record's uid.
 */
import { parseEpoch } from "../handover/epoch.ts";
import type { Holder, Stamp } from "../handover/model.ts";
import type { PastPod } from "./past.ts";
import { isOurs, type PodStep, type Step } from "./replay.ts";

interface Assignment {
  /** Position in the history from which it stands. */
  readonly index: number;
  readonly team: string;
  /** Record and epoch. */
  readonly key: string;
  readonly holder: Holder | undefined;
}

/** A pod whose role, stamp or token we just wrote. */
export interface Imprint {
  readonly step: PodStep;
  readonly pod: PastPod;
  readonly team: string;
}

interface Promotion extends Imprint {
  readonly epoch: number;
}

export interface Ledger {
  readonly imprints: readonly Imprint[];
  /** Repairs under the same epoch included. */
  readonly promotions: readonly Promotion[];
  /** Holders that the record of a stamp named under its epoch, at or before a step. */
  assigned(stamp: Stamp, step: Step): readonly (Holder | undefined)[];
  /** A record of the group had been seen at or before a step. */
  hasRecord(team: string, step: Step): boolean;
  /**
   * Position of the group's assignment before this one; -1 when this was the first, undefined when it was never made.
   * The hand-over read its pods after that one, so only younger pods can be unknown to it.
   */
  precedent(team: string, stamp: Stamp): number | undefined;
}

const imprintIn = (step: Step): readonly Imprint[] => {
  if (step.kind !== "pod" || !isOurs(step) || step.after?.team === undefined) return [];
  const { before, after } = step;
  return before?.imprint === after.imprint ? [] : [{ step, pod: after, team: step.after.team }];
};

const promotionIn = (imprint: Imprint): readonly Promotion[] => {
  if (!imprint.pod.leads || !imprint.pod.isTokenOurs) return [];
  const epoch = parseEpoch(imprint.pod.token, Number.POSITIVE_INFINITY);
  return epoch === undefined ? [] : [{ ...imprint, epoch }];
};

const keyOf = ({ record, epoch }: Stamp): string => `${record}/${epoch}`;

const assignmentIn = ({ kind, index, after }: Step): Assignment | undefined => {
  if (kind !== "lease" || after?.team === undefined || after.epoch === undefined) return undefined;
  const { uid, epoch, holder, team } = after;
  return { index, team, key: keyOf({ record: uid, epoch }), holder };
};

/** Without renewals: an assignment stands until the group's next one. */
const assignmentsIn = (steps: readonly Step[]): readonly Assignment[] => {
  const present = new Map<string, Assignment>();
  return steps.flatMap((step) => {
    const next = assignmentIn(step);
    if (next === undefined) return [];
    const last = present.get(next.team);
    present.set(next.team, next);
    return last?.key === next.key && last.holder?.uid === next.holder?.uid ? [] : [next];
  });
};

export const openLedger = (steps: readonly Step[]): Ledger => {
  const assignments = assignmentsIn(steps);
  const byKey = Map.groupBy(assignments, ({ key }) => key);
  const byTeam = Map.groupBy(assignments, ({ team }) => team);
  const imprints = steps.flatMap(imprintIn);
  return {
    imprints,
    promotions: imprints.flatMap(promotionIn),
    assigned: (stamp, step) =>
      (byKey.get(keyOf(stamp)) ?? []).filter(({ index }) => index <= step.index).map(({ holder }) => holder),
    hasRecord: (team, step) => byTeam.get(team)?.some(({ index }) => index <= step.index) === true,
    precedent: (team, stamp) => {
      const ofTeam = byTeam.get(team) ?? [];
      const position = ofTeam.findIndex(({ key }) => key === keyOf(stamp));
      return position === -1 ? undefined : (ofTeam[position - 1]?.index ?? -1);
    },
  };
};
