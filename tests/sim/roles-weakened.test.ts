/** Goal: how strong the simulation is with LeaderStatusCheckers. Each weakened protocol breaks its promise in the stated share of seeds. */
import { expect, test, vi } from "vitest";
import type * as Plan from "../../functions/kit/handover/plan.ts";
import type * as Decide from "../../functions/roles/decide.ts";
import { chooseRoles, ROLES_VARIANTS, weakAsker, type RolesVariant } from "./roles/weakening.ts";
import { firstCaught } from "./first-caught.ts";
import { simulate, type Simulation } from "./run.ts";
import { weakServer } from "./weakening.ts";

vi.mock("../../functions/kit/handover/plan.ts", async (original) => {
  const { weakPlan, weakPlanEnrolment } = await import("./weakening.ts");
  const real = await original<typeof Plan>();
  return { ...real, plan: weakPlan(real.plan), planEnrolment: weakPlanEnrolment(real.planEnrolment) };
});
vi.mock("../../functions/roles/decide.ts", async (original) => {
  const { weakJudge } = await import("./roles/weakening.ts");
  const real = await original<typeof Decide>();
  return { ...real, judge: weakJudge(real.judge) };
});

const testDeadlineMs = 120_000;
const SEEDS = 12;

type Hunt = Pick<Simulation, "actions" | "faults" | "instances">;

const SILENCE: Hunt = { actions: ["leaderSilent", "appSilent", "appMoves", "appWell"], faults: [], instances: 2 };

/** What shows a flaw soon, and in how many of the seeds from 1 on at least. */
const HUNTS: Readonly<Record<RolesVariant, Hunt & { readonly least: number }>> = {
  "silence-denies": { ...SILENCE, least: 4 },
  "no-majority": { ...SILENCE, least: 2 },
  "first-claimant": { actions: ["appLies", "appConfused", "appMoves", "appWell"], faults: [], instances: 2, least: 4 },
  "old-answers": { actions: ["appMoves", "appMoves", "claimFlood"], faults: [], instances: 3, least: 6 },
};

const MOVING: Hunt = {
  actions: ["appMoves", "appMoves", "unreadyWriter", "ready"],
  faults: ["stall", "repeatedEvent"],
  instances: 4,
};
const LEAVING: Hunt = {
  actions: ["leaveSelector", "backInSelector", "appMoves", "ready"],
  faults: ["droppedEvent"],
  instances: 2,
};

/** What all features share, and lose the most by. */
const SHARED: readonly (Hunt & { readonly name: string })[] = [
  { name: "unconditional-patches", ...MOVING },
  { name: "record-without-stamps", ...MOVING },
  { name: "fence-selected-only", ...LEAVING },
];

const caughtIn = async (hunt: Hunt, breaks: string): Promise<number> => {
  let caught = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const weak = { weaken: weakServer, weakenAsker: weakAsker };
    // oxlint-disable-next-line no-await-in-loop
    const { problems } = await simulate({ feature: "roles", seed, profile: "race", ...hunt, rests: false, ...weak });
    if (problems.some((text) => text.startsWith(`${breaks}: `))) caught += 1;
  }
  return caught;
};

test.each(ROLES_VARIANTS)(
  "a checker that leaves out $leavesOut is caught",
  async ({ name, breaks }) => {
    const { least, ...hunt } = HUNTS[name];
    chooseRoles(name);
    const caught = await caughtIn(hunt, breaks);
    chooseRoles(undefined);
    process.stdout.write(`${name}: ${breaks} in ${caught} of ${SEEDS} seeds\n`);
    expect(caught).toBeGreaterThanOrEqual(least);
    expect(await caughtIn(hunt, breaks)).toBe(0);
  },
  testDeadlineMs,
);

test.each(SHARED)(
  "$name is caught with checkers, too",
  async ({ name, ...hunt }) => {
    const seed = await firstCaught(name, { feature: "roles", ...hunt });
    process.stdout.write(`${name}: S1 first in seed ${seed}\n`);
    expect(seed).toBeDefined();
  },
  testDeadlineMs,
);
