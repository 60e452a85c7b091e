/**
 * What users and nodes may do at any moment without touching what is the function's own: whatever the order, no write of
 * the function may make a second writer then.
 */
import { LOCKS, ROLES, SWITCHOVER_ANNOTATION } from "../../functions/election/labels.ts";
import { MANAGED_BY, MANAGED_BY_LABEL } from "../../functions/kit/handover/names.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { LEASES, PODS, STATEFUL_SETS, type Resource } from "../../functions/kit/kube/request.ts";
import {
  all,
  BYSTANDER,
  create,
  createLock,
  createSet,
  edit,
  editStatus,
  isRunning,
  named,
  remove,
  setReady,
  setReadyAll,
  specOf,
  type LockSpec,
} from "./hands.ts";
import type { Random } from "./random.ts";
import { NAMESPACE, type World } from "./world.ts";

/** What is chosen in it is drawn from the given source. False: there was nothing to do it to, or it was so already. */
export type Action = (world: World, random: Random) => boolean;

/** Label value of a pod that no StatefulSet here selects. */
const ELSEWHERE = "elsewhere";
const LEASE_SECONDS_LEAST = 6;
const LEASE_SECONDS_MOST = 30;
const flapMs = 10_000;
const flipMs = 1_000;

const isBystander = ({ metadata }: KubeObject): boolean => metadata.name.startsWith(BYSTANDER);

/** An action on any object of a kind, or on any that fits; none when there is none. */
export const onAny =
  (
    resource: Resource,
    act: (world: World, object: KubeObject, random: Random) => boolean,
    fits: (object: KubeObject) => boolean = () => true,
  ): Action =>
  (world, random) => {
    const object = random.pick(all(world, resource).filter((found) => fits(found) && !isBystander(found)));
    return object !== undefined && act(world, object, random);
  };

const isWriter = ({ metadata }: KubeObject): boolean => metadata.labels?.[ROLES.roleLabel] === ROLES.leader;
const isAway = ({ metadata }: KubeObject): boolean => metadata.labels?.["app"] === ELSEWHERE;
const isEnding = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;

const bringBack = (world: World, pod: KubeObject): boolean => {
  const app = pod.metadata.name.replace(/-.*/, "");
  return edit(world, PODS, pod, { metadata: { labels: { app } } });
};

/** The pod becomes Ready and not Ready again and again, until the faults end or ten seconds have passed. */
const flap = async (world: World, name: string, random: Random): Promise<void> => {
  const end = world.clock.monotonic() + flapMs;
  for (let ready = false; world.disturbed && world.clock.monotonic() < end; ready = !ready) {
    const pod = named(world, PODS, name);
    if (pod !== undefined) setReady(world, pod, ready);
    // oxlint-disable-next-line no-await-in-loop
    await world.clock.sleep(random.next() * flipMs);
  }
};

/** One by one, in any order. */
const comeBack = async (world: World, random: Random): Promise<void> => {
  const left = [...all(world, PODS)];
  await world.clock.sleep(random.next() * flipMs);
  while (world.disturbed && left.length > 0) {
    const [pod] = left.splice(random.below(left.length), 1);
    const now = pod === undefined ? undefined : named(world, PODS, pod.metadata.name);
    if (now !== undefined) setReady(world, now, true);
    // oxlint-disable-next-line no-await-in-loop
    await world.clock.sleep(random.next() ** 3 * flipMs);
  }
};

const POD_ACTIONS = {
  unready: onAny(PODS, (world, pod) => setReady(world, pod, false)),
  unreadyWriter: onAny(PODS, (world, pod) => setReady(world, pod, false), isWriter),
  ready: (world) => setReadyAll(world, true),
  readyPod: onAny(PODS, (world, pod) => setReady(world, pod, true)),
  /** No pod is Ready, as after a cut cable; then they come back. */
  comeBack: (world, random) => {
    const isCut = setReadyAll(world, false);
    void comeBack(world, random);
    return isCut;
  },
  flap: onAny(
    PODS,
    (world, { metadata }, random) => {
      void flap(world, metadata.name, random);
      return true;
    },
    isRunning,
  ),
  crashPod: onAny(
    PODS,
    ({ kubelet, say }, { metadata }) => {
      kubelet.crash(NAMESPACE, metadata.name);
      say(`kubelet ${metadata.name} crashes`);
      return true;
    },
    isRunning,
  ),
  evictPod: onAny(
    PODS,
    (world, pod) => editStatus(world, PODS, pod, { phase: "Failed", reason: "Evicted" }),
    isRunning,
  ),
  deletePod: onAny(PODS, (world, pod) => remove(world, PODS, pod)),
  forcePod: onAny(PODS, (world, pod) => remove(world, PODS, pod, { gracePeriodSeconds: 0 })),
  leaveSelector: onAny(PODS, (world, pod) => edit(world, PODS, pod, { metadata: { labels: { app: ELSEWHERE } } })),
  backInSelector: onAny(PODS, bringBack, isAway),
} as const satisfies Readonly<Record<string, Action>>;

