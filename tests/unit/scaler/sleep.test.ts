/** How long the function of infra/keda/push can sleep, and how a Lease outlives that: what docs/install.md promises, by the code that decides it. */
import { describe, expect, test } from "vitest";
import { LEASES } from "../../../functions/kit/kube/request.ts";
import { textOf } from "../infra/files.ts";
import { createRouted } from "../standby/route-world.ts";
import { addApp, addChecker, createRolesWorld } from "../roles/world.ts";
import { addSet, countPods, createGroupAtRest, type World } from "../support/world.ts";
import { judgeOf, sweepWith } from "./support.ts";

const TICK_SECONDS = 60;
const TICK_MS = TICK_SECONDS * 1000;
const PAGE = textOf("docs/install.md");

type Served = Pick<World, "send" | "clock">;

const judgeOfPush = (world: Served): ReturnType<typeof judgeOf> =>
  judgeOf(world, { BELLWETHER_TICK_SECONDS: String(TICK_SECONDS) });

/** Numbers of the ticks that are work, which the function does at once. */
const workIn = async (world: World, ticks: number): Promise<readonly number[]> => {
  const judge = judgeOfPush(world);
  const found: number[] = [];
  for (let tick = 1; tick <= ticks; tick += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one tick after the other
    await world.clock.advance(TICK_MS);
    // oxlint-disable-next-line no-await-in-loop
    if (!(await sweepWith(world, judge)).work) continue;
    found.push(tick);
    // oxlint-disable-next-line no-await-in-loop
    await world.sweep();
  }
  return found;
};

const lockOf = (leaseDurationSeconds: number): Promise<World> => createGroupAtRest({ leaseDurationSeconds });

const checkerOf = async (spec: Readonly<Record<string, unknown>>): Promise<World> => {
  const world = createRolesWorld({ tickSeconds: TICK_SECONDS });
  addSet(world);
  addApp(world, "db-0", { leads: true });
  countPods(world, 1);
  addChecker(world, spec);
  await world.run();
  return world;
};

describe("docs/install.md, on what keeps the function of infra/keda/push up", () => {
  test.each<[row: string, minutes: number, create: () => Promise<World>]>([
    ["a lock with `leaseDurationSeconds: 3600`", 30, () => lockOf(3600)],
    ["a lock with 150", 2, () => lockOf(150)],
    ["a LeaderStatusChecker with `intervalSeconds: 600`", 2, () => checkerOf({ intervalSeconds: 600 })],
    ["a LeaderStatusChecker with the default, 10", 1, () => checkerOf({})],
  ])("%s: work every %i minutes, if not more often", async (row, minutes, create) => {
    expect(PAGE).toMatch(new RegExp(`\\| ${row.replaceAll(/[.*+?]/g, "\\$&")} .*\\| ${minutes} min`));
    const ticks = await workIn(await create(), 60);
    expect(ticks).toEqual(expect.arrayContaining(Array.from({ length: 60 / minutes }, (_, at) => (at + 1) * minutes)));
    // The asking of pods, at most.
    expect(ticks.length - 60 / minutes).toBeLessThanOrEqual(7);
  });
});

test("a Service in route mode, which has no Lease, is never work by time alone, as docs/install.md says", async () => {
  expect(PAGE).toMatch(/an active\/standby Service in \[route mode\].*\| never /);
  const world = await createRouted();
  const judge = judgeOfPush(world);
  for (let tick = 0; tick < 60; tick += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one tick after the other
    await world.clock.advance(TICK_MS);
    // oxlint-disable-next-line no-await-in-loop
    expect((await sweepWith(world, judge)).work).toBe(false);
  }
});

test("a Lease of 150 s, the shortest that docs/install.md promises at zero, is kept with a wake-up of 14 s", async () => {
  const world = await lockOf(150);
  const judge = judgeOfPush(world);
  const { renewTime = "" } = (world.get(LEASES, "db-lease")?.spec ?? {}) as { readonly renewTime?: string };
  // At the worst: the one tick comes right before the renewal is due, the next with all of its jitter.
  await world.clock.advance(74_900);
  expect((await sweepWith(world, judge)).work).toBe(false);
  await world.clock.advance(TICK_MS + 500);
  expect((await sweepWith(world, judge)).work).toBe(true);
  await world.clock.advance(14_000);
  expect(world.clock.serverNow() - Date.parse(renewTime)).toBeLessThan(150_000);
});
