/** Goal: a way back that the EndpointSlice controller does not follow is told on the Service, once, and not while it is only a moment late. */
import { expect, test } from "vitest";
import { ENDPOINT_SLICES, SERVICES } from "../../../functions/kit/kube/request.ts";
import { createRouted, warningsOf, type RouteWorld } from "./route-world.ts";

const TOLD =
  "ControllersNotFilled: the Service is not given back yet: the EndpointSlice controller does not follow its selector";

/** Nobody asks for route mode any more, and the key is out of the selector. */
const createReturning = async (): Promise<RouteWorld> => {
  const world = await createRouted();
  world.change(SERVICES, "db", { metadata: { annotations: { "bellwether.dev/route": null } } });
  expect(await world.run()).toMatchObject({ kind: "retry", reason: "ControllersNotFilled" });
  return world;
};

const tick = async (world: RouteWorld): Promise<void> => {
  await world.clock.advance(2_000);
  expect(await world.sweep()).toEqual(["db"]);
  await world.run();
};

test("it is not told of while they are only a moment late", async () => {
  const world = await createReturning();
  await world.clock.advance(1_000);
  await world.run();
  world.control();
  await world.clock.advance(9_000);
  expect(await world.run()).toEqual({ kind: "done", reason: "NotRouted" });
  expect(warningsOf(world)).toEqual([]);
});

test("it is told of once, however many ticks follow", async () => {
  const world = await createReturning();
  for (let ticks = 0; ticks < 5; ticks += 1) {
    // oxlint-disable-next-line no-await-in-loop
    await tick(world);
  }
  expect(warningsOf(world)).toEqual([TOLD]);
});

test("it is told of where they have followed, and lead nowhere", async () => {
  const world = await createReturning();
  world.control();
  world.change(ENDPOINT_SLICES, "db-ctl4x", { endpoints: [] });
  await tick(world);
  await tick(world);
  expect(warningsOf(world)).toEqual([
    "ControllersNotFilled: the Service is not given back yet: the EndpointSlice controller leads to no Ready pod of its selector",
  ]);
});

test("nothing is told of a way back that is over, and it is told of the next one anew", async () => {
  const world = await createReturning();
  await tick(world);
  await tick(world);
  world.control();
  expect(await world.run()).toEqual({ kind: "done", reason: "NotRouted" });
  world.change(SERVICES, "db", { metadata: { annotations: { "bellwether.dev/route": "slice" } } });
  await world.settle();
  world.change(SERVICES, "db", { metadata: { annotations: { "bellwether.dev/route": null } } });
  await world.run();
  await tick(world);
  expect(warningsOf(world)).toEqual([TOLD, TOLD]);
});
