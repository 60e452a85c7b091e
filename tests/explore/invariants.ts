/**
 * S1, S3 and S4 on every transition of the server, from what it held before and holds after: nothing of what the instances meant
 * to do is asked. The past that they need is kept in the server's state.
 */
import { ROLES } from "../../functions/election/labels.ts";
import {
  EPOCH_ANNOTATION,
  HOLDER_UID_ANNOTATION,
  stampEpochAnnotation,
  stampRecordAnnotation,
} from "../../functions/kit/handover/names.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { isReady } from "./script.ts";
import type { Past, Promotion, Server } from "./server.ts";

export type Invariant = "S1" | "S3" | "S4";

export interface Breach {
  readonly invariant: Invariant;
  readonly text: string;
}

interface Judged {
  readonly server: Server;
  readonly breaches: readonly Breach[];
}

const isLeader = (pod: KubeObject): boolean => pod.metadata.labels?.[ROLES.roleLabel] === ROLES.leader;
const isMember = (pod: KubeObject): boolean => pod.metadata.labels?.["app"] !== undefined;

/** 0: none. */
const stampOf = (pod: KubeObject): number =>
  Number(pod.metadata.annotations?.[stampEpochAnnotation(ROLES.feature)] ?? 0);
const epochOf = (lease: KubeObject | undefined): number => Number(lease?.metadata.annotations?.[EPOCH_ANNOTATION] ?? 0);
const podsOf = ({ pods }: Server): readonly KubeObject[] => pods.filter((pod) => pod !== undefined);
const uidOf = (pod: KubeObject): string => pod.metadata.uid;

/** S1: at no revision two members with the leader's role; a fault breaks it, too, when a pod comes back into the selector. */
export const oneLeader = (after: Server): readonly Breach[] => {
  const leaders = podsOf(after).filter((pod) => isLeader(pod) && isMember(pod));
  return leaders.length < 2 ? [] : [{ invariant: "S1", text: `${leaders.map(uidOf).join(" and ")} both lead` }];
};

const holderOf = (lease: KubeObject | undefined): string | undefined =>
  lease?.metadata.annotations?.[HOLDER_UID_ANNOTATION];

/** The Leases that a write gave a new epoch or holder, and what they were; `former` undefined: it is new. */
const assignments = (
  before: Server,
  after: Server,
): readonly { readonly former: KubeObject | undefined; readonly lease: KubeObject }[] =>
  after.leases.flatMap((lease) => {
    if (lease === undefined) return [];
    const former = before.leases.find((other) => other?.metadata.uid === lease.metadata.uid);
    const stays = former !== undefined && epochOf(former) === epochOf(lease) && holderOf(former) === holderOf(lease);
    return stays ? [] : [{ former, lease }];
  });

/** S4: the epochs of one Lease grow. */
const leaseEpochs = (before: Server, after: Server): readonly Breach[] =>
  assignments(before, after)
    .filter(({ former, lease }) => former !== undefined && epochOf(lease) <= epochOf(former))
    .map(({ former, lease }) => ({
      invariant: "S4",
      text: `the epoch of Lease ${lease.metadata.uid} went from ${epochOf(former)} to ${epochOf(lease)}`,
    }));

/** Pods that took the leader's role, or took it again under another epoch. */
const promotions = (before: Server, after: Server): readonly KubeObject[] =>
  podsOf(after).filter((pod) => {
    const former = podsOf(before).find((other) => uidOf(other) === uidOf(pod));
    const stays = former !== undefined && isLeader(former) && stampOf(former) === stampOf(pod);
    return isLeader(pod) && !stays;
  });

const assignment = (uid: string, epoch: number): string => `${uid}/${epoch}`;

