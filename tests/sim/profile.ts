/** How a seed draws a world and what happens to it: sizes, actions and faults, each from a stream of its own. */
import { drawRates, FAULT_NAMES, type RateDraw, type Rates } from "./faults.ts";
import { startInstance } from "./instance.ts";
import { createRandom, type Random } from "./random.ts";
import type { Way } from "./way.ts";
import type { Action, Actions } from "./workload.ts";
import { namesOf, type Shape, type World } from "./world.ts";

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
  readonly ways: readonly Way[];
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

const beforeGroupsMs = 2_000;

export const pause = async ({ clock }: World, random: Random): Promise<void> => {
  if (random.chance(0.5)) await clock.advance(random.next() * beforeGroupsMs);
};

/** Streams of one seed. */
const STREAMS = { network: 1, shape: 2, actions: 3, rates: 4, steps: 1_000 } as const;

/** What a seed draws its world from. */
interface Sizes {
  readonly groups: readonly number[];
  readonly replicas: readonly number[];
  readonly instances: readonly number[];
  readonly pausesMs: readonly number[];
}

export interface Choice extends RateDraw {
  readonly actions: readonly string[];
}

export interface Kind {
  readonly ways: readonly Way[];
  /** Every action that it can take, by name. */
  readonly known: Actions;
  readonly sizes: Sizes;
  readonly steps: number;
  readonly copies: number;
  /** What nobody asks the function to serve. */
  readonly createBystanders: (world: World) => void;
  readonly createGroup: (world: World, index: number, drawn: { readonly random: Random; readonly kind: Kind }) => void;
  readonly choose: (random: Random) => Choice;
}

/** Hand-overs that compete among what is `common` to all kinds of a feature. */
export const raceOf = (common: Omit<Kind, "sizes" | "steps" | "copies" | "choose">, races: Races): Kind => ({
  ...common,
  sizes: RACE_SIZES,
  steps: 60,
  copies: 3,
  choose: (random) => chooseRace(random, races),
});

const REPLICAS_MAX = 5;

const shapeOf = (random: Random, kind: Kind, { groups, instances }: Wishes): Shape => {
  const { sizes } = kind;
  const drawn = { groups: random.pick(sizes.groups) ?? 1, instances: random.pick(sizes.instances) ?? 1 };
  const pauseMs = random.pick(sizes.pausesMs) ?? 0;
  const fixed = { replicasMax: REPLICAS_MAX, exactClocks: false, copies: kind.copies };
  return { ...fixed, names: namesOf(groups ?? drawn.groups), instances: instances ?? drawn.instances, pauseMs };
};

/** @throws for an action that is none of the kind's */
const actionNamed =
  ({ known }: Kind) =>
  (name: string): NamedAction => {
    const act = known[name];
    if (act !== undefined) return [name, act];
    throw new Error(`actions: got ${JSON.stringify(name)}, accepts ${Object.keys(known).join(", ")}`);
  };

export const profileOf = (kind: Kind, wishes: Wishes): Profile => {
  const { seed, actions, faults } = wishes;
  const random = createRandom(seed, STREAMS.shape);
  const shape = shapeOf(random, kind, wishes);
  return {
    ways: kind.ways,
    shape,
    steps: kind.steps,
    stream: STREAMS.network,
    setUp: async (world) => {
      kind.createBystanders(world);
      for (let index = 0; index < shape.instances; index += 1) world.instances.push(startInstance(world, `i${index}`));
      await pause(world, random);
      for (const index of shape.names.sets.keys()) kind.createGroup(world, index, { random, kind });
      await pause(world, random);
    },
    disturbances: () => {
      const choice = kind.choose(createRandom(seed, STREAMS.actions));
      const rates = drawRates(createRandom(seed, STREAMS.rates), { ...choice, only: faults ?? choice.only });
      return { actions: (actions ?? choice.actions).map(actionNamed(kind)), rates };
    },
    dice: (_world, step) => createRandom(seed, STREAMS.steps + step),
  };
};

/** Without a hand-over nothing can go wrong, and without somebody who mends there is soon nothing to hand over. */
const ALWAYS = ["unreadyWriter", "ready", "tidy"] as const;
const ALONE = 0.2;
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
  checkerCreate: ["checkerDelete"],
  serviceCreate: ["serviceDelete"],
  reapplied: ["optIn"],
  sliceDelete: ["toRoute"],
  sliceEmptied: ["toRoute"],
  sliceUnlabelled: ["toRoute"],
};

const isFault = (name: string): boolean => FAULT_NAMES.some((fault) => fault === name);

/** One action or one fault, what it needs, and hand-overs. */
export const alone = (name: string): { readonly actions: readonly string[]; readonly faults: readonly string[] } => {
  const names = [name, ...(PARTNERS[name] ?? [])];
  return { actions: [...ALWAYS, ...names.filter((one) => !isFault(one))], faults: names.filter(isFault) };
};

/** One of the actions or one fault alone in some seeds, any mixture in the others. */
export const chooseAmong = (random: Random, names: () => readonly string[]): Choice => {
  const isAlone = random.chance(ALONE);
  const from = names();
  const [one, share] = [random.pick([...from, ...FAULT_NAMES]) ?? "", random.next() / 2];
  const mixed = from.filter(() => random.chance(share));
  if (!isAlone) return { actions: [...ALWAYS, ...mixed], only: undefined, presence: PRESENCE };
  const { actions, faults } = alone(one);
  return { actions, only: faults, presence: 1 };
};

export interface Races {
  /** What the protocol is made for, one in each seed. */
  readonly themes: readonly (readonly string[])[];
  /** Beside it, each in some seeds. */
  readonly beside: readonly string[];
}

const RACE_FAULTS = ["slow", "crash", "late", "lostAnswer", "resent", "idleController"] as const;

/** Hand-overs that compete, and instances that fall behind each other. */
const chooseRace = (random: Random, { themes, beside }: Races): Choice => {
  const [race, share] = [random.pick(themes) ?? [], random.next() / 4];
  const mixed = beside.filter(() => random.chance(share));
  const only = RACE_FAULTS.filter(() => random.chance(0.4));
  return {
    actions: ["unreadyWriter", "ready", ...race, ...mixed],
    only: [...only, "stall", "repeatedEvent"],
    presence: 1,
  };
};

/** One to six groups, none to five pods in each, one to four instances; small worlds are the cheap ones. */
export const MIXED_SIZES: Sizes = {
  groups: [1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 5, 6],
  replicas: [0, 1, 2, 2, 3, 3, 3, 4, 5],
  instances: [1, 2, 2, 2, 3, 3, 4],
  pausesMs: [400, 2_500, 2_500, 8_000],
};

/** Few pods and many hand-overs. */
const RACE_SIZES: Sizes = {
  groups: [1],
  replicas: [2, 2, 3, 3, 4],
  instances: [2, 3, 4],
  pausesMs: [400, 1_500, 4_000],
};
