/**
 * One simulation: a seed decides what there is, how bad the network is, and what happens when. After the last fault every lock must
 * come to rest by itself and be silent, and the whole history must keep what is promised.
 */
import { renderVerdict } from "../../functions/kit/history/judge.ts";
import type { Doubling, Verdict, Violation } from "../../functions/kit/history/verdict.ts";
import { connectEvents, deliverKept, runControllers, runCron } from "./actors.ts";
import { FAULT_NAMES, NO_FAULTS, type Rates } from "./faults.ts";
import { setReadyAll } from "./hands.ts";
import { keepHistory } from "./history.ts";
import { replaceInstance } from "./instance.ts";
import { watchDoubles } from "./doubles.ts";
import { watchEpochs } from "./epochs.ts";
import { watchIsolation } from "./isolation.ts";
import { noise, unrestful } from "./noise.ts";
import type { NamedAction, Profile, Wishes } from "./profile.ts";
import { profileFor, type FeatureName, type ProfileName } from "./profiles.ts";
import type { Excuse } from "./way.ts";
import { createWorld, LEASE_SECONDS, TICK_SECONDS, type Weaken, type WeakenAsker, type World } from "./world.ts";

export interface Simulation extends Wishes {
  readonly feature: FeatureName;
  /** Default `any`. */
  readonly profile?: ProfileName | undefined;
  /** Actions that happen; default: as many as the profile says. */
  readonly steps?: number | undefined;
  /** Steps, counted from 0, in which nothing happens. */
  readonly mute?: readonly number[] | undefined;
  /** False: the simulation ends with its last step, and only safety is judged. Default true. */
  readonly rests?: boolean | undefined;
  /** Default: nothing stands between the function and the API. */
  readonly weaken?: Weaken | undefined;
  /** Default: nothing stands between the function and the applications. */
  readonly weakenAsker?: WeakenAsker | undefined;
}

export interface Outcome {
  readonly simulation: Simulation;
  /** What the seed chose, where it was not wished for. */
  readonly drawn: Required<Pick<Simulation, "actions" | "faults" | "groups" | "instances" | "steps">>;
  /** Each begins with its invariant and a colon. Empty: all went well. */
  readonly problems: readonly string[];
  /** Of the history that was not lost by a restore, one for each way to lead. */
  readonly verdicts: readonly Verdict[];
  /** Of all histories. */
  readonly violations: readonly Violation[];
  readonly promotions: number;
  readonly timeline: readonly string[];
  /** How often each action did something, and each fault happened. */
  readonly tally: ReadonlyMap<string, number>;
  /** From the end of the faults to the last write that was no renewal, in milliseconds. */
  readonly restAfterMs: number;
}

const tickMs = TICK_SECONDS * 1000;
/** Requests that are under way when the faults end come to their end: late writes, frozen instances, slow events. */
const leastRestMs = 20_000;
/** What the function may need after the last fault: a group's deadline passes, pauses between attempts, some ticks. */
export const REST_TICKS_MAX = 30;
const quietMs = 10_000;
const silenceMs = 3 * LEASE_SECONDS * 1000;
const endMs = 1_000;
const KEPT_EVENTS = 5;

const disturbing = async (
  world: World,
  { shape, dice }: Profile,
  { actions, steps, mute }: { actions: readonly NamedAction[]; steps: number; mute: readonly number[] },
): Promise<void> => {
  const { clock } = world;
  for (let step = 0; step < steps; step += 1) {
    const random = dice(world, step);
    const [name = "none", act] = random.pick(actions) ?? [];
    if (!mute.includes(step)) {
      world.say(`step ${step}: ${name}`);
      if (act?.(world, random) === true) world.count(name);
    }
    // Most pauses are shorter than a hand-over, some longer than a tick.
    // oxlint-disable-next-line no-await-in-loop
    await clock.advance(random.next() ** 3 * shape.pauseMs);
  }
};

const unrest = (world: World): readonly string[] => world.ways.flatMap((way) => way.unrest(world));

const endFaults = (world: World): void => {
  world.say("faults end");
  world.disturbed = false;
  world.rates = NO_FAULTS;
  world.troubles = [];
  for (const instance of world.instances) instance.frozenUntil = 0;
  for (const instance of world.instances.filter(({ dead }) => dead)) replaceInstance(world, instance);
  for (const way of world.ways) way.calm(world);
};

/** Tick by tick until nothing but renewals has been written for a while; when it was busy last, in milliseconds. */
const comeToRest = async (world: World): Promise<number> => {
  const { clock, problems, writes } = world;
  const begun = clock.monotonic();
  let busyMs = 0;
  for (let tick = 1; tick <= REST_TICKS_MAX; tick += 1) {
    writes.length = 0;
    // Pods that were not running when the faults ended.
    if (tick % 5 === 1) setReadyAll(world, true);
    // oxlint-disable-next-line no-await-in-loop
    await clock.advance(tickMs);
    const passedMs = clock.monotonic() - begun;
    const isBusy = unrestful(world).length > 0 || unrest(world).length > 0;
    if (isBusy) busyMs = Math.round(passedMs);
    if (passedMs >= leastRestMs && passedMs - busyMs >= quietMs) return busyMs;
  }
  problems.push(...unrest(world).map((text) => `L1: ${text}`));
  return busyMs;
};

const beingSilent = async (world: World): Promise<void> => {
  const { clock, problems, writes } = world;
  world.say("silence");
  writes.length = 0;
  deliverKept(world, KEPT_EVENTS);
  await clock.advance(silenceMs);
  // Neither time nor old events have disturbed it.
  problems.push(...noise(world, silenceMs), ...unrest(world).map((text) => `L1: still ${text}`));
};

