/** Whether the groups of locks came to rest by themselves, which the history checker does not see. */
import { LOCKS, ROLES } from "../../../functions/election/labels.ts";
import { viewPod, viewRecord } from "../../../functions/kit/handover/model.ts";
import {
  enrolmentLabel,
  FEATURE_LABEL,
  GROUP_LABEL,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  OWNER_ANNOTATION,
} from "../../../functions/kit/handover/names.ts";
import { readRecord } from "../../../functions/kit/handover/record.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { LEASES, PODS, STATEFUL_SETS } from "../../../functions/kit/kube/request.ts";
import { memberNamePattern } from "../../../functions/kit/pods/stateful-set.ts";
import { disagreement, type GroupState } from "../../../infra/lab/group.ts";
import { all } from "../hands.ts";
import type { World } from "../world.ts";
import { specOf } from "./locks.ts";

const ENROLMENT = enrolmentLabel(ROLES.feature);
const namesOf = (objects: readonly KubeObject[]): string => objects.map(({ metadata }) => metadata.name).join();

interface Cluster {
  readonly now: number;
  readonly pods: readonly KubeObject[];
  readonly sets: readonly KubeObject[];
  readonly leases: readonly KubeObject[];
  /** That are not being deleted. */
  readonly locks: readonly KubeObject[];
}

const readCluster = (world: World): Cluster => ({
  now: world.api.now(),
  pods: all(world, PODS),
  sets: all(world, STATEFUL_SETS),
  leases: all(world, LEASES),
  locks: all(world, LOCKS).filter(({ metadata }) => metadata.deletionTimestamp === undefined),
});

const setOf = ({ sets }: Cluster, lock: KubeObject): KubeObject | undefined =>
  sets.find(({ metadata }) => metadata.name === specOf(lock).statefulSetName);

const leaseOf = ({ leases }: Cluster, lock: KubeObject): KubeObject | undefined =>
  leases.find(({ metadata }) => metadata.name === specOf(lock).leaseName);

const stateOf = (cluster: Cluster, lock: KubeObject, group: string): GroupState => {
  const { now, pods } = cluster;
  const lease = leaseOf(cluster, lock);
  return {
    lock,
    status: lock.status ?? {},
    record: lease === undefined ? undefined : viewRecord(lease, now),
    pods: pods
      .filter(({ metadata }) => metadata.labels?.[ENROLMENT] === group)
      .map((pod) => viewPod(pod, ROLES, { member: true, now })),
  };
};

interface ConditionView {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
}

const conditionsOf = (lock: KubeObject): readonly ConditionView[] =>
  (lock.status as { conditions?: readonly ConditionView[] } | undefined)?.conditions ?? [];

/** Why the lock, as it is now, says that it has no writer; empty: it says nothing of the kind. */
const excuseOf = (lock: KubeObject): string => {
  const said = conditionsOf(lock).find(({ type }) => type === "Available");
  const isCurrent = said?.status === "False" && said.observedGeneration === lock.metadata.generation;
  return isCurrent ? said.reason : "";
};

const ageOf = ({ metadata }: KubeObject): string => `${metadata.creationTimestamp} ${metadata.uid}`;

/** The Lease is the lock's record. */
const keepsLease = (cluster: Cluster, lock: KubeObject): boolean =>
  leaseOf(cluster, lock)?.metadata.annotations?.[OWNER_ANNOTATION]?.split("/").at(2) === lock.metadata.uid;

/** Held by somebody else: the function may only say so. */
const isForeign = (cluster: Cluster, lock: KubeObject): boolean => {
  const isMemberName = memberNamePattern(specOf(lock).statefulSetName);
  const reading = { feature: ROLES.feature, now: cluster.now, isMemberName };
  return readRecord(leaseOf(cluster, lock), reading).kind === "foreign";
};

const membersOf = ({ pods }: Cluster, { metadata: { name, uid } }: KubeObject): readonly KubeObject[] =>
  pods.filter(
    ({ metadata }) => metadata.labels?.["app"] === name && metadata.ownerReferences?.some((owner) => owner.uid === uid),
  );

const SHARED = { StatefulSetShared: "statefulSetName", LeaseShared: "leaseName" } as const;

/**
 * Of locks that share a StatefulSet or a Lease the oldest is served, or the one whose record the Lease is. One that has to stand back for
 * a third one may still stand before this one; but two never stand back for each other.
 */
