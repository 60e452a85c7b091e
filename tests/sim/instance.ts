/** One instance of the whole function in the simulated world, and what becomes of instances that die. */
import { createFunction } from "../../functions/function.ts";
import type { Clock } from "../../functions/kit/clock.ts";
import type { FeatureContext } from "../../functions/kit/context.ts";
import { HANDOVER_METRICS } from "../../functions/kit/handover/metrics.ts";
import { createLog } from "../../functions/kit/host/log.ts";
import { METRICS } from "../../functions/kit/host/metric-list.ts";
import { createMetrics } from "../../functions/kit/host/metrics.ts";
import { createServerClock } from "../../functions/kit/host/server-clock.ts";
import { connect, type End } from "./network.ts";
import { TICK_SECONDS, type Instance, type Process, type World } from "./world.ts";

/** Of one run of a group. */
export const groupDeadlineMs = 10_000;
const ackAfterMs = 25;
const CONCURRENCY = 4;
const hourMs = 3_600_000;
const restartMs = 5_000;

interface KnownTime {
  readonly clock: Clock;
  readonly observeDate: End["observeDate"];
}

/** The server's clock as an instance knows it: before the first answer it has only its own, which may be an hour wrong. */
const timeFor = (world: World, self: () => Process): KnownTime => {
  const { clock, random, shape, api } = world;
  if (shape.exactClocks) return { clock: { ...clock, serverNow: api.now }, observeDate: () => undefined };
  const wrongMs = (2 * random.next() - 1) * hourMs;
  const monotonic = (): number => clock.monotonic() + self().clockAheadMs;
  const known = createServerClock({
    monotonic,
    wallNow: () => clock.serverNow() + wrongMs + self().clockAheadMs,
  });
  return {
    clock: { ...known.clock, sleep: (milliseconds) => clock.sleep(milliseconds) },
    observeDate: (date, sentAt) => known.observe(date, sentAt, monotonic()),
  };
};

/** An exception that the function caught: it goes on, but nobody wanted it. */
const tellsOfBug = (line: string): boolean => /"level":"error".*"error":|"reason":"bug: /.test(line);

export const startInstance = (world: World, name: string): Instance => {
  const { ways } = world;
  const metrics = createMetrics([...METRICS, ...HANDOVER_METRICS, ...ways.flatMap((way) => way.metrics)]);
  const process = { name, frozenUntil: 0, dead: false, clockAheadMs: 0 };
  const self = (): Process => process;
  const { clock, observeDate } = timeFor(world, self);
  const ownRandom = world.nextOwnRandom();
  const log = createLog({
    level: "info",
    write: (line) => {
      world.say(`${name} logs ${line.trim()}`);
      if (tellsOfBug(line)) world.problems.push(`bug: ${name} logs ${line.trim()}`);
    },
    now: () => new Date(clock.serverNow()),
  });
  const context: FeatureContext = {
    clock,
    log,
    metrics,
    tickSeconds: TICK_SECONDS,
    mode: "active",
    namespaces: [],
    instance: name,
    emit: () => undefined,
  };
  const end: End = {
    self,
    crash: () => crash(world, instance),
    monotonic: () => clock.monotonic(),
    observeDate,
  };
  const running = createFunction({
    features: ways.map((way) => way.create(context, world, end)),
    send: connect(world, end),
    clock,
    log,
    metrics,
    concurrency: CONCURRENCY,
    groupDeadlineMs,
    ackAfterMs,
    random: () => ownRandom.next(),
  });
  const instance: Instance = Object.assign(process, { running });
  running.start();
  return instance;
};

/** Another process in its place; nothing when that has been done already. */
export const replaceInstance = (world: World, old: Instance): void => {
  const index = world.instances.indexOf(old);
  if (index !== -1) world.instances[index] = startInstance(world, `${old.name}'`);
};

export const killInstance = ({ say }: World, instance: Instance): void => {
  instance.dead = true;
  say(`${instance.name} dies`);
};

/** Dies between two awaits; another comes a while later. */
const crash = (world: World, instance: Instance): void => {
  killInstance(world, instance);
  void world.clock.sleep(world.random.next() * restartMs).then(() => replaceInstance(world, instance));
};
