/**
 * What users, nodes and processes may do at any moment without touching what is the function's own: whatever the order, no write of
 * the function may make a second writer then.
 */
import { LOCKS, ROLES, SWITCHOVER_ANNOTATION } from "../../functions/election/labels.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { LEASES, PODS, STATEFUL_SETS, type Resource } from "../../functions/kit/kube/request.ts";
import {
  all,
  createLock,
  createSet,
  edit,
  LEASE_NAMES,
  LOCK_NAMES,
  named,
  readyAll,
  remove,
  SET_NAMES,
  setReady,
  specOf,
  type LockSpec,
} from "./hands.ts";
import { startInstance } from "./instance.ts";
import type { World } from "./world.ts";

export type Action = (world: World) => void;

/** Label value of a pod that no StatefulSet here selects. */
const ELSEWHERE = "elsewhere";
const REPLICAS_LIMIT = 4;
const shortFreezeMs = 500;
const longFreezeMs = 20_000;

/** An action on any object of a kind, or on any that fits; none when there is none. */
export const onAny =
  (
    resource: Resource,
    act: (world: World, object: KubeObject) => void,
    fits: (object: KubeObject) => boolean = () => true,
  ): Action =>
  (world) => {
    const object = world.random.pick(all(world, resource).filter(fits));
    if (object !== undefined) act(world, object);
  };

const isWriter = ({ metadata }: KubeObject): boolean => metadata.labels?.[ROLES.roleLabel] === ROLES.leader;
const isAway = ({ metadata }: KubeObject): boolean => metadata.labels?.["app"] === ELSEWHERE;
const isEnding = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;

const POD_ACTIONS = {
  unready: onAny(PODS, (world, pod) => setReady(world, pod, false)),
  unreadyWriter: onAny(PODS, (world, pod) => setReady(world, pod, false), isWriter),
  ready: readyAll,
  deletePod: onAny(PODS, (world, pod) => remove(world, PODS, pod)),
  forcePod: onAny(PODS, (world, pod) => remove(world, PODS, pod, { gracePeriodSeconds: 0 })),
  leaveSelector: onAny(PODS, (world, pod) => edit(world, PODS, pod, { metadata: { labels: { app: ELSEWHERE } } })),
  backInSelector: onAny(
    PODS,
    (world, pod) => {
      const app = pod.metadata.name.replace(/-.*/, "");
      edit(world, PODS, pod, { metadata: { labels: { app } } });
    },
    isAway,
  ),
} as const satisfies Readonly<Record<string, Action>>;

const SET_ACTIONS = {
  scale: onAny(STATEFUL_SETS, (world, set) =>
    edit(world, STATEFUL_SETS, set, { spec: { replicas: world.random.below(REPLICAS_LIMIT) } }),
  ),
  orphanSet: onAny(STATEFUL_SETS, (world, set) => remove(world, STATEFUL_SETS, set, { propagationPolicy: "Orphan" })),
  setCreate: (world) => {
    const name = world.random.pick(SET_NAMES) ?? SET_NAMES[0];
    if (named(world, STATEFUL_SETS, name) === undefined) createSet(world, name, 3);
  },
} as const satisfies Readonly<Record<string, Action>>;

/** The two locks take each other's value of one field, one after the other. */
const swap =
  (field: keyof LockSpec): Action =>
  (world) => {
    const [one, other] = LOCK_NAMES.map((name) => named(world, LOCKS, name));
    if (one === undefined || other === undefined) return;
    edit(world, LOCKS, one, { spec: { [field]: specOf(other)[field] } });
    edit(world, LOCKS, other, { spec: { [field]: specOf(one)[field] } });
  };

const onLock = (change: (world: World) => object): Action =>
  onAny(LOCKS, (world, lock) => edit(world, LOCKS, lock, change(world)));

const LOCK_ACTIONS = {
  lockCreate: (world) => {
    const name = world.random.pick(LOCK_NAMES) ?? LOCK_NAMES[0];
    const statefulSetName = world.random.pick(SET_NAMES) ?? SET_NAMES[0];
    const leaseName = world.random.pick(LEASE_NAMES) ?? LEASE_NAMES[0];
    if (named(world, LOCKS, name) === undefined) createLock(world, name, { statefulSetName, leaseName });
  },
  lockDelete: onAny(LOCKS, (world, lock) => remove(world, LOCKS, lock)),
  finalizerOff: onAny(LOCKS, (world, lock) => edit(world, LOCKS, lock, { metadata: { finalizers: null } }), isEnding),
  leaseDelete: onAny(LEASES, (world, lease) => remove(world, LEASES, lease)),
  leaseName: onLock(({ random }) => ({ spec: { leaseName: random.pick(LEASE_NAMES) } })),
  setName: onLock(({ random }) => ({ spec: { statefulSetName: random.pick(SET_NAMES) } })),
  swapSets: swap("statefulSetName"),
  swapLeases: swap("leaseName"),
  paused: onLock(({ random }) => ({ spec: { paused: random.chance(0.5) } })),
  switchover: (world) => {
    const pod = world.random.pick(all(world, PODS))?.metadata.name;
    if (pod !== undefined) onLock(() => ({ metadata: { annotations: { [SWITCHOVER_ANNOTATION]: pod } } }))(world);
  },
} as const satisfies Readonly<Record<string, Action>>;

const INSTANCE_ACTIONS = {
  freeze: (world) => {
    const { random, clock, say } = world;
    const instance = random.pick(world.instances);
    if (instance === undefined) return;
    const frozenMs = random.next() * (random.chance(0.3) ? longFreezeMs : shortFreezeMs);
    instance.frozenUntil = clock.monotonic() + frozenMs;
    say(`${instance.name} freezes for ${frozenMs.toFixed(0)} ms`);
  },
  kill: (world) => {
    const index = world.random.below(world.instances.length);
    const old = world.instances[index];
    if (old === undefined) return;
    old.dead = true;
    world.say(`${old.name} dies`);
    world.instances[index] = startInstance(world, `${old.name}'`);
  },
} as const satisfies Readonly<Record<string, Action>>;

export const ACTIONS: Readonly<Record<string, Action>> = {
  ...POD_ACTIONS,
  ...SET_ACTIONS,
  ...LOCK_ACTIONS,
  ...INSTANCE_ACTIONS,
};
