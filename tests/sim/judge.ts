/** What the history checker does not see: whether the groups came to rest by themselves, and whether they are silent then. */
import { LOCKS, ROLES } from "../../functions/election/labels.ts";
import { viewPod, viewRecord } from "../../functions/kit/handover/model.ts";
import {
  enrolmentLabel,
  GROUP_LABEL,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  OWNER_ANNOTATION,
} from "../../functions/kit/handover/names.ts";
import { readRecord } from "../../functions/kit/handover/record.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { LEASES, PODS, STATEFUL_SETS } from "../../functions/kit/kube/request.ts";
import { memberNamePattern } from "../../functions/kit/pods/stateful-set.ts";
import { disagreement, type GroupState } from "../../infra/lab/group.ts";
import { all, specOf } from "./hands.ts";
import type { World } from "./world.ts";

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

const ageOf = ({ metadata }: KubeObject): string => `${metadata.creationTimestamp} ${metadata.uid}`;

/** Neither paused, nor younger than another lock of its StatefulSet, nor claiming another lock's Lease. */
const mayBeServed = ({ locks }: Cluster, lock: KubeObject): boolean => {
  const { paused, statefulSetName, leaseName } = specOf(lock);
  const others = locks.filter((other) => other !== lock);
  const hasElder = others.some(
    (other) => specOf(other).statefulSetName === statefulSetName && ageOf(other) < ageOf(lock),
  );
  return paused !== true && !hasElder && !others.some((other) => specOf(other).leaseName === leaseName);
};

const stateOf = ({ now, pods, leases }: Cluster, lock: KubeObject, group: string): GroupState => {
  const lease = leases.find(({ metadata }) => metadata.name === specOf(lock).leaseName);
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
}

const conditionsOf = (lock: KubeObject): readonly ConditionView[] =>
  (lock.status as { conditions?: readonly ConditionView[] } | undefined)?.conditions ?? [];

/** Held by somebody else: the function may only say so. */
const isForeign = ({ leases, now }: Cluster, lock: KubeObject): boolean => {
  const { leaseName, statefulSetName } = specOf(lock);
  const lease = leases.find(({ metadata }) => metadata.name === leaseName);
  const isMemberName = memberNamePattern(statefulSetName);
  return readRecord(lease, { feature: ROLES.feature, now, isMemberName }).kind === "foreign";
};

/** Undefined: the lock is at rest, or nothing is to be done for it. */
const unrestOf = (cluster: Cluster, lock: KubeObject): string | undefined => {
  const set = setOf(cluster, lock);
  if (set === undefined || !mayBeServed(cluster, lock)) return undefined;
  if (isForeign(cluster, lock)) {
    const isSaid = conditionsOf(lock).some(({ type, reason }) => type === "Available" && reason === "LeaseForeign");
    return isSaid ? undefined : `${lock.metadata.name}: the Lease is foreign, and no condition says so`;
  }
  const { name, uid } = set.metadata;
  const members = cluster.pods.filter(
    ({ metadata }) => metadata.labels?.["app"] === name && metadata.ownerReferences?.some((owner) => owner.uid === uid),
  );
  if (members.length === 0) return undefined;
  const missing = members.filter(({ metadata }) => metadata.labels?.[ENROLMENT] !== uid);
  if (missing.length > 0) return `${lock.metadata.name}: not enrolled are ${namesOf(missing)}`;
  const state = stateOf(cluster, lock, uid);
  const wrong = disagreement(state);
  const conditions = conditionsOf(lock).map(({ type, status, message }) => `${type}=${status} ${message}`);
  return wrong === undefined ? undefined : `${lock.metadata.name}: ${wrong} (${conditions.join("; ")})`;
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
    ({ metadata }) => metadata.labels?.[MANAGED_BY_LABEL] === MANAGED_BY && !used.has(metadata.name),
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

/** Name of the Lease; undefined: the write is no renewal. */
const renewed = (write: string): string | undefined => / patch leases\/(?<name>\S+)/.exec(write)?.groups?.["name"];

/** The last renewal of one rest and the first of the next may both fall into it. */
const RENEWALS_BESIDE = 2;

/** Writes that are no renewals. */
export const unrestful = ({ writes }: World): readonly string[] =>
  writes.filter((write) => renewed(write) === undefined);

/** Judges what was written while nothing happened: renewals, twice in a Lease's duration, and nothing else. */
export const noise = (world: World, restMs: number): readonly string[] => {
  const others = unrestful(world);
  const renewals = Map.groupBy(world.writes, renewed);
  const eager = all(world, LEASES).flatMap(({ metadata: { name }, spec }) => {
    const seconds = Number((spec as { leaseDurationSeconds?: number }).leaseDurationSeconds);
    const [count, most] = [renewals.get(name)?.length ?? 0, (2 * restMs) / (seconds * 1000) + RENEWALS_BESIDE];
    return count > most ? [`noise: ${count} renewals of ${name} at rest, at most ${most} were due`] : [];
  });
  return [...(others.length === 0 ? [] : [`noise: ${others.length} writes at rest, such as ${others[0]}`]), ...eager];
};
