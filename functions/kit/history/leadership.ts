/**
 * S3: whom we label leader was assigned so in a record before, carries the stamp and the token of that assignment, and
 * nobody was promoted under a later epoch; a token is on no other pod. What others wrote is judged by S1 only.
 */
import type { Holder } from "../handover/model.ts";
import type { Imprint, Ledger } from "./ledger.ts";
import { violationAt, type Violation } from "./verdict.ts";

const named = (holder: Holder | undefined): string =>
  holder === undefined ? "nobody" : `${holder.name} (${holder.uid})`;

const assignmentFaults = ({ pod, step }: Imprint, ledger: Ledger): readonly string[] => {
  if (pod.stamp === undefined) return ["leads without a stamp"];
  const holders = ledger.assigned(pod.stamp, step);
  if (holders.some((holder) => holder?.uid === pod.uid)) return [];
  const instead = holders.length === 0 ? "was never assigned" : `was assigned to ${holders.map(named).join(", ")}`;
  return [`leads, but epoch ${pod.stamp.epoch} of record ${pod.stamp.record} ${instead}`];
};

/** An enrolment may stamp the holder that somebody had taken out of the group; its promotion then renews the token. */
const isEnrolment = ({ step: { before, after } }: Imprint): boolean => before?.group !== after?.group;

const tokenFaults = (imprint: Imprint): readonly string[] => {
  const { stamp, token = "(none)" } = imprint.pod;
  if (stamp === undefined || token === String(stamp.epoch) || isEnrolment(imprint)) return [];
  return [`leads under epoch ${stamp.epoch} with token ${token}`];
};

const leaderFaults = (imprint: Imprint, ledger: Ledger, promoted: number): readonly string[] => {
  const epoch = imprint.pod.stamp?.epoch ?? promoted;
  const late = epoch < promoted ? [`leads under epoch ${epoch}, though ${promoted} was promoted before`] : [];
  return [...assignmentFaults(imprint, ledger), ...tokenFaults(imprint), ...late];
};

/** `promoted`: the highest epoch promoted in the group before. */
const faultsOf = (imprint: Imprint, ledger: Ledger, promoted: number): readonly string[] => {
  const { pod, team, step } = imprint;
  if (!pod.leads) {
    return pod.isTokenOurs && !isEnrolment(imprint) ? [`carries token ${pod.token ?? ""} without leading`] : [];
  }
  const isMadeByUs = pod.isRoleOurs || pod.isTokenOurs;
  return isMadeByUs && ledger.hasRecord(team, step) ? leaderFaults(imprint, ledger, promoted) : [];
};

export const checkLeadership = (ledger: Ledger): readonly Violation[] => {
  const promoted = new Map<string, number>();
  const epochs = new Map(ledger.promotions.map(({ step, epoch }) => [step.index, epoch]));
  return ledger.imprints.flatMap((imprint) => {
    const { step, team } = imprint;
    const highest = promoted.get(team) ?? 0;
    promoted.set(team, Math.max(highest, epochs.get(step.index) ?? 0));
    return faultsOf(imprint, ledger, highest).map((fault) => violationAt(step, "S3", fault));
  });
};
