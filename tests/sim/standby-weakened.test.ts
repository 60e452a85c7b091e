/** Goal: how strong the simulation is with annotated Services. Each weakened protocol breaks its promise in the stated share of seeds. */
import { expect, test, vi } from "vitest";
import type * as Plan from "../../functions/kit/handover/plan.ts";
import type * as CutOver from "../../functions/standby/cut-over.ts";
import type * as Back from "../../functions/standby/route/back.ts";
import type * as RoutePlan from "../../functions/standby/route/plan.ts";
import type * as Serve from "../../functions/standby/serve.ts";
import { firstCaught } from "./first-caught.ts";
import { simulate, type Simulation } from "./run.ts";
import { chooseStandby, STANDBY_VARIANTS, weakStandbyServer, type StandbyVariant } from "./standby/weakening.ts";

vi.mock("../../functions/kit/handover/plan.ts", async (original) => {
  const { weakPlan, weakPlanEnrolment } = await import("./weakening.ts");
  const real = await original<typeof Plan>();
  return { ...real, plan: weakPlan(real.plan), planEnrolment: weakPlanEnrolment(real.planEnrolment) };
});
vi.mock("../../functions/standby/cut-over.ts", async (original) => {
  const { weakCutOver } = await import("./standby/weakening.ts");
  const real = await original<typeof CutOver>();
  return { ...real, cutOver: weakCutOver(real.cutOver, real.extend) };
});
vi.mock("../../functions/standby/serve.ts", async (original) => {
  const { weakServe } = await import("./standby/weakening.ts");
  const { extend } = await import("../../functions/standby/cut-over.ts");
  const real = await original<typeof Serve>();
  return { ...real, serve: weakServe(real.serve, extend) };
});
vi.mock("../../functions/standby/route/plan.ts", async (original) => {
  const { weakRoutePlan } = await import("./standby/weakening.ts");
  const real = await original<typeof RoutePlan>();
  return { ...real, plan: weakRoutePlan(real.plan) };
});
vi.mock("../../functions/standby/route/back.ts", async (original) => {
  const { weakPlanBack } = await import("./standby/weakening.ts");
  const real = await original<typeof Back>();
  return { ...real, planBack: weakPlanBack(real.planBack) };
});

const testDeadlineMs = 120_000;
const SEEDS = 12;

type Hunt = Pick<Simulation, "actions" | "faults" | "instances">;

const CUTS_IN: Hunt = { actions: ["optIn", "optOut", "optOut", "toLabel"], faults: [], instances: 2 };
const CUTS_ROUTE: Hunt = { actions: ["toRoute", "optOut", "ready"], faults: [], instances: 2 };
const CUTS_BACK: Hunt = { actions: ["toRoute", "optOut", "forcePod"], faults: ["idleController"], instances: 1 };
const FAILS_OVER: Hunt = {
  actions: ["toRoute", "families", "unreadyWriter", "unreadyWriter", "readyPod"],
  faults: ["stall", "repeatedEvent"],
  instances: 3,
};

/** What shows a flaw soon, and in how many of the seeds from 1 on at least. */
const HUNTS: Readonly<Record<StandbyVariant, Hunt & { readonly least: number }>> = {
  "extends-first": { ...CUTS_IN, least: 6 },
  impatient: { ...CUTS_IN, least: 2 },
  "removes-selector": { ...CUTS_ROUTE, least: 8 },
  "key-first": { ...CUTS_ROUTE, least: 8 },
  "hands-back-at-once": { ...CUTS_ROUTE, least: 5 },
  "trusts-slices": { ...CUTS_BACK, least: 2 },
  "second-first": { ...FAILS_OVER, least: 5 },
  "second-unfenced": { ...FAILS_OVER, least: 5 },
};

const FAULTY: Hunt = {
  actions: ["toLabel", "unreadyWriter", "unreadyWriter", "ready"],
  faults: ["stall", "repeatedEvent"],
  instances: 4,
};
const LEAVING: Hunt = {
  actions: ["toLabel", "leaveSelector", "backInSelector", "unreadyWriter", "ready"],
  faults: ["droppedEvent"],
  instances: 2,
};

/** What all features share, and lose the most by. */
const SHARED: readonly (Hunt & { readonly name: string })[] = [
  { name: "unconditional-patches", ...FAULTY },
  { name: "fence-selected-only", ...LEAVING },
];

const caughtIn = async (hunt: Hunt, breaks: string, weaken: Simulation["weaken"]): Promise<number> => {
  let caught = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    // oxlint-disable-next-line no-await-in-loop
    const { problems } = await simulate({ feature: "standby", seed, profile: "race", ...hunt, rests: false, weaken });
    if (problems.some((text) => text.startsWith(`${breaks}: `))) caught += 1;
  }
  return caught;
};

test.each(STANDBY_VARIANTS)(
  "a cut-over that leaves out $leavesOut is caught",
  async ({ name, breaks }) => {
    const { least, ...hunt } = HUNTS[name];
    chooseStandby(name);
    const caught = await caughtIn(hunt, breaks, weakStandbyServer);
    chooseStandby(undefined);
    process.stdout.write(`${name}: ${breaks} in ${caught} of ${SEEDS} seeds\n`);
    expect(caught).toBeGreaterThanOrEqual(least);
    expect(await caughtIn(hunt, breaks, weakStandbyServer)).toBe(0);
  },
  testDeadlineMs,
);

test.each(SHARED)(
  "$name is caught with annotated Services, too",
  async ({ name, ...hunt }) => {
    const seed = await firstCaught(name, { feature: "standby", ...hunt });
    process.stdout.write(`${name}: S1 first in seed ${seed}\n`);
    expect(seed).toBeDefined();
  },
  testDeadlineMs,
);
