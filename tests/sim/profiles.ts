/**
 * What a seed draws before anything goes wrong: how large the world is, what is in it, and what will happen to it. The profile
 * `two-groups` is the first one that there was; it draws as it always did, so that seeds which once failed keep their meaning.
 */
import { ROLES } from "../../functions/election/labels.ts";
import { LEASES } from "../../functions/kit/kube/request.ts";
import { ACTIONS, type Action } from "./actions.ts";
import { DISASTERS } from "./disasters.ts";
import { drawRates, FAULT_NAMES, ratesOf, type Fault, type RateDraw, type Rates } from "./faults.ts";
import { BYSTANDER, create, createLock, createSet } from "./hands.ts";
import { startInstance } from "./instance.ts";
import { createRandom, type Random } from "./random.ts";
import { TAMPERING } from "./tampering.ts";
import { namesOf, type Shape, type World } from "./world.ts";

export type ProfileName = "any" | "mixed" | "race" | "two-groups";

/** What a caller may decide instead of the seed. */
export interface Wishes {
  readonly seed: number;
  /** Actions that are drawn from. */
  readonly actions?: readonly string[] | undefined;
  /** Faults that happen; the seed only decides how often. */
  readonly faults?: readonly string[] | undefined;
  readonly groups?: number | undefined;
  readonly instances?: number | undefined;
}

export type NamedAction = readonly [name: string, act: Action];

export interface Profile {
  readonly shape: Shape;
  /** Actions that happen. */
  readonly steps: number;
  /** Of the network, the controllers and the sources. */
  readonly stream: number;
  /** The objects and instances that there are at first. */
  readonly setUp: (world: World) => Promise<void>;
  /** What will go wrong, in the world's own order of draws. */
  readonly disturbances: (world: World) => { readonly actions: readonly NamedAction[]; readonly rates: Rates };
  /** Where one step draws its action from. */
  readonly dice: (world: World, step: number) => Random;
}

const ALL: Readonly<Record<string, Action>> = { ...ACTIONS, ...DISASTERS, ...TAMPERING };

/** Every action that may be asked for by name. */
export const ACTION_NAMES: readonly string[] = Object.keys(ALL);

const named = (names: readonly string[]): readonly NamedAction[] =>
  Object.entries(ALL).filter(([name]) => names.includes(name));

const beforeLocksMs = 2_000;

const pause = async ({ clock }: World, random: Random): Promise<void> => {
  if (random.chance(0.5)) await clock.advance(random.next() * beforeLocksMs);
};

/** The actions of the first profile, in the order in which it draws them. */
const FIRST_ACTIONS = (
  "unready,unreadyWriter,ready,deletePod,forcePod,leaveSelector,backInSelector,scale,orphanSet,setCreate,lockCreate,lockDelete," +
  "finalizerOff,leaseDelete,leaseName,setName,swapSets,swapLeases,paused,switchover,freeze,kill"
).split(",");

