/** Claims through the whole function: a pod says that it leads, is asked, and labelled; a flood costs two rounds. */
import { expect, test } from "vitest";
import { createFunction, type RunningFunction } from "../../../functions/function.ts";
import type { Context } from "../../../functions/kit/host/server.ts";
import { createLog } from "../../../functions/kit/host/log.ts";
import { createLookups } from "../../../functions/roles/lookups.ts";
import { CHECKERS } from "../../../functions/roles/labels.ts";
import { cloudEvent, LIMITS } from "../support/fake-function.ts";
import { createRolesGroup, labels, say, type RolesWorld } from "./world.ts";

const claimOf = (name: string, namespace = "default"): Context =>
  cloudEvent("dev.bellwether.role.claimed.v1", { namespace, name });

const functionOf = ({ feature, send, clock, log, metrics }: RolesWorld): RunningFunction =>
  createFunction({ ...LIMITS, features: [feature], send, clock, log, metrics });

/** The first sweep is done, db-0 leads. */
const warm = async (): Promise<{ readonly world: RolesWorld; readonly fn: RunningFunction }> => {
  const world = createRolesGroup();
  const fn = functionOf(world);
  fn.start();
  await world.clock.settle(fn.idle());
  await world.clock.flush();
  world.forget();
  return { world, fn };
};

test("a claim is verified by asking, then labelled before the reply", async () => {
  const { world, fn } = await warm();
  say(world, [false, true, false]);
  expect(await world.clock.settle(fn.handle(claimOf("db-1")))).toBeUndefined();
  expect(labels(world)).toBe("follower leader follower");
});

test("a claim that the pod does not stand by changes nothing", async () => {
  const { world, fn } = await warm();
  await world.clock.settle(fn.handle(claimOf("db-1")));
  expect([labels(world), world.questions.length]).toEqual(["leader follower follower", 1]);
  expect(world.requests.filter(({ method }) => method !== "GET")).toEqual([]);
});

test("a flood of claims while pods are asked costs one more round", async () => {
  const { world, fn } = await warm();
  let flood: Promise<unknown> = Promise.resolve();
  world.whileAsking(() => {
    world.whileAsking(undefined);
    flood = Promise.all(Array.from({ length: 100 }, (_, index) => fn.handle(claimOf(`db-${index % 3}`))));
  });
  await world.clock.settle(fn.handle(claimOf("db-0")));
  await world.clock.settle(flood);
  await world.clock.settle(fn.idle());
  expect(world.questions).toHaveLength(2);
});

test("a claim of a set that this instance does not know is looked up; of one without a checker nobody is asked", async () => {
  const { world, fn } = await warm();
  await world.clock.settle(fn.handle(claimOf("web-0")));
  await world.clock.settle(fn.idle());
  expect(world.requests.map(({ verb, resource }) => `${verb} ${resource.plural}`)).toEqual([
    "list leaderstatuscheckers",
  ]);
  expect(world.questions).toEqual([]);
});

const lookups = (world: RolesWorld): number =>
  world.requests.filter(({ verb, resource }) => verb === "list" && resource.plural === CHECKERS.plural).length;

test("a flood of claims of pods that nobody has heard of costs ten LISTs in ten seconds, whatever they name", async () => {
  const { world, fn } = await warm();
  const flood = async (): Promise<void> => {
    const names = Array.from({ length: 500 }, (_, index) => `strange-${index}`);
    await world.clock.settle(
      Promise.all(names.flatMap((name) => [fn.handle(claimOf(`${name}-0`)), fn.handle(claimOf("web-0", name))])),
    );
    await world.clock.settle(fn.idle());
  };
  await flood();
  expect(lookups(world)).toBe(10);
  await world.clock.advance(10_000);
  await flood();
  expect(lookups(world)).toBe(20);
});

test("that claims are dropped is logged once in ten seconds", async () => {
  const { world } = await warm();
  const said: string[] = [];
  const mayLookUp = createLookups({
    clock: world.clock,
    log: createLog({ level: "warn", write: (line) => said.push(line) }),
  });
  const flood = (): number => Array.from({ length: 100 }, () => mayLookUp()).filter(Boolean).length;
  expect([flood(), flood(), said.length]).toEqual([10, 0, 1]);
  await world.clock.advance(10_000);
  expect([flood(), said.length]).toEqual([10, 2]);
});

test("such a flood does not keep a claim of a known set from being followed", async () => {
  const { world, fn } = await warm();
  say(world, [false, true, false]);
  const strangers = Array.from({ length: 100 }, (_, index) => fn.handle(claimOf(`strange-${index}-0`)));
  await world.clock.settle(Promise.all([...strangers, fn.handle(claimOf("db-1"))]));
  await world.clock.settle(fn.idle());
  expect(labels(world)).toBe("follower leader follower");
});

test("a feature that takes no claims is not asked for them", async () => {
  const { world } = await warm();
  const silent = { ...world.feature };
  delete silent.claimed;
  const { send, clock, log, metrics } = world;
  const fn = createFunction({ ...LIMITS, features: [silent], send, clock, log, metrics });
  fn.start();
  await clock.settle(fn.idle());
  world.forget();
  expect(await clock.settle(fn.handle(claimOf("db-1")))).toBeUndefined();
  expect(world.requests).toEqual([]);
});

test("a claim outside the namespaces that are served costs nothing", async () => {
  const { createRolesWorld } = await import("./world.ts");
  const world = createRolesWorld({ namespaces: ["data"] });
  expect(world.feature.claimed?.({ type: "claim", id: "1", source: "s", namespace: "default", pod: "db-0" })).toEqual(
    [],
  );
});
