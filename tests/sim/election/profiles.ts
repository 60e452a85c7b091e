/**
 * Locks: what a seed draws of them. The profile `two-groups` is the first one that there was; it draws as it always did, so that seeds
 * which once failed keep their meaning.
 */
import { ROLES } from "../../../functions/election/labels.ts";
import { LEASES } from "../../../functions/kit/kube/request.ts";
import { DISASTERS } from "../disasters.ts";
import { ratesOf } from "../faults.ts";
import { BYSTANDER, create, createSet } from "../hands.ts";
import { startInstance } from "../instance.ts";
import {
  chooseAmong,
  MIXED_SIZES,
  pause,
  profileOf,
  raceOf,
  type Kind,
  type NamedAction,
  type Profile,
  type Wishes,
} from "../profile.ts";
import { POD_ACTIONS, SET_ACTIONS, tidy, type Actions } from "../workload.ts";
import { namesOf, type World } from "../world.ts";
import { createLock, LEASE_ACTIONS, LOCK_ACTIONS } from "./locks.ts";
import { TAMPERING } from "./tampering.ts";
import { ELECTION_WAY } from "./way.ts";

const ACTIONS: Actions = {
  tidy,
  ...POD_ACTIONS,
  ...SET_ACTIONS,
  ...LOCK_ACTIONS,
  ...LEASE_ACTIONS,
};

export const ELECTION_ACTIONS: Actions = { ...ACTIONS, ...DISASTERS, ...TAMPERING };

const named = (names: readonly string[]): readonly NamedAction[] =>
  Object.entries(ELECTION_ACTIONS).filter(([name]) => names.includes(name));

/** The actions of the first profile, in the order in which it draws them. */
const FIRST_ACTIONS = (
  "unready,unreadyWriter,ready,deletePod,forcePod,leaveSelector,backInSelector,scale,orphanSet,setCreate,lockCreate,lockDelete," +
  "finalizerOff,leaseDelete,leaseName,setName,swapSets,swapLeases,paused,switchover,freeze,kill"
).split(",");

/** Two StatefulSets, two or three instances, one or two locks. */
export const twoGroups = ({ seed, actions, instances = 2 + (seed % 2) }: Wishes): Profile => ({
  ways: [ELECTION_WAY],
  shape: { names: namesOf(2), instances, replicasMax: 3, exactClocks: true, copies: 2, pauseMs: 2_500 },
  steps: 40,
  stream: 0,
  setUp: async (world) => {
    const { random } = world;
    createSet(world, "seta", { replicas: 3, parallel: random.chance(0.7) });
    createSet(world, "setb", { replicas: 2, parallel: random.chance(0.7) });
    for (let index = 0; index < instances; index += 1) world.instances.push(startInstance(world, `i${index}`));
    await pause(world, random);
    createLock(world, "lock-a", { statefulSetName: "seta", leaseName: "lease-a" });
    if (random.chance(0.6)) createLock(world, "lock-b", { statefulSetName: "setb", leaseName: "lease-b" });
    await pause(world, random);
  },
  disturbances: ({ random }) => {
    const chosen = actions === undefined ? named(FIRST_ACTIONS).filter(() => random.chance(0.45)) : named(actions);
    const upTo = (most: number): number => (random.chance(0.4) ? random.next() * most : 0);
    const network = { lostRequest: upTo(0.1), lostAnswer: upTo(0.15), late: upTo(0.1), serverError: upTo(0.1) };
    const events = { droppedEvent: upTo(0.8), repeatedEvent: 0.05, slow: upTo(0.3) };
    return { actions: chosen, rates: ratesOf({ ...network, ...events, idleController: 0.3 }) };
  },
  dice: ({ random }) => random,
});

export const createBystanders = (world: World): void => {
  createSet(world, BYSTANDER, { replicas: 1, parallel: true, labels: { [ROLES.roleLabel]: ROLES.leader } });
  create(world, LEASES, { metadata: { name: BYSTANDER }, spec: { holderIdentity: "stranger" } });
};

/** A StatefulSet, and a lock with so large a probability. */
const groupLocked =
  (locked: number): Kind["createGroup"] =>
  (world, index, { random, kind }) => {
    const { sets, locks, leases } = world.shape.names;
    const [set = "", lock = "", leaseName = ""] = [sets[index], locks[index], leases[index]];
    const labels = random.chance(0.15) ? { [ROLES.roleLabel]: ROLES.follower ?? "" } : {};
    createSet(world, set, { replicas: random.pick(kind.sizes.replicas) ?? 0, parallel: random.chance(0.7), labels });
    if (random.chance(locked)) createLock(world, lock, { statefulSetName: set, leaseName });
  };

const MAIN_ACTIONS: readonly string[] = [...Object.keys(ACTIONS), ...Object.keys(DISASTERS)];
const TAMPERED = 0.25;

const common = { ways: [ELECTION_WAY], known: ELECTION_ACTIONS, createBystanders } as const;

const MIXED: Kind = {
  ...common,
  sizes: MIXED_SIZES,
  steps: 40,
  copies: 2,
  createGroup: groupLocked(0.9),
  choose: (random) =>
    chooseAmong(random, () => (random.chance(TAMPERED) ? Object.keys(ELECTION_ACTIONS) : MAIN_ACTIONS)),
};

const THEMES: readonly (readonly string[])[] = [
  // Another target, and no pod changes: nothing but the protocol itself keeps two hand-overs apart.
  ["switchover", "switchover", "switchover", "switchover"],
  // First elections among pods that come and go.
  ["lockDelete", "tidy", "tidy", "forcePod", "switchover", "switchover", "switchover"],
  ["lockDelete", "tidy", "tidy", "forcePod", "unready", "readyPod"],
  // Pods that the selector does not find.
  ["leaveSelector", "backInSelector", "tidy"],
  // Records that begin again, while the clock does not help to tell their epochs apart.
  ["leaseDelete", "serverClock", "switchover", "unreadyWriter"],
];
const BESIDE: readonly string[] =
  "unready,readyPod,comeBack,deletePod,forcePod,leaveSelector,backInSelector,scale,leaseDelete,kill,freeze".split(",");

const RACE: Kind = raceOf({ ...common, createGroup: groupLocked(1) }, { themes: THEMES, beside: BESIDE });

export const mixedElection = (wishes: Wishes): Profile => profileOf(MIXED, wishes);
export const raceElection = (wishes: Wishes): Profile => profileOf(RACE, wishes);
