/**
 * One simulation: a seed decides which actions there are, how bad the network is, and what happens when. After the last fault every
 * lock must come to rest by itself and be silent, and the whole history must keep what is promised.
 */
import { ROLES } from "../../functions/election/labels.ts";
import { judge, renderVerdict } from "../../functions/kit/history/judge.ts";
import type { Verdict } from "../../functions/kit/history/verdict.ts";
import { observeMemory } from "../../infra/lab/observer.ts";
import { ACTIONS, type Action } from "./actions.ts";
import { connectEvents, runControllers, runCron } from "./actors.ts";
import { createLock, createSet, readyAll } from "./hands.ts";
import { startInstance } from "./instance.ts";
import { noise, unrest, watchDoubles } from "./judge.ts";
import type { Random } from "./random.ts";
import { TAMPERING } from "./tampering.ts";
import { createWorld, LEASE_SECONDS, NO_FAULTS, type Weaken, type Rates, type World } from "./world.ts";

/** Every action that may be asked for by name. */
export const ACTION_NAMES: readonly string[] = [...Object.keys(ACTIONS), ...Object.keys(TAMPERING)];

export const DEFAULT_STEPS = 40;

export interface Simulation {
  readonly seed: number;
  /** Actions that are drawn from; default: each seed chooses its own from all that do not tamper. */
  readonly actions?: readonly string[] | undefined;
  /** Actions that happen; default 40. */
  readonly steps?: number;
  /** Default: nothing stands between the function and the API. */
  readonly weaken?: Weaken;
}

export interface Outcome {
  readonly seed: number;
  /** Empty: all went well. */
  readonly problems: readonly string[];
  readonly verdict: Verdict;
  readonly timeline: readonly string[];
}

const pauseMs = 2_500;
const beforeLocksMs = 2_000;
/** What the function may need after the last fault: frozen requests time out, a group's deadline passes, some ticks come. */
const restMs = 60_000;
const silenceMs = 3 * LEASE_SECONDS * 1000;
const endMs = 1_000;

/** Each fault is absent in most seeds, so that the others are not drowned by it. */
const drawRates = (random: Random): Rates => {
  const upTo = (most: number): number => (random.chance(0.4) ? random.next() * most : 0);
  return {
    lostRequest: upTo(0.1),
    lostAnswer: upTo(0.15),
    late: upTo(0.1),
    serverError: upTo(0.1),
    droppedEvent: upTo(0.8),
    repeatedEvent: 0.05,
    slow: upTo(0.3),
    idleController: 0.3,
  };
};

const chooseActions = (random: Random, names: readonly string[] | undefined): readonly (readonly [string, Action])[] =>
  names === undefined
    ? Object.entries(ACTIONS).filter(() => random.chance(0.45))
    : Object.entries({ ...ACTIONS, ...TAMPERING }).filter(([name]) => names.includes(name));

const settingUp = async (world: World, seed: number): Promise<void> => {
  const { random, clock } = world;
  const pause = async (): Promise<void> => {
    if (random.chance(0.5)) await clock.advance(random.next() * beforeLocksMs);
  };
  createSet(world, "seta", 3);
  createSet(world, "setb", 2);
  for (let index = 0; index < 2 + (seed % 2); index += 1) world.instances.push(startInstance(world, `i${index}`));
  await pause();
  createLock(world, "lock-a", { statefulSetName: "seta", leaseName: "lease-a" });
  if (random.chance(0.6)) createLock(world, "lock-b", { statefulSetName: "setb", leaseName: "lease-b" });
  await pause();
};

const disturbing = async (world: World, actions: ReturnType<typeof chooseActions>, steps: number): Promise<void> => {
  const { random, clock } = world;
  world.rates = drawRates(random);
  world.say(`rates ${JSON.stringify(world.rates)}`);
  for (let step = 0; step < steps; step += 1) {
    const [name, act] = random.pick(actions) ?? [];
    world.say(`action ${name ?? "none"}`);
    act?.(world);
    // Most pauses are shorter than a hand-over, some longer than a tick.
    // oxlint-disable-next-line no-await-in-loop
    await clock.advance(random.next() ** 3 * pauseMs);
  }
};

const resting = async (world: World): Promise<void> => {
  const { clock, instances, problems, writes } = world;
  world.say("faults end");
  world.rates = NO_FAULTS;
  for (const instance of instances) instance.frozenUntil = 0;
  readyAll(world);
  await clock.advance(restMs / 2);
  // Pods that were not yet running at the first call.
  readyAll(world);
  await clock.advance(restMs / 2);
  problems.push(...unrest(world));
  world.say("silence");
  writes.length = 0;
  await clock.advance(silenceMs);
  problems.push(...noise(world, silenceMs));
};

/** Never rejects for what the function does wrong: that is in the outcome. The same simulation has the same outcome. */
export const simulate = async ({
  seed,
  actions: names,
  steps = DEFAULT_STEPS,
  weaken = (server) => server,
}: Simulation): Promise<Outcome> => {
  const world = createWorld(seed, weaken);
  const { clock, problems, timeline, random } = world;
  const tampers = Object.keys(TAMPERING).some((name) => names?.includes(name));
  const observer = observeMemory(world.api);
  if (!tampers) watchDoubles(world);
  connectEvents(world);
  const end = new AbortController();
  void runControllers(world, end.signal);
  void runCron(world, end.signal);
  await settingUp(world, seed);
  await disturbing(world, chooseActions(random, names), steps);
  await resting(world);
  end.abort();
  await clock.advance(endMs);
  const verdict = judge(observer.revisions, { roles: ROLES });
  problems.push(...verdict.violations.map(({ invariant, message }) => `${invariant} violated: ${message}`));
  if (!tampers)
    problems.push(...verdict.foreign.map(({ from, group }) => `revision ${from}: ${group} doubled by others`));
  return { seed, problems, verdict, timeline };
};

/** For a person: the seed, what went wrong, the checker's verdict, and everything that happened. */
export const explain = ({ seed, problems, verdict, timeline }: Outcome): string =>
  [`seed ${seed}`, ...problems.map((text) => `  ${text}`), renderVerdict(verdict), ...timeline].join("\n");