/** S4: promotions have growing epochs, and one epoch promotes one pod; S3: each follows an assignment. */
const judgePromotion = ({ promoted, assigned }: Past, pod: KubeObject): readonly Breach[] => {
  const epoch = stampOf(pod);
  const uid = uidOf(pod);
  const grows = promoted === undefined || epoch > promoted.epoch || (epoch === promoted.epoch && uid === promoted.uid);
  const follows = assigned.includes(assignment(uid, epoch));
  return [
    ...(grows
      ? []
      : [
          {
            invariant: "S4" as const,
            text: `${uid} is promoted under epoch ${epoch} after ${promoted.uid} under epoch ${promoted.epoch}`,
          },
        ]),
    ...(follows
      ? []
      : [{ invariant: "S3" as const, text: `${uid} is promoted under epoch ${epoch}, which no record gave it` }]),
  ];
};

/** S3: whoever leads, nobody was promoted under a later epoch. */
const latestLeads = ({ promoted }: Past, after: Server): readonly Breach[] =>
  podsOf(after)
    .filter((pod) => isLeader(pod) && stampOf(pod) < (promoted?.epoch ?? 0))
    .map((pod) => ({
      invariant: "S3" as const,
      text: `${uidOf(pod)} leads under epoch ${stampOf(pod)} though ${promoted?.uid ?? ""} was promoted under ${promoted?.epoch ?? 0}`,
    }));

const promotionOf = (pod: KubeObject): Promotion => ({
  epoch: stampOf(pod),
  uid: uidOf(pod),
  record: pod.metadata.annotations?.[stampRecordAnnotation(ROLES.feature)] ?? "",
});

const noted = (
  { promoted, assigned }: Past,
  { leases, pods }: { leases: readonly KubeObject[]; pods: readonly KubeObject[] },
): Past => {
  const latest = pods.reduce((last, pod) => (stampOf(pod) > (last?.epoch ?? 0) ? promotionOf(pod) : last), promoted);
  const added = leases.map((lease) => assignment(holderOf(lease) ?? "", epochOf(lease)));
  return { promoted: latest, assigned: [...new Set([...assigned, ...added])].toSorted() };
};

/**
 * Between two Leases, once the pod that was promoted under the former is gone, only the clock keeps epochs apart. Where it stands still
 * nothing is asked of it: the past begins again.
 */
const asked = ({ past, pods, clock }: Server, promoted: readonly Promotion[]): Past => {
  const last = past.promoted;
  if (last === undefined || clock.moves || promoted.every(({ record }) => record === last.record)) return past;
  return pods.some((pod) => pod?.metadata.uid === last.uid) ? past : { ...past, promoted: undefined };
};

/** After a write of an instance: the server with its past brought up to date. */
export const judgeWrite = (before: Server, after: Server): Judged => {
  const promoted = promotions(before, after);
  const leases = assignments(before, after).map(({ lease }) => lease);
  const known = noted(asked(before, promoted.map(promotionOf)), { leases, pods: [] });
  const past = noted(known, { leases: [], pods: promoted });
  // Without any record there is nothing that a label could follow.
  const recorded = after.leaseBirths > 0;
  const breaches = [
    ...oneLeader(after),
    ...leaseEpochs(before, after),
    ...promoted.flatMap((pod) => judgePromotion(known, pod)),
    ...latestLeads(past, after),
  ].filter(({ invariant }) => recorded || invariant === "S1");
  return { server: { ...after, past }, breaches };
};

const isHolder = ({ leases, lock }: Server, pod: KubeObject): boolean =>
  holderOf(leases[lock.lease]) === uidOf(pod) && epochOf(leases[lock.lease]) === stampOf(pod);

/** L1: what is wrong with a group at rest; undefined: nothing. */
export const restProblem = (server: Server): string | undefined => {
  const leaders = podsOf(server).filter(isLeader);
  const able = podsOf(server).filter((pod) => isMember(pod) && isReady(pod));
  const [leader] = leaders;
  if (leaders.length > 1) return `at rest, and ${leaders.map(uidOf).join(" and ")} lead`;
  if (able.length === 0) return undefined;
  if (leader === undefined) return `at rest, and nobody leads though ${able.map(uidOf).join(" and ")} could`;
  if (!able.includes(leader)) return `at rest, and ${uidOf(leader)} leads, which cannot`;
  return isHolder(server, leader)
    ? undefined
    : `at rest, and ${uidOf(leader)} leads, of whom the record does not say so`;
};
