/** Claims through the whole function: a pod says that it leads, is asked, and labelled; a flood costs two rounds. */
import { expect, test } from "vitest";
import { createFunction, type RunningFunction } from "../../../functions/function.ts";
import type { Context } from "../../../functions/kit/host/server.ts";
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
