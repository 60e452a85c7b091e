/** Goal: whoever takes our label off a Service in route mode costs one write each time, and not more than one in a pause; and is told of once. */
import { describe, expect, test } from "vitest";
import { ENDPOINT_SLICES, SERVICES, type KubeRequest, type PatchBody } from "../../../functions/kit/kube/request.ts";
import { PAUSE_MS } from "../../../functions/standby/route/contest.ts";
import { createRouted, createScene, setReady, uidOf, warningsOf, writesOf, type RouteWorld } from "./route-world.ts";

const V4 = "db-bellwether-ipv4";
const LABEL = "bellwether.dev/route-turn";
const TOLD = `ForeignWrites: another controller or person changes what is ours: label ${LABEL} of the Service`;
const WAITS = { kind: "retry", reason: "TurnContested", afterMs: PAUSE_MS };

const turnOf = (world: RouteWorld): string | undefined => world.get(SERVICES, "db")?.metadata.labels?.[LABEL];
const recordOf = (world: RouteWorld): string | undefined => world.get(ENDPOINT_SLICES, V4)?.metadata.resourceVersion;
const label = (world: RouteWorld, value: string | null): void => {
  world.change(SERVICES, "db", { metadata: { labels: { [LABEL]: value } } });
};
const annotate = (world: RouteWorld, value: string | null): void => {
  world.change(SERVICES, "db", { metadata: { annotations: { "bellwether.dev/route": value } } });
};
const isServicePatch = ({ verb, resource }: KubeRequest): boolean => verb === "patch" && resource === SERVICES;
const servicePatches = (world: RouteWorld): number => world.requests.filter(isServicePatch).length;

/** Cut over for so long that nothing has to wait. */
const createRested = async (): Promise<RouteWorld> => {
  const world = await createRouted();
  await world.clock.advance(PAUSE_MS + 1_000);
  return world;
};

const SECOND_MS = 1_000;

/** An operator who acts at once, and ours by each event and after each pause. */
const contest = async (world: RouteWorld, act: () => void, seconds: number): Promise<void> => {
  for (let second = 0; second < seconds; second += 1) {
    act();
    // oxlint-disable-next-line no-await-in-loop
    await world.run();
    world.control();
    // oxlint-disable-next-line no-await-in-loop
    await world.clock.advance(SECOND_MS);
  }
};

describe("a label that was taken off", () => {
  test("is put back with the turn that it had: one write, and the cut-over has ended as before", async () => {
    const world = await createRested();
    const before = [turnOf(world), recordOf(world)];
    label(world, null);
    expect(await world.sweep()).toEqual(["db"]);
    expect(await world.run()).toEqual({ kind: "done", reason: "Routed" });
    expect(writesOf(world)).toEqual(["patch services db", "create events"]);
    expect([turnOf(world), recordOf(world)]).toEqual(before);
    expect(warningsOf(world)).toEqual([TOLD]);
  });

  test("again and again, at once: it is put back once in a pause, and told of once", async () => {
    const world = await createRested();
    const before = [turnOf(world), recordOf(world)];
    await contest(world, () => label(world, null), 30);
    expect(servicePatches(world)).toBe(6);
    expect([turnOf(world), recordOf(world)]).toEqual([undefined, before[1]]);
    expect(warningsOf(world)).toEqual([TOLD]);
    expect([world.violations, world.gaps]).toEqual([[], []]);
  });

  test("a moment after a write of ours: it is waited for the rest of the pause, by the run itself", async () => {
    const world = await createRouted();
    label(world, null);
    expect(await world.run()).toMatchObject(WAITS);
    await world.clock.advance(PAUSE_MS);
    expect(await world.run()).toEqual({ kind: "done", reason: "Routed" });
    expect(writesOf(world)).toEqual(["create events", "patch services db"]);
  });

  test("on its way to the API server: a run writes it once", async () => {
    const world = await createRested();
    label(world, null);
    world.intercept((request) => {
      if (!isServicePatch(request)) return undefined;
      const body = request.body as PatchBody;
      return world.api.handle({ ...request, body: { ...body, metadata: { ...body.metadata, labels: {} } } });
    });
    expect(await world.run()).toMatchObject(WAITS);
    expect(servicePatches(world)).toBe(1);
  });

  test("keeps no fail-over waiting, which is counted once", async () => {
    const world = await createRouted();
    label(world, null);
    await world.run();
    setReady(world, "db-1", false);
    world.forget();
    expect(await world.run()).toEqual({ kind: "done", reason: "Routed" });
    expect(writesOf(world)).toEqual([`patch endpointslices ${V4}`, "patch services db", "create events"]);
    expect(world.reach().IPv4).toEqual([uidOf(world, "db-2")]);
    label(world, null);
    expect(await world.run()).toMatchObject(WAITS);
    expect(world.context.metrics.render()).toMatch(/^bellwether_standby_promotions_total\{.*"HolderNotReady"\} 1$/m);
  });

  test("with the key is no turn of ours any more: the next has its own", async () => {
    const world = await createRested();
    const before = turnOf(world);
    world.change(SERVICES, "db", {
      metadata: { labels: { [LABEL]: null } },
      spec: { selector: { "bellwether.dev/routed": null } },
    });
    expect(await world.run()).toMatchObject({ reason: "ControllersNotEmpty" });
    expect(turnOf(world)).not.toBe(before);
    expect(warningsOf(world)).toEqual([]);
  });
});

test("a label that somebody changes again and again, at once, has a new turn once in a pause, and is told of once", async () => {
  const world = await createRested();
  await contest(world, () => label(world, "123"), 30);
  expect(servicePatches(world)).toBe(6);
  expect(warningsOf(world)).toEqual([TOLD]);
});

test("a slice of ours that is gone is no label that was taken off", async () => {
  const world = await createRested();
  world.remove(ENDPOINT_SLICES, V4);
  expect(await world.run()).not.toMatchObject(WAITS);
  expect(warningsOf(world)).toEqual([]);
});

/** The controllers know nothing of it, nor of the key. */
const createReturning = async (): Promise<RouteWorld> => {
  const world = createScene();
  await world.run();
  annotate(world, null);
  expect(await world.run()).toMatchObject({ reason: "ControllersNotFilled" });
  label(world, null);
  world.forget();
  return world;
};

describe("on the way back", () => {
  test("ours stay until the controllers have heard of another turn", async () => {
    const world = await createReturning();
    expect(await world.run()).toMatchObject(WAITS);
    expect([writesOf(world), warningsOf(world)]).toEqual([["create events"], [TOLD]]);
    await world.clock.advance(PAUSE_MS);
    expect(await world.run()).toMatchObject({ reason: "ControllersNotFilled" });
    expect(world.get(ENDPOINT_SLICES, V4)).toBeDefined();
    expect(turnOf(world)).toBeDefined();
    await world.settle();
    expect([world.get(ENDPOINT_SLICES, V4), world.get(SERVICES, "db")?.metadata.labels, world.gaps]).toEqual([
      undefined,
      { team: "data" },
      [],
    ]);
  });

  test("whoever takes it off at once is answered by one write in a pause", async () => {
    const world = await createReturning();
    for (let second = 0; second < 16; second += 1) {
      label(world, null);
      // oxlint-disable-next-line no-await-in-loop
      await world.run();
      // oxlint-disable-next-line no-await-in-loop
      await world.clock.advance(SECOND_MS);
    }
    expect(servicePatches(world)).toBe(3);
    expect(world.get(ENDPOINT_SLICES, V4)).toBeDefined();
  });
});
