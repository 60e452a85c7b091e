/**
 * Goal: whatever is lost, late, frozen, killed, deleted, swapped, restored or recreated, no write of the function makes a second writer,
 * and every group comes to rest by itself. A seed is a whole history; `npm run sim` tries as many as one likes.
 */
import { expect, test } from "vitest";
import { FAULT_NAMES } from "./faults.ts";
import { ACTION_NAMES, alone } from "./profiles.ts";
import { explain, simulate, type Outcome, type Simulation } from "./run.ts";
import { shrink } from "./shrink.ts";

const testDeadlineMs = 120_000;
const freshMs = 15_000;
const shrinkMs = 20_000;
/** Fresh seeds lie above those that anybody names. */
const FRESH_FROM = 1_000_000;
const FRESH_SPAN = 900_000_000;

const seedsTo = (last: number): readonly number[] => Array.from({ length: last }, (_, index) => index + 1);

const FIXED_SEEDS = seedsTo(120);
const FIRST_SEEDS = seedsTo(20);
const TAMPERED_SEEDS = seedsTo(10);
/** Seeds until a fault that is rare has happened. */
const PATIENCE = 12;

/** What once went wrong in a seed of the first profile, and does not any more. */
const FIRST_REGRESSIONS = [
  { seed: 10, defect: "pods were never enrolled" },
  { seed: 77, defect: "a Lease was left behind" },
  { seed: 84, defect: "a Lease was left behind" },
  { seed: 105, defect: "two locks kept each other's Lease" },
  { seed: 166, defect: "a Lease was left behind" },
  { seed: 254, defect: "pods were never enrolled" },
  { seed: 276, defect: "two locks kept each other's Lease" },
  { seed: 298, defect: "a lock waited for its Lease for ever" },
  { seed: 441, defect: "a Lease was left behind" },
] as const;

const DISTURBANCES = ["unready", "unreadyWriter", "deletePod", "leaseDelete", "freeze", "kill"];
const TAMPERINGS = ["foreignWriter", "roleOff", "stampOff", "leaseHolder"];

const passes = async (outcome: Outcome): Promise<void> => {
  if (outcome.problems.length === 0) return;
  const smallest = await shrink(outcome, shrinkMs);
  expect.fail(`seed ${outcome.simulation.seed}: ${outcome.problems.join("; ")}\n${explain(smallest)}`);
};

/** The number of promotions, so that a run in which nothing happened does not pass for a good one. */
const keepsPromises = async (simulation: Simulation): Promise<number> => {
  const outcome = await simulate(simulation);
  await passes(outcome);
  return outcome.promotions;
};

const allKeepPromises = async (simulations: readonly Simulation[]): Promise<number> => {
  let promotions = 0;
  // oxlint-disable-next-line no-await-in-loop
  for (const simulation of simulations) promotions += await keepsPromises(simulation);
  return promotions;
};

test(
  "no seed makes a second writer by a write of ours, and every group comes to rest by itself",
  async () => {
    const promotions = await allKeepPromises(FIXED_SEEDS.map((seed) => ({ seed })));
    expect(promotions).toBeGreaterThan(2 * FIXED_SEEDS.length);
  },
  testDeadlineMs,
);

test(
  "neither does any seed that nobody has tried before",
  async () => {
    const first = FRESH_FROM + (Date.now() % FRESH_SPAN);
    const end = performance.now() + freshMs;
    let seed = first;
    for (; performance.now() < end; seed += 1) {
      // oxlint-disable-next-line no-await-in-loop
      await keepsPromises({ seed });
    }
    process.stdout.write(`fresh seeds: npm run sim -- --seed ${first} --runs ${seed - first}\n`);
    expect(seed).toBeGreaterThan(first);
  },
  testDeadlineMs,
);

test.each([...ACTION_NAMES, ...FAULT_NAMES])(
  "%s, by itself, breaks no promise",
  async (name) => {
    let happened = 0;
    for (let seed = 1; happened === 0 && seed <= PATIENCE; seed += 1) {
      // oxlint-disable-next-line no-await-in-loop
      const outcome = await simulate({ seed, profile: "mixed", ...alone(name) });
      // oxlint-disable-next-line no-await-in-loop
      await passes(outcome);
      happened += outcome.tally.get(name) ?? 0;
    }
    expect(happened).toBeGreaterThan(0);
  },
  testDeadlineMs,
);

test(
  "seeds of the first profile, with two groups, break no promise either",
  async () => {
    const promotions = await allKeepPromises(FIRST_SEEDS.map((seed) => ({ seed, profile: "two-groups" })));
    expect(promotions).toBeGreaterThan(2 * FIRST_SEEDS.length);
  },
  testDeadlineMs,
);

test.each(FIRST_REGRESSIONS)("seed $seed, in which $defect, keeps what is promised", async ({ seed }) => {
  const outcome = await simulate({ seed, profile: "two-groups" });
  expect(outcome.problems, explain(outcome)).toEqual([]);
});

test(
  "seeds in which a StatefulSet was made anew, while another lock kept the record of its former group, keep one writer",
  async () => {
    const found: Omit<Simulation, "seed"> = {
      profile: "mixed",
      groups: 2,
      steps: 60,
      actions: ["tidy", "unreadyWriter", "ready", "orphanSet", "setName", "setCreate"],
      faults: [],
    };
    const seeds = [4, 18, 79, 96, 109, 111];
    expect(await allKeepPromises(seeds.map((seed) => ({ ...found, seed })))).toBeGreaterThan(seeds.length);
  },
  testDeadlineMs,
);

test(
  "foreign writes to labels, stamps and Leases never make a second writer by a write of ours, and are repaired",
  async () => {
    const actions = [...DISTURBANCES, ...TAMPERINGS];
    const promotions = await allKeepPromises(TAMPERED_SEEDS.map((seed) => ({ seed, profile: "two-groups", actions })));
    expect(promotions).toBeGreaterThan(2 * TAMPERED_SEEDS.length);
  },
  testDeadlineMs,
);

test.each(["mixed", "race", "two-groups"] as const)(
  "a seed of profile %s gives the same history each time",
  async (profile) => {
    const [one, other] = [await simulate({ seed: 3, profile }), await simulate({ seed: 3, profile })];
    expect(one.timeline.length).toBeGreaterThan(100);
    expect(other).toEqual(one);
  },
);