/** Two StatefulSets, two or three instances, one or two locks. */
const twoGroups = ({ seed, actions, instances = 2 + (seed % 2) }: Wishes): Profile => ({
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

/** Streams of one seed. */
const STREAMS = { network: 1, shape: 2, actions: 3, rates: 4, steps: 1_000 } as const;

const createBystanders = (world: World): void => {
  createSet(world, BYSTANDER, { replicas: 1, parallel: true, labels: { [ROLES.roleLabel]: ROLES.leader } });
  create(world, LEASES, { metadata: { name: BYSTANDER }, spec: { holderIdentity: "stranger" } });
};

/** What a seed draws its world and its disturbances from. */
interface Sizes {
  readonly groups: readonly number[];
  readonly replicas: readonly number[];
  readonly instances: readonly number[];
  readonly pausesMs: readonly number[];
}

interface Choice extends RateDraw {
  readonly actions: readonly string[];
}

interface Kind {
  readonly sizes: Sizes;
  readonly steps: number;
  readonly copies: number;
  /** Probability of a StatefulSet to have a lock at first. */
  readonly locked: number;
  readonly choose: (random: Random) => Choice;
}

const createGroup = (world: World, index: number, { random, kind }: { random: Random; kind: Kind }): void => {
  const { sets, locks, leases } = world.shape.names;
  const [set = "", lock = "", leaseName = ""] = [sets[index], locks[index], leases[index]];
  const labels = random.chance(0.15) ? { [ROLES.roleLabel]: ROLES.follower ?? "" } : {};
  createSet(world, set, { replicas: random.pick(kind.sizes.replicas) ?? 0, parallel: random.chance(0.7), labels });
  if (random.chance(kind.locked)) createLock(world, lock, { statefulSetName: set, leaseName });
};

const REPLICAS_MAX = 5;

const shapeOf = (random: Random, kind: Kind, { groups, instances }: Wishes): Shape => {
  const { sizes } = kind;
  const drawn = { groups: random.pick(sizes.groups) ?? 1, instances: random.pick(sizes.instances) ?? 1 };
  const pauseMs = random.pick(sizes.pausesMs) ?? 0;
  const fixed = { replicasMax: REPLICAS_MAX, exactClocks: false, copies: kind.copies };
  return { ...fixed, names: namesOf(groups ?? drawn.groups), instances: instances ?? drawn.instances, pauseMs };
};

const profileOf = (kind: Kind, wishes: Wishes): Profile => {
  const { seed, actions, faults } = wishes;
  const random = createRandom(seed, STREAMS.shape);
  const shape = shapeOf(random, kind, wishes);
  return {
    shape,
    steps: kind.steps,
    stream: STREAMS.network,
    setUp: async (world) => {
      createBystanders(world);
      for (let index = 0; index < shape.instances; index += 1) world.instances.push(startInstance(world, `i${index}`));
      await pause(world, random);
      for (const index of shape.names.sets.keys()) createGroup(world, index, { random, kind });
      await pause(world, random);
    },
    disturbances: () => {
      const choice = kind.choose(createRandom(seed, STREAMS.actions));
      const rates = drawRates(createRandom(seed, STREAMS.rates), { ...choice, only: faults ?? choice.only });
      return { actions: (actions ?? choice.actions).flatMap((name) => named([name])), rates };
    },
    dice: (_world, step) => createRandom(seed, STREAMS.steps + step),
  };
};

const MAIN_ACTIONS: readonly string[] = [...Object.keys(ACTIONS), ...Object.keys(DISASTERS)];
/** Without a hand-over nothing can go wrong, and without somebody who mends there is soon nothing to hand over. */
const ALWAYS = ["unreadyWriter", "ready", "tidy"] as const;
const ALONE = 0.2;
const TAMPERED = 0.25;
const PRESENCE = 0.3;

/** Actions and faults that do nothing without another. */
const PARTNERS: Readonly<Record<string, readonly string[]>> = {
  restore: ["backup"],
  finalizerOff: ["lockDelete"],
  backInSelector: ["leaveSelector"],
  lockCreate: ["lockDelete"],
  setCreate: ["setDelete"],
  oldEvents: ["keptEvent"],
  hoursPass: ["keptEvent"],
  keptEvent: ["oldEvents"],
};

const isFault = (name: string): boolean => FAULT_NAMES.some((fault) => fault === name);

/** One action or one fault, what it needs, and hand-overs. */
export const alone = (name: string): { readonly actions: readonly string[]; readonly faults: readonly string[] } => {
  const names = [name, ...(PARTNERS[name] ?? [])];
  return { actions: [...ALWAYS, ...names.filter((one) => !isFault(one))], faults: names.filter(isFault) };
};

/** One action or one fault alone in some seeds, any mixture in the others. */
const chooseAny = (random: Random): Choice => {
  const isAlone = random.chance(ALONE);
  const from = random.chance(TAMPERED) ? ACTION_NAMES : MAIN_ACTIONS;
  const [one, share] = [random.pick([...from, ...FAULT_NAMES]) ?? "", random.next() / 2];
  const mixed = from.filter(() => random.chance(share));
  if (!isAlone) return { actions: [...ALWAYS, ...mixed], only: undefined, presence: PRESENCE };
  const { actions, faults } = alone(one);
  return { actions, only: faults, presence: 1 };
};

/** One to six groups, none to five pods in each, one to four instances; small worlds are the cheap ones. */
const MIXED: Kind = {
  sizes: {
    groups: [1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 5, 6],
    replicas: [0, 1, 2, 2, 3, 3, 3, 4, 5],
    instances: [1, 2, 2, 2, 3, 3, 4],
    pausesMs: [400, 2_500, 2_500, 8_000],
  },
  steps: 40,
  copies: 2,
  locked: 0.9,
  choose: chooseAny,
};

/** What the hand-over protocol is made for, one in each seed. */
const RACES: readonly (readonly string[])[] = [
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
const RACE_ACTIONS: readonly string[] =
  "unready,readyPod,comeBack,deletePod,forcePod,leaveSelector,backInSelector,scale,leaseDelete,kill,freeze".split(",");
const RACE_FAULTS: readonly Fault[] = ["slow", "crash", "late", "lostAnswer", "resent", "idleController"];

/** Few pods, many hand-overs, and instances that fall behind each other. */
const RACE: Kind = {
  sizes: { groups: [1], replicas: [2, 2, 3, 3, 4], instances: [2, 3, 4], pausesMs: [400, 1_500, 4_000] },
  steps: 60,
  copies: 3,
  locked: 1,
  choose: (random) => {
    const [race, share] = [random.pick(RACES) ?? [], random.next() / 4];
    const mixed = RACE_ACTIONS.filter(() => random.chance(share));
    const only = RACE_FAULTS.filter(() => random.chance(0.4));
    return {
      actions: ["unreadyWriter", "ready", ...race, ...mixed],
      only: [...only, "stall", "repeatedEvent"],
      presence: 1,
    };
  },
};

const mixed = (wishes: Wishes): Profile => profileOf(MIXED, wishes);
const race = (wishes: Wishes): Profile => profileOf(RACE, wishes);

export const PROFILES: Readonly<Record<ProfileName, (wishes: Wishes) => Profile>> = {
  any: (wishes) => (wishes.seed % 3 === 0 ? race : mixed)(wishes),
  mixed,
  race,
  "two-groups": twoGroups,
};
