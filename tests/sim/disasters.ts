/** What happens to the processes of the function, to the API server and to etcd: none of it is the fault of anybody here. */
import { LEASES, PODS, type KubeRequest } from "../../functions/kit/kube/request.ts";
import type { Action, Actions } from "./workload.ts";
import { deliverKept } from "./actors.ts";
import { killInstance, replaceInstance } from "./instance.ts";
import { DENIED, longFreezeMs, THROTTLED, UNAVAILABLE } from "./network.ts";
import type { Random } from "./random.ts";
import type { Instance, Trouble, World } from "./world.ts";

const shortFreezeMs = 500;
const hourMs = 3_600_000;
const KEPT_EVENTS = 5;
const troubleMs = 15_000;
const awayMs = 20_000;
/** A restore takes minutes: in them the server's clock runs past every epoch that is lost. */
const restoreLeastMs = 300_000;
const restoreMostMs = 900_000;

const freezeFor = (frozenMs: number, { clock, say }: World, instance: Instance): void => {
  instance.frozenUntil = clock.monotonic() + frozenMs;
  say(`${instance.name} freezes for ${frozenMs.toFixed(0)} ms`);
};

const returnAfter = async (world: World, old: readonly Instance[], milliseconds: number): Promise<void> => {
  await world.clock.sleep(milliseconds);
  for (const instance of old) replaceInstance(world, instance);
};

const INSTANCE_DISASTERS: Actions = {
  freeze: (world, random) => {
    const instance = random.pick(world.instances);
    if (instance === undefined) return false;
    freezeFor(random.next() * (random.chance(0.3) ? longFreezeMs : shortFreezeMs), world, instance);
    return true;
  },
  kill: (world, random) => {
    const old = world.instances[random.below(world.instances.length)];
    if (old === undefined) return false;
    killInstance(world, old);
    replaceInstance(world, old);
    return true;
  },
  freezeAll: (world, random) => {
    for (const instance of world.instances) freezeFor(random.next() * longFreezeMs, world, instance);
    return true;
  },
  /** The function is scaled to zero: what happens meanwhile is told to nobody. */
  away: (world, random) => {
    const old = [...world.instances];
    for (const instance of old) killInstance(world, instance);
    void returnAfter(world, old, random.next() * awayMs);
    return true;
  },
};

const trouble =
  (name: string, answerOf: (random: Random, world: World) => Trouble["answer"]): Action =>
  (world, random) => {
    const lastsMs = random.next() * troubleMs;
    world.troubles = [...world.troubles, { until: world.clock.monotonic() + lastsMs, answer: answerOf(random, world) }];
    world.say(`the API server: ${name} for ${lastsMs.toFixed(0)} ms`);
    return true;
  };

const VERBS: readonly KubeRequest["verb"][] = ["get", "list", "create", "patch", "delete"];

const pluralsOf = ({ ways }: World): readonly string[] =>
  [PODS, LEASES, ...ways.flatMap(({ kinds }) => kinds)].map(({ plural }) => plural);

const SERVER_DISASTERS: Actions = {
  writesFail: trouble("writes fail", (random) => {
    const answer = random.pick([UNAVAILABLE, "silence" as const]);
    return ({ method }) => (method === "GET" ? undefined : answer);
  }),
  apiAway: trouble("away", () => () => "silence"),
  throttle: trouble("too many requests", () => () => THROTTLED),
  forbid: trouble("a permission is taken away", (random, world) => {
    const [verb, plural] = [random.pick(VERBS), random.pick(pluralsOf(world))];
    return (request) => (request.verb === verb && request.resource.plural === plural ? DENIED : undefined);
  }),
  /** Everything stands still for hours; then come events from before. */
  hoursPass: (world, random) => {
    const hours = 1 + random.next() * 2;
    world.clock.leap(hours * hourMs);
    world.say(`${hours.toFixed(1)} hours pass`);
    deliverKept(world, KEPT_EVENTS);
    return true;
  },
  oldEvents: (world) => deliverKept(world, KEPT_EVENTS),
  /** By an hour, to and fro. */
  serverClock: ({ serverClock, say }, random) => {
    const aheadMs = (random.below(3) - 1) * hourMs;
    if (aheadMs === serverClock.aheadMs) return false;
    if (aheadMs < serverClock.aheadMs) serverClock.wentBack = true;
    serverClock.aheadMs = aheadMs;
    say(`the API server's clock is ${aheadMs / hourMs} h ahead`);
    return true;
  },
  backup: (world) => {
    world.backup = world.api.snapshot();
    world.say(`etcd is backed up at revision ${world.backup.revision}`);
    return true;
  },
  /** Connections are cut, content and revisions go back, and the clock goes on. */
  restore: (world, random) => {
    const { backup, api, clock, say, onRestore } = world;
    if (backup === undefined) return false;
    world.incarnation += 1;
    api.restore(backup);
    clock.leap(restoreLeastMs + random.next() * (restoreMostMs - restoreLeastMs));
    say(`etcd is restored to revision ${backup.revision}`);
    for (const hear of onRestore) hear(backup.revision);
    return true;
  },
};

const CLOCK_DISASTERS: Actions = {
  /** An hour that only one instance's clocks count, or that they alone do not count: a machine that is moved or was suspended. */
  ownClock: (world, random) => {
    const instance = random.pick(world.instances);
    if (instance === undefined) return false;
    const aheadMs = random.chance(0.5) ? hourMs : -hourMs;
    // Time that others count passes for them as well; no clock of a process ever goes back.
    if (aheadMs < 0) world.clock.leap(hourMs);
    instance.clockAheadMs += aheadMs;
    world.say(`the clock of ${instance.name} ${aheadMs > 0 ? "leaps over an hour" : "stood still for an hour"}`);
    return true;
  },
};

export const DISASTERS: Actions = {
  ...INSTANCE_DISASTERS,
  ...SERVER_DISASTERS,
  ...CLOCK_DISASTERS,
};