const scaleTo = (world: World, set: KubeObject, replicas: number): boolean =>
  edit(world, STATEFUL_SETS, set, { spec: { replicas } });

const SET_ACTIONS = {
  scale: onAny(STATEFUL_SETS, (world, set, random) => scaleTo(world, set, random.below(world.shape.replicasMax + 1))),
  toZero: onAny(STATEFUL_SETS, (world, set) => scaleTo(world, set, 0)),
  orphanSet: onAny(STATEFUL_SETS, (world, set) => remove(world, STATEFUL_SETS, set, { propagationPolicy: "Orphan" })),
  setDelete: onAny(STATEFUL_SETS, (world, set) =>
    remove(world, STATEFUL_SETS, set, { propagationPolicy: "Background" }),
  ),
  setCreate: (world, random) => {
    const name = random.pick(world.shape.names.sets) ?? "";
    if (named(world, STATEFUL_SETS, name) !== undefined) return false;
    return createSet(world, name, { replicas: 3, parallel: random.chance(0.7) });
  },
} as const satisfies Readonly<Record<string, Action>>;

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

const LOCK_ACTIONS = {
  lockCreate: (world, random) => {
    const { names } = world.shape;
    const name = random.pick(names.locks) ?? "";
    const statefulSetName = random.pick(names.sets) ?? "";
    const leaseName = random.pick(names.leases) ?? "";
    return named(world, LOCKS, name) === undefined && createLock(world, name, { statefulSetName, leaseName });
  },
  lockDelete: onAny(LOCKS, (world, lock) => remove(world, LOCKS, lock)),
  finalizerOff: onAny(LOCKS, (world, lock) => edit(world, LOCKS, lock, { metadata: { finalizers: null } }), isEnding),
  leaseDelete: onAny(LEASES, (world, lease) => remove(world, LEASES, lease)),
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
} as const satisfies Readonly<Record<string, Action>>;

/** Somebody else makes a Lease of the name, instead of the one that is there. */
const leaseOf =
  (spec: (random: Random, world: World) => object): Action =>
  (world, random) => {
    const name = random.pick(world.shape.names.leases) ?? "";
    const old = named(world, LEASES, name);
    if (old !== undefined) remove(world, LEASES, old);
    return create(world, LEASES, { metadata: { name }, spec: spec(random, world) });
  };

const LEASE_ACTIONS = {
  /** A holder that is none of ours: the Lease is not to be touched any more. */
  leaseTaken: leaseOf(() => ({ holderIdentity: "stranger", leaseTransitions: 3, leaseDurationSeconds: 15 })),
  /** What the replaced operator writes: a name and nothing else. */
  leaseAdoptable: leaseOf((random, world) => {
    const pod = random.chance(0.3) ? undefined : random.pick(all(world, PODS))?.metadata.name;
    return { holderIdentity: pod ?? "" };
  }),
} as const satisfies Readonly<Record<string, Action>>;

const isStrangers = ({ metadata }: KubeObject): boolean => metadata.labels?.[MANAGED_BY_LABEL] !== MANAGED_BY;

const tidySet = (world: World, name: string, random: Random): boolean => {
  const set = named(world, STATEFUL_SETS, name);
  if (set === undefined) return createSet(world, name, { replicas: 3, parallel: true });
  return (set.spec as { replicas?: number }).replicas === 0 && scaleTo(world, set, 1 + random.below(4));
};

const tidyLock = (world: World, name: string, spec: LockSpec): boolean => {
  const lock = named(world, LOCKS, name);
  if (lock === undefined) return createLock(world, name, spec);
  return specOf(lock).paused === true && edit(world, LOCKS, lock, { spec: { paused: false } });
};

/** An administrator puts one group in order: what is missing is made, what is stopped goes on, what is a stranger's goes. */
const tidy: Action = (world, random) => {
  const { sets, locks, leases } = world.shape.names;
  const index = random.below(sets.length);
  const [statefulSetName = "", lockName = "", leaseName = ""] = [sets[index], locks[index], leases[index]];
  const lease = named(world, LEASES, leaseName);
  const deeds = [
    lease !== undefined && isStrangers(lease) && remove(world, LEASES, lease),
    tidySet(world, statefulSetName, random),
    tidyLock(world, lockName, { statefulSetName, leaseName }),
    ...all(world, PODS)
      .filter(isAway)
      .map((pod) => bringBack(world, pod)),
    setReadyAll(world, true),
  ];
  return deeds.includes(true);
};

export const ACTIONS: Readonly<Record<string, Action>> = {
  tidy,
  ...POD_ACTIONS,
  ...SET_ACTIONS,
  ...LOCK_ACTIONS,
  ...LEASE_ACTIONS,
};
