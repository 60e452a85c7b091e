/** Goal: how strong the simulation is. Each weakened protocol breaks a promise in some seed; which is the first one is printed. */
import { expect, test, vi } from "vitest";
import type * as Decide from "../../functions/election/decide.ts";
import type * as Load from "../../functions/election/load.ts";
import type * as Attempt from "../../functions/kit/handover/attempt.ts";
import type * as Plan from "../../functions/kit/handover/plan.ts";
import type * as Pods from "../../functions/kit/pods/candidate.ts";
import { VARIANTS, variantNamed } from "../weakened/variants.ts";
import { alone } from "./profile.ts";
import { simulate, type Simulation } from "./run.ts";
import { shrink } from "./shrink.ts";
import { unfenced } from "./unfenced.ts";
import { choose, weakServer } from "./weakening.ts";

vi.mock("../../functions/kit/handover/plan.ts", async (original) => {
  const { weakPlan, weakPlanEnrolment } = await import("./weakening.ts");
  const real = await original<typeof Plan>();
  return { ...real, plan: weakPlan(real.plan), planEnrolment: weakPlanEnrolment(real.planEnrolment) };
});
vi.mock("../../functions/kit/handover/attempt.ts", async (original) => {
  const { weakAbsorbEnrolled, weakAnswerToReread, weakHangingHolder } = await import("./weakening.ts");
  const real = await original<typeof Attempt>();
  return {
    ...real,
    absorbEnrolled: weakAbsorbEnrolled(real.absorbEnrolled),
    answerToReread: weakAnswerToReread(real.answerToReread),
    hangingHolder: weakHangingHolder(real.hangingHolder),
  };
});
vi.mock("../../functions/election/decide.ts", async (original) => {
  const { weakElect } = await import("./weakening.ts");
  const real = await original<typeof Decide>();
  return { ...real, elect: weakElect(real.elect) };
});
vi.mock("../../functions/kit/pods/candidate.ts", async (original) => {
  const { weakView } = await import("./weakening.ts");
  const real = await original<typeof Pods>();
  return { ...real, viewCandidate: weakView(real.viewCandidate) };
});
vi.mock("../../functions/election/load.ts", async (original) => {
  const { weakLoadOwner } = await import("./weakening.ts");
  const real = await original<typeof Load>();
  return { ...real, loadOwner: weakLoadOwner(real.loadOwner) };
});

const testDeadlineMs = 120_000;
/** Several times what any of them needs. */
const SEEDS_MAX = 400;

/** What shows a flaw soon. */
interface Hunt {
  readonly name: string;
  readonly actions: readonly string[];
  readonly faults: readonly string[];
  readonly instances: number;
  /** The promise that is broken; default: the variant's flaw. */
  readonly breaks?: string;
}

const COMPETING = {
  actions: ["switchover", "switchover", "unreadyWriter", "ready"],
  faults: ["stall", "repeatedEvent"],
  instances: 4,
};
const LEAVING = {
  actions: ["leaveSelector", "backInSelector", "unreadyWriter", "ready", "tidy"],
  faults: ["droppedEvent"],
  instances: 2,
};
const FRESH_PODS = ["lockDelete", "tidy", "tidy"];
const SWITCHOVERS = Array.from({ length: 5 }, () => "switchover");

const HUNTS: readonly Hunt[] = [
  { name: "unconditional-patches", ...COMPETING },
  { name: "add-without-remove", ...COMPETING },
  { name: "remove-then-add", ...COMPETING },
  { name: "record-without-stamps", ...COMPETING },
  { name: "fence-previous-leader-only", ...COMPETING },
  {
    name: "skip-unlabelled",
    actions: [...FRESH_PODS, ...SWITCHOVERS],
    faults: ["stall", "repeatedEvent"],
    instances: 3,
  },
  {
    name: "pods-before-record",
    actions: ["scale", "scale", "forcePod", "unreadyWriter", "ready", "switchover"],
    faults: ["slow", "repeatedEvent", "stall"],
    instances: 4,
  },
  {
    // Two records take one epoch, which then promotes two pods.
    name: "stamps-without-record",
    actions: ["switchover", "switchover", "leaseDelete", "leaseDelete"],
    faults: ["slow", "repeatedEvent", "stall"],
    instances: 4,
    breaks: "S4",
  },
  { name: "fence-selected-only", ...LEAVING },
  { name: "nominate-unenrolled", ...LEAVING },
  { name: "epochs-start-again", actions: ["leaseDelete", "unreadyWriter", "ready"], faults: [], instances: 2 },
  {
    name: "no-catching-up",
    actions: ["switchover", "switchover", "leaseDelete"],
    faults: ["stall", "slow", "repeatedEvent"],
    instances: 4,
  },
];