/** When the function was busy last after the end of the faults, in milliseconds. */
const resting = async (world: World): Promise<number> => {
  endFaults(world);
  const restAfterMs = await comeToRest(world);
  await beingSilent(world);
  return restAfterMs;
};

/** An epoch may go back in some cases; `watchEpochs` says in which. */
export const isEpochBack = ({ invariant, message }: Violation): boolean =>
  (invariant === "S4" && message.startsWith("promoted under epoch")) ||
  (invariant === "S3" && message.endsWith("was promoted before"));

/** What is known of one way to lead beside its histories. */
interface Watched {
  /** Names of pods that others made leaders. */
  readonly foreignLeaders: ReadonlySet<string>;
  /** Promotions that may go back. */
  readonly excused: ReadonlySet<string>;
  readonly excuse: Excuse;
}

/** The checker charges others with it, and one of them did label a pod that it names. */
const isByOthers = ({ causes }: Doubling, foreignLeaders: ReadonlySet<string>): boolean =>
  causes.every(({ object }) => foreignLeaders.has(object.slice(object.indexOf("/") + 1)));

const judged = (verdicts: readonly Verdict[], { foreignLeaders, excused, excuse }: Watched): readonly string[] => {
  const violations = verdicts.flatMap((verdict) => verdict.violations);
  const doubled = verdicts.flatMap(({ foreign }) => foreign).filter((one) => !isByOthers(one, foreignLeaders));
  return [
    ...violations
      .filter((violation) => !isEpochBack(violation) || !excused.has(violation.resourceVersion))
      .filter((violation) => !excuse.excuses({ ...violation, at: Number(violation.resourceVersion) }))
      .map(
        ({ invariant, resourceVersion, object, message }) => `${invariant}: ${resourceVersion} ${object} ${message}`,
      ),
    ...doubled.map(({ from, group }) => `S1: revision ${from}: ${group} doubled by others, who labelled nobody`),
  ];
};

/** Actions that put epochs ahead of the server's clock, or an instance's time behind it. */
const FORGIVEN = ["stampAhead", "ownClock"] as const;

const presentFaults = (rates: Rates): readonly string[] => FAULT_NAMES.filter((fault) => rates[fault] > 0);

/** Everything that watches and goes on by itself; returns what is known of each way to lead. */
const startWatching = (world: World): readonly Watched[] => {
  const forgives = (): boolean => world.serverClock.wentBack || FORGIVEN.some((name) => world.tally.has(name));
  const watched = world.ways.map((way) => ({
    foreignLeaders: watchDoubles(world, way),
    excused: watchEpochs(world, way, forgives),
    excuse: way.watch(world),
  }));
  watchIsolation(world);
  return watched;
};

const startActors = (world: World, signal: AbortSignal): void => {
  connectEvents(world);
  void runControllers(world, signal);
  void runCron(world, signal);
  for (const act of world.ways.flatMap(({ actors }) => actors)) void act(world, signal);
};

const last = (verdicts: readonly Verdict[]): Verdict => {
  const verdict = verdicts.at(-1);
  if (verdict === undefined) throw new Error("a history has a verdict");
  return verdict;
};

/** Never rejects for what the function does wrong: that is in the outcome. The same simulation has the same outcome. */
export const simulate = async (simulation: Simulation): Promise<Outcome> => {
  const { seed, mute = [], weaken = (server) => server, weakenAsker = (asker) => asker } = simulation;
  const profile = profileFor(simulation);
  const { ways, stream, shape } = profile;
  const { steps = profile.steps } = simulation;
  const world = createWorld({ seed, stream, shape, ways, weaken, weakenAsker });
  const { clock, timeline, tally } = world;
  const history = keepHistory(world);
  const watched = startWatching(world);
  const end = new AbortController();
  startActors(world, end.signal);
  await profile.setUp(world);
  const { actions, rates } = profile.disturbances(world);
  world.rates = rates;
  world.say(`rates ${JSON.stringify(rates)}`);
  await disturbing(world, profile, { actions, steps, mute });
  const restAfterMs = simulation.rests === false ? 0 : await resting(world);
  end.abort();
  await clock.advance(endMs);
  const histories = history.verdicts();
  const verdicts = histories.flat();
  return {
    simulation,
    drawn: {
      actions: actions.map(([name]) => name),
      faults: presentFaults(rates),
      groups: shape.names.sets.length,
      instances: shape.instances,
      steps,
    },
    problems: [...world.problems, ...watched.flatMap((known, index) => judged(histories[index] ?? [], known))],
    verdicts: histories.map(last),
    violations: verdicts.flatMap(({ violations }) => violations),
    promotions: verdicts.reduce((sum, { promotions }) => sum + promotions, 0),
    timeline,
    tally,
    restAfterMs,
  };
};

const option = (name: string, value: readonly (string | number)[] | number | string | undefined): string =>
  value === undefined ? "" : ` --${name} ${typeof value === "object" ? value.join(",") || "none" : value}`;

/** What repeats the simulation. */
export const commandOf = (simulation: Simulation): string => {
  const { feature, seed, profile, steps, actions, faults, groups, instances, mute } = simulation;
  const what = [option("feature", feature), option("seed", seed), option("profile", profile)];
  const how = [option("steps", steps), option("mute", mute)];
  const which = [option("actions", actions), option("faults", faults)];
  const size = [option("groups", groups), option("instances", instances)];
  return `npm run sim -- --runs 1${[...what, ...how, ...which, ...size].join("")}`;
};

/** For a person: how to repeat it, what went wrong, the checker's verdict, and everything that happened. */
export const explain = ({ simulation, problems, verdicts, timeline }: Outcome): string =>
  [
    commandOf(simulation),
    ...problems.map((text) => `  ${text}`),
    ...verdicts.map((verdict) => renderVerdict(verdict)),
    ...timeline,
  ].join("\n");
