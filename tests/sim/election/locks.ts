/** What people do to locks and their Leases. */
import { LOCKS, SWITCHOVER_ANNOTATION } from "../../../functions/election/labels.ts";
import { MANAGED_BY, MANAGED_BY_LABEL } from "../../../functions/kit/handover/names.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { LEASES, PODS } from "../../../functions/kit/kube/request.ts";
import { all, create, edit, named, remove } from "../hands.ts";
import type { Random } from "../random.ts";
import { isBystander, isEnding, leaseDelete, onAny, tidySet, type Action, type Actions } from "../workload.ts";
import { LEASE_SECONDS, type World } from "../world.ts";

const LEASE_SECONDS_LEAST = 6;
const LEASE_SECONDS_MOST = 30;

interface LockSpec {
  readonly statefulSetName: string;
  readonly leaseName: string;
  readonly paused?: boolean;
}

export const specOf = (lock: KubeObject): LockSpec => lock.spec as LockSpec;

export const createLock = (world: World, name: string, spec: LockSpec): boolean =>
  create(world, LOCKS, { metadata: { name }, spec: { ...spec, leaseDurationSeconds: LEASE_SECONDS } });

/** Two locks of them all; nothing is drawn where there are just two. */
const twoLocks = (world: World, random: Random): readonly (KubeObject | undefined)[] => {
  const { locks } = world.shape.names;
  const pair = locks.length === 2 ? locks : [random.pick(locks), random.pick(locks)];
  return pair.map((name) => (name === undefined ? undefined : named(world, LOCKS, name)));
};

/** Two locks take each other's value of one field, one after the other. */
const swap =
  (field: keyof LockSpec): Action =>
  (world, random) => {
    const [one, other] = twoLocks(world, random);
    if (one === undefined || other === undefined) return false;
    const isOneEdited = edit(world, LOCKS, one, { spec: { [field]: specOf(other)[field] } });
    return edit(world, LOCKS, other, { spec: { [field]: specOf(one)[field] } }) && isOneEdited;
  };

const onLock = (change: (world: World, random: Random) => object): Action =>
  onAny(LOCKS, (world, lock, random) => edit(world, LOCKS, lock, change(world, random)));

export const LOCK_ACTIONS: Actions = {
  lockCreate: (world, random) => {
    const { names } = world.shape;
    const name = random.pick(names.locks) ?? "";
    const statefulSetName = random.pick(names.sets) ?? "";
    const leaseName = random.pick(names.leases) ?? "";
    return named(world, LOCKS, name) === undefined && createLock(world, name, { statefulSetName, leaseName });
  },
  lockDelete: onAny(LOCKS, (world, lock) => remove(world, LOCKS, lock)),
  finalizerOff: onAny(LOCKS, (world, lock) => edit(world, LOCKS, lock, { metadata: { finalizers: null } }), isEnding),
  leaseDelete,
  leaseName: onLock(({ shape }, random) => ({ spec: { leaseName: random.pick(shape.names.leases) } })),
  setName: onLock(({ shape }, random) => ({ spec: { statefulSetName: random.pick(shape.names.sets) } })),
  swapSets: swap("statefulSetName"),
  swapLeases: swap("leaseName"),
  leaseDuration: onLock((_world, random) => {
    const leaseDurationSeconds = LEASE_SECONDS_LEAST + random.below(LEASE_SECONDS_MOST - LEASE_SECONDS_LEAST);
    return { spec: { leaseDurationSeconds } };
  }),
  paused: onLock((_world, random) => ({ spec: { paused: random.chance(0.5) } })),
  switchover: (world, random) => {
    const pod = random.pick(all(world, PODS).filter((found) => !isBystander(found)))?.metadata.name;
    if (pod === undefined) return false;
    return onLock(() => ({ metadata: { annotations: { [SWITCHOVER_ANNOTATION]: pod } } }))(world, random);
  },
};

/** Somebody else makes a Lease of the name, instead of the one that is there. */
const leaseOf =
  (spec: (random: Random, world: World) => object): Action =>
  (world, random) => {
    const name = random.pick(world.shape.names.leases) ?? "";
    const old = named(world, LEASES, name);
    if (old !== undefined) remove(world, LEASES, old);
    return create(world, LEASES, { metadata: { name }, spec: spec(random, world) });
  };

export const LEASE_ACTIONS: Actions = {
  /** A holder that is none of ours: the Lease is not to be touched any more. */
  leaseTaken: leaseOf(() => ({ holderIdentity: "stranger", leaseTransitions: 3, leaseDurationSeconds: 15 })),
  /** What the replaced operator writes: a name and nothing else. */
  leaseAdoptable: leaseOf((random, world) => {
    const pod = random.chance(0.3) ? undefined : random.pick(all(world, PODS))?.metadata.name;
    return { holderIdentity: pod ?? "" };
  }),
};

const isStrangers = ({ metadata }: KubeObject): boolean => metadata.labels?.[MANAGED_BY_LABEL] !== MANAGED_BY;

const tidyLock = (world: World, name: string, spec: LockSpec): boolean => {
  const lock = named(world, LOCKS, name);
  if (lock === undefined) return createLock(world, name, spec);
  return specOf(lock).paused === true && edit(world, LOCKS, lock, { spec: { paused: false } });
};

/** What is a stranger's goes; the set and its lock are there, and go on. */
export const tidyElection = (world: World, index: number, random: Random): readonly boolean[] => {
  const { sets, locks, leases } = world.shape.names;
  const [statefulSetName = "", lockName = "", leaseName = ""] = [sets[index], locks[index], leases[index]];
  const lease = named(world, LEASES, leaseName);
  return [
    lease !== undefined && isStrangers(lease) && remove(world, LEASES, lease),
    tidySet(world, statefulSetName, { random }),
    tidyLock(world, lockName, { statefulSetName, leaseName }),
  ];
};
