/** Goal: a cut-over that the EndpointSlice controller does not follow is told on the Service, once, and not while it is only a moment late. */
import { describe, expect, it } from "vitest";
import { PODS } from "../../../functions/kit/kube/request.ts";
import { addPod, addService, createRouteWorld, createScene, warningsOf, type RouteWorld } from "./route-world.ts";

/** An instance that has cut the Service over as far as it can without the controllers. */
const createWaiting = async (): Promise<RouteWorld> => {
  const world = createScene();
  expect(await world.run()).toMatchObject({ kind: "retry", reason: "ControllersNotEmpty" });
  return world;
};

/** With the pauses between the six turns of a run. */
const repeat = async (world: RouteWorld): Promise<void> => {
  for (const pause of [100, 200, 400, 800, 1_600]) {
    // oxlint-disable-next-line no-await-in-loop
    await world.clock.advance(pause);
    // oxlint-disable-next-line no-await-in-loop
    await world.run();
  }
};

describe("a Service in route mode whose controllers' slices are not emptied", () => {
  it("is not told of while they are only a moment late", async () => {
    const world = await createWaiting();
    await world.clock.advance(1_000);
    await world.run();
    world.control();
    await world.clock.advance(9_000);
    expect(await world.run()).toEqual({ kind: "done", reason: "Routed" });
    expect(warningsOf(world)).toEqual([]);
  });

  it("is told of by the repetitions of the run that waits, with the names of the slices", async () => {
    const world = await createWaiting();
    await repeat(world);
    expect(warningsOf(world)).toEqual([
      "ControllersNotEmpty: the Service leads past its active pod: the EndpointSlice controller does not follow its selector: db-ctl4x",
    ]);
  });

  it("is told of where they are empty, and the controller has not followed", async () => {
    const world = createRouteWorld();
    addService(world);
    world.control();
    addPod(world, "db-1");
    await world.run();
    await repeat(world);
    expect(warningsOf(world)).toEqual([
      "ControllersNotEmpty: the Service may lead past its active pod: the EndpointSlice controller does not follow its selector",
    ]);
  });

  it("is told of where the controller has followed, and finds pods by our key", async () => {
    const world = createScene();
    world.change(PODS, "db-2", { metadata: { labels: { "bellwether.dev/routed": "slice" } } });
    await world.run();
    world.control();
    await repeat(world);
    expect(warningsOf(world)).toEqual([
      "ControllersNotEmpty: the Service leads past its active pod: pods carry the key that was added to its selector: db-ctl4x",
    ]);
  });

  it("is told of once, however many ticks follow; and no more when they are empty", async () => {
    const world = await createWaiting();
    for (let tick = 0; tick < 5; tick += 1) {
      // oxlint-disable-next-line no-await-in-loop
      await world.clock.advance(2_000);
      // oxlint-disable-next-line no-await-in-loop
      expect(await world.sweep()).toEqual(["db"]);
      // oxlint-disable-next-line no-await-in-loop
      await world.run();
    }
    expect(warningsOf(world)).toHaveLength(1);
    world.control();
    expect(await world.run()).toEqual({ kind: "done", reason: "Routed" });
    expect([warningsOf(world).length, await world.sweep()]).toEqual([1, []]);
  });
});