test("every weakened protocol is hunted", () => {
  expect(HUNTS.map(({ name }) => name)).toEqual(VARIANTS.map(({ name }) => name));
});

test.each(HUNTS)(
  "$name is caught",
  async ({ name, actions, faults, instances, breaks }) => {
    const variant = variantNamed(name);
    const promise = breaks ?? variant.flaw;
    const rests = promise === "L1";
    let problem: string | undefined;
    let seed = 0;
    while (problem === undefined && seed < SEEDS_MAX) {
      seed += 1;
      choose(variant);
      const hunt: Simulation = {
        feature: "election",
        seed,
        profile: "race",
        actions,
        faults,
        instances,
        rests,
        weaken: weakServer,
      };
      // oxlint-disable-next-line no-await-in-loop
      const { problems } = await simulate(hunt);
      problem = problems.find((text) => text.startsWith(`${promise}: `));
    }
    choose(undefined);
    process.stdout.write(`${name}: the first of the seeds from 1 that shows it is ${seed}: ${problem}\n`);
    expect(problem).toBeDefined();
  },
  testDeadlineMs,
);

test(
  "the wrappers change nothing while no variant is chosen",
  async () => {
    const { actions, faults, instances } = HUNTS[0] ?? COMPETING;
    const sound: Simulation = { feature: "election", seed: 6, profile: "race", actions, faults, instances };
    expect((await simulate({ ...sound, weaken: weakServer })).timeline).toEqual((await simulate(sound)).timeline);
  },
  testDeadlineMs,
);

const FIRST_SEEDS = Array.from({ length: 12 }, (_, index) => index + 1);
const HAND_OVERS = ["unreadyWriter", "ready", "switchover"];

test.each([
  { beside: "nothing", actions: HAND_OVERS },
  { beside: "foreign writes that label nobody", actions: [...HAND_OVERS, "tokenOff", "stampGarbled", "roleOff"] },
])(
  "a function whose fences are lost makes two writers in most seeds, and is caught twice, beside $beside",
  async ({ actions }) => {
    const caught = { byChecker: 0, byWatcher: 0 };
    for (const seed of FIRST_SEEDS) {
      // oxlint-disable-next-line no-await-in-loop
      const { violations, problems } = await simulate({
        feature: "election",
        seed,
        profile: "two-groups",
        actions,
        weaken: unfenced,
      });
      if (violations.some(({ invariant }) => invariant === "S1")) caught.byChecker += 1;
      if (problems.some((problem) => problem.endsWith("promoted beside another writer"))) caught.byWatcher += 1;
    }
    expect(caught.byChecker).toBeGreaterThan(FIRST_SEEDS.length / 2);
    expect(caught.byWatcher).toBeGreaterThan(FIRST_SEEDS.length / 2);
  },
  testDeadlineMs,
);

test(
  "a failure shrinks to fewer steps that break the same promise, and is repeated by what it prints",
  async () => {
    const failed = await simulate({
      feature: "election",
      seed: 1,
      profile: "race",
      ...alone("switchover"),
      weaken: unfenced,
    });
    expect(failed.problems.join()).toContain("S1: ");
    const { simulation, problems, drawn } = await shrink(failed, testDeadlineMs / 4);
    expect(problems.join()).toContain("S1: ");
    expect(drawn.groups).toBe(1);
    expect(Number(drawn.steps) - (simulation.mute ?? []).length).toBeLessThan(5);
    expect((await simulate(simulation)).problems).toEqual(problems);
  },
  testDeadlineMs,
);
