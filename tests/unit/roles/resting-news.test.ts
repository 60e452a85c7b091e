/** What a checker at rest is asked for may find is told once: it is news, and worth a run, only until the status says it. */
import { expect, test } from "vitest";
import { microTime } from "../../../functions/kit/kube/micro-time.ts";
import { LEASES } from "../../../functions/kit/kube/request.ts";
import { CHECKERS } from "../../../functions/roles/labels.ts";
import type { RunOutcome } from "../../../functions/kit/feature.ts";
import { conditionOf, createRolesAtRest, say, type RolesWorld } from "./world.ts";

const INTERVAL_MS = 10_000;
const ASK = "ask:default/db";

/** An interval later a sweep has the pods asked. */
const asked = async (world: RolesWorld): Promise<RunOutcome> => {
  await world.clock.advance(INTERVAL_MS);
  expect((await world.sweep()).found).toEqual([ASK]);
  return world.clock.settle(world.feature.run(ASK, world.send));
};

const OLD = { kind: "done", reason: "LeaderConfirmed", waited: false };
const NEWS = { kind: "done", reason: "AnswersChanged", waited: false, next: ["default/db"] };

test("that the timeout is cut, which was reported", async () => {
  const world = await createRolesAtRest([true, false, false], { timeoutMilliseconds: 10_000 });
  expect(conditionOf(world, "TimeoutCut")).toBe("True/GroupDeadline");
  expect(await asked(world)).toEqual(OLD);
});

test("that somebody else renews the record", async () => {
  const world = await createRolesAtRest();
  const name = `bellwether-roles-${world.get(CHECKERS, "db")?.metadata.uid ?? ""}`;
  world.change(LEASES, name, { spec: { renewTime: microTime(world.clock.serverNow() + 1) } });
  expect(await asked(world)).toEqual(NEWS);
  await world.run();
  expect(conditionOf(world, "Contested")).toBe("True/ForeignWrites");
  expect(await asked(world)).toEqual(OLD);
});

test("that nobody leads any more", async () => {
  const world = await createRolesAtRest();
  say(world, [false, false, false]);
  expect(await asked(world)).toEqual(NEWS);
});

test("that nobody answers, of whom one led", async () => {
  const world = await createRolesAtRest();
  say(world, [undefined, undefined, undefined]);
  expect(await asked(world)).toEqual({ ...NEWS, waited: true });
});
