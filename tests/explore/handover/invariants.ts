/**
 * S1, S3, S4 and A on every transition of the server, from what it held before and holds after: nothing of what the instances meant
 * to do is asked. The past that they need is kept in the server's state.
 */
import {
  EPOCH_ANNOTATION,
  HOLDER_UID_ANNOTATION,
  stampEpochAnnotation,
  stampRecordAnnotation,
  type RoleNames,
} from "../../../functions/kit/handover/names.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { Breach, Judged } from "../system.ts";
import { isReady } from "./script.ts";
import { podOf, type Past, type Promotion, type Server } from "./server.ts";

export const isLeader = ({ roleLabel, leader }: RoleNames, pod: KubeObject): boolean =>
  pod.metadata.labels?.[roleLabel] === leader;
export const isMember = (pod: KubeObject): boolean => pod.metadata.labels?.["app"] !== undefined;

/** 0: none. */
const stampOf = ({ feature }: RoleNames, pod: KubeObject): number =>
  Number(pod.metadata.annotations?.[stampEpochAnnotation(feature)] ?? 0);
const epochOf = (lease: KubeObject | undefined): number => Number(lease?.metadata.annotations?.[EPOCH_ANNOTATION] ?? 0);
export const podsOf = ({ pods }: Server): readonly KubeObject[] => pods.filter((pod) => pod !== undefined);
export const uidOf = (pod: KubeObject): string => pod.metadata.uid;

/** S1: at no revision two members with the leader's role; a fault breaks it, too, when a pod comes back into the selector. */
export const oneLeader = (names: RoleNames, after: Server): readonly Breach[] => {
  const leaders = podsOf(after).filter((pod) => isLeader(names, pod) && isMember(pod));
  return leaders.length < 2 ? [] : [{ invariant: "S1", text: `${leaders.map(uidOf).join(" and ")} both lead` }];
};

export const holderOf = (lease: KubeObject | undefined): string | undefined =>
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
const promotions = (names: RoleNames, before: Server, after: Server): readonly KubeObject[] =>
  podsOf(after).filter((pod) => {
    const former = podOf(before, uidOf(pod));
    const stays = former !== undefined && isLeader(names, former) && stampOf(names, former) === stampOf(names, pod);
    return isLeader(names, pod) && !stays;
  });

const assignment = (uid: string, epoch: number): string => `${uid}/${epoch}`;

/** S4: promotions have growing epochs, and one epoch promotes one pod; S3: each follows an assignment. */
const judgePromotion = (names: RoleNames, { promoted, assigned }: Past, pod: KubeObject): readonly Breach[] => {
  const epoch = stampOf(names, pod);
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
const latestLeads = (names: RoleNames, { promoted }: Past, after: Server): readonly Breach[] =>
  podsOf(after)
    .filter((pod) => isLeader(names, pod) && stampOf(names, pod) < (promoted?.epoch ?? 0))
    .map((pod) => ({
      invariant: "S3" as const,
      text: `${uidOf(pod)} leads under epoch ${stampOf(names, pod)} though ${promoted?.uid ?? ""} was promoted under ${promoted?.epoch ?? 0}`,
    }));

const promotionOf = (names: RoleNames, pod: KubeObject): Promotion => ({
  epoch: stampOf(names, pod),
  uid: uidOf(pod),
  record: pod.metadata.annotations?.[stampRecordAnnotation(names.feature)] ?? "",
});

const noted = (
  past: Past,
  { leases, promotions: made }: { leases: readonly KubeObject[]; promotions: readonly Promotion[] },
): Past => {
  const latest = made.reduce((last, next) => (next.epoch > (last?.epoch ?? 0) ? next : last), past.promoted);
  const added = leases.map((lease) => assignment(holderOf(lease) ?? "", epochOf(lease)));
  return { ...past, promoted: latest, assigned: [...new Set([...past.assigned, ...added])].toSorted() };
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

interface Assigned {
  readonly former: KubeObject | undefined;
  readonly lease: KubeObject;
}

/**
 * A: who is assigned in the place of another was named by an answer that is younger than the record which it replaces, so that no answer
 * outlives what others made of a later one. (Without a record whoever is labelled may be confirmed.)
 */
const judgeAnswers = ({ word, past }: Server, assigned: readonly Assigned[]): readonly Breach[] =>
  (word === undefined ? [] : assigned)
    .filter(({ former, lease }) => former !== undefined && holderOf(former) !== holderOf(lease))
    .map(({ lease }) => holderOf(lease) ?? "")
    .filter((uid) => uid !== "" && !past.words.includes(uid))
    .map((uid) => ({
      invariant: "A",
      text: `${uid} is assigned, of whom the application has not said since the last assignment that it leads`,
    }));

/** After a write of an instance: the server with its past brought up to date. */
export const judgeWrite = (names: RoleNames, before: Server, after: Server): Judged<Server> => {
  const promoted = promotions(names, before, after);
  const made = promoted.map((pod) => promotionOf(names, pod));
  const assigned = assignments(before, after);
  const leases = assigned.map(({ lease }) => lease);
  const known = noted(asked(before, made), { leases, promotions: [] });
  const past = noted(known, { leases: [], promotions: made });
  const words = after.word === undefined || leases.length === 0 ? past.words : [after.word];
  // Without any record there is nothing that a label could follow.
  const recorded = after.leaseBirths > 0;
  const breaches = [
    ...oneLeader(names, after),
    ...leaseEpochs(before, after),
    ...judgeAnswers(before, assigned),
    ...promoted.flatMap((pod) => judgePromotion(names, known, pod)),
    ...latestLeads(names, past, after),
  ].filter(({ invariant }) => recorded || invariant === "S1");
  return { server: { ...after, past: { ...past, words } }, breaches };
};

const isHolder = (names: RoleNames, lease: KubeObject | undefined, pod: KubeObject): boolean =>
  holderOf(lease) === uidOf(pod) && epochOf(lease) === stampOf(names, pod);

/** L1: what is wrong with a group at rest, of which `able` can lead; undefined: nothing. */
export const restOf = (
  names: RoleNames,
  { server, lease }: { readonly server: Server; readonly lease: KubeObject | undefined },
  able: readonly KubeObject[],
): string | undefined => {
  const leaders = podsOf(server).filter((pod) => isLeader(names, pod));
  const [leader] = leaders;
  if (leaders.length > 1) return `at rest, and ${leaders.map(uidOf).join(" and ")} lead`;
  if (able.length === 0) return undefined;
  if (leader === undefined) return `at rest, and nobody leads though ${able.map(uidOf).join(" and ")} could`;
  if (!able.includes(leader)) return `at rest, and ${uidOf(leader)} leads, which cannot`;
  return isHolder(names, lease, leader)
    ? undefined
    : `at rest, and ${uidOf(leader)} leads, of whom the record does not say so`;
};

export const ableIn = (server: Server): readonly KubeObject[] =>
  podsOf(server).filter((pod) => isMember(pod) && isReady(pod));

/** L1 of an election. */
export const restProblem = (names: RoleNames, server: Server): string | undefined =>
  restOf(names, { server, lease: server.leases[server.lock.lease] }, ableIn(server));
