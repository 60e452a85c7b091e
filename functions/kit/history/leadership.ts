/**
 * S3: whom we label leader was assigned so in a record before, carries the stamp and the token of that assignment, and
 * nobody was promoted under a later epoch; a token is on no other pod. What others wrote is judged by S1 only.
 */
import type { Holder } from "../handover/model.ts";
import type { Entry, Imprint, Ledger } from "./ledger.ts";
import { evidenceOf, faultAt, type Evidence, type Fault } from "./verdict.ts";

interface Objection extends Pick<Fault, "message" | "leasesSince"> {
  readonly evidence?: readonly Evidence[];
}

/** The last promotion in a group under its highest epoch. */
interface Promoted {
  readonly epoch: number;
  readonly evidence: Evidence;
}

const named = (holder: Holder | undefined): string =>
  holder === undefined ? "nobody" : `${holder.name} (${holder.uid})`;

const assignmentObjections = ({ pod }: Imprint, ledger: Ledger): readonly Objection[] => {
  if (pod.stamp === undefined) return [{ message: "leads without a stamp" }];
  const assigned = ledger.assigned(pod.stamp);
  if (assigned.some(({ holder }) => holder?.uid === pod.uid)) return [];
  const holders = assigned.map(({ holder }) => named(holder));
  const instead = holders.length === 0 ? "was never assigned" : `was assigned to ${holders.join(", ")}`;
  const message = `leads, but epoch ${pod.stamp.epoch} of record ${pod.stamp.record} ${instead}`;
  const leasesSince = ledger.knownSince(pod.stamp);
  return [{ message, evidence: assigned.map(({ evidence }) => evidence), leasesSince }];
};

/** An enrolment may stamp the holder that somebody had taken out of the group; its promotion then renews the token. */
const isEnrolment = ({ step: { before, after } }: Imprint): boolean => before?.group !== after?.group;

const tokenObjections = (imprint: Imprint): readonly Objection[] => {
  const { stamp, token = "(none)" } = imprint.pod;
  if (stamp === undefined || token === String(stamp.epoch) || isEnrolment(imprint)) return [];
  return [{ message: `leads under epoch ${stamp.epoch} with token ${token}` }];
};

const lateness = ({ pod }: Imprint, promoted: Promoted | undefined): readonly Objection[] => {
  if (pod.stamp === undefined || promoted === undefined || pod.stamp.epoch >= promoted.epoch) return [];
  const message = `leads under epoch ${pod.stamp.epoch}, though ${promoted.epoch} was promoted before`;
  return [{ message, evidence: [promoted.evidence] }];
};

const objections = (imprint: Imprint, ledger: Ledger, promoted: Promoted | undefined): readonly Objection[] => {
  const { pod, team } = imprint;
  if (!pod.leads) {
    return pod.isTokenOurs && !isEnrolment(imprint)
      ? [{ message: `carries token ${pod.token ?? ""} without leading` }]
      : [];
  }
  const isMadeByUs = pod.isRoleOurs || pod.isTokenOurs;
  if (!isMadeByUs || !ledger.hasRecord(team)) return [];
  return [...assignmentObjections(imprint, ledger), ...tokenObjections(imprint), ...lateness(imprint, promoted)];
};

const faultOf = ({ step }: Imprint, { message, evidence, ...rest }: Objection): Fault => ({
  ...faultAt(step, "S3", message, evidence),
  ...rest,
});

export const createLeadershipCheck = (ledger: Ledger): ((entry: Entry) => readonly Fault[]) => {
  const highest = new Map<string, Promoted>();
  return ({ step, imprint, promotedBy }) => {
    if (imprint === undefined) return [];
    const promoted = highest.get(imprint.team);
    if (promotedBy !== undefined && promotedBy > (promoted?.epoch ?? 0)) {
      const evidence = evidenceOf(step, `was promoted under epoch ${promotedBy}`);
      highest.set(imprint.team, { epoch: promotedBy, evidence });
    }
    return objections(imprint, ledger, promoted).map((objection) => faultOf(imprint, objection));
  };
};