const standsBack = (cluster: Cluster, lock: KubeObject, waiting: readonly KubeObject[] = []): boolean => {
  const excuse = excuseOf(lock);
  if (excuse !== "StatefulSetShared" && excuse !== "LeaseShared") return false;
  const field = SHARED[excuse];
  return cluster.locks.some((other) => {
    if (other === lock || waiting.includes(other) || specOf(other)[field] !== specOf(lock)[field]) return false;
    const isFirst = ageOf(other) < ageOf(lock) || (excuse === "LeaseShared" && keepsLease(cluster, other));
    return isFirst && (!(excuseOf(other) in SHARED) || standsBack(cluster, other, [...waiting, lock]));
  });
};

/** What a lock may say instead of having a writer, and when that is true. */
const EXCUSES: Readonly<Record<string, (cluster: Cluster, lock: KubeObject) => boolean>> = {
  StatefulSetNotFound: (cluster, lock) => setOf(cluster, lock) === undefined,
  StatefulSetShared: standsBack,
  LeaseShared: standsBack,
  LeaseForeign: isForeign,
  PodsNotFound: (cluster, lock) => {
    const set = setOf(cluster, lock);
    return set !== undefined && membersOf(cluster, set).length === 0;
  },
  Paused: (_cluster, lock) => specOf(lock).paused === true,
};

/** Undefined: the lock is at rest, or says with reason why it cannot be. */
const unrestOf = (cluster: Cluster, lock: KubeObject): string | undefined => {
  const excuse = excuseOf(lock);
  const conditions = conditionsOf(lock).map(({ type, status, message }) => `${type}=${status} ${message}`);
  const text = (wrong: string): string => `${lock.metadata.name}: ${wrong} (${conditions.join("; ")})`;
  if (EXCUSES[excuse]?.(cluster, lock) === true) return undefined;
  const set = setOf(cluster, lock);
  if (set === undefined) return text("the StatefulSet is missing, and no condition says so");
  const missing = membersOf(cluster, set).filter(({ metadata }) => metadata.labels?.[ENROLMENT] !== set.metadata.uid);
  if (missing.length > 0) return text(`not enrolled are ${namesOf(missing)}`);
  const wrong = disagreement(stateOf(cluster, lock, set.metadata.uid));
  return wrong === undefined ? undefined : text(wrong);
};

/** A Lease that an existing lock keeps stands for its group, also when the StatefulSet is gone. */
const isKept = ({ locks }: Cluster, { metadata }: KubeObject): boolean =>
  locks.some(
    (lock) =>
      metadata.annotations?.[OWNER_ANNOTATION]?.split("/").at(2) === lock.metadata.uid &&
      specOf(lock).leaseName === metadata.name,
  );

/** Enrolled pods of groups that no lock and no Lease stands for. */
const straysOf = (cluster: Cluster): readonly KubeObject[] => {
  const served = cluster.locks.map((lock) => setOf(cluster, lock)?.metadata.uid);
  const kept = cluster.leases
    .filter((lease) => isKept(cluster, lease))
    .map(({ metadata }) => metadata.labels?.[GROUP_LABEL]);
  const groups = new Set([...served, ...kept]);
  return cluster.pods.filter(({ metadata }) => {
    const group = metadata.labels?.[ENROLMENT];
    return group !== undefined && !groups.has(group);
  });
};

/** L1: what is not at rest, and what was left behind; empty when all is well. */
export const unrest = (world: World): readonly string[] => {
  const cluster = readCluster(world);
  const used = new Set(cluster.locks.map((lock) => specOf(lock).leaseName));
  const left = cluster.leases.filter(
    ({ metadata: { name, labels } }) =>
      labels?.[MANAGED_BY_LABEL] === MANAGED_BY && labels[FEATURE_LABEL] === ROLES.feature && !used.has(name),
  );
  const stuck = all(world, LOCKS).filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
  const strays = straysOf(cluster);
  return [
    ...cluster.locks.map((lock) => unrestOf(cluster, lock)).filter((found) => found !== undefined),
    ...(strays.length === 0 ? [] : [`enrolled pods of no group: ${namesOf(strays)}`]),
    ...(left.length === 0 ? [] : [`Leases left behind: ${namesOf(left)}`]),
    ...(stuck.length === 0 ? [] : [`deletions that do not end: ${namesOf(stuck)}`]),
  ];
};
