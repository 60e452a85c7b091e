/** What the tests of every feature ask of a simulation: that it keeps what is promised, and otherwise what broke it, as small as can be. */
import { alone } from "./profile.ts";
import { expect } from "vitest";
import type { FeatureName } from "./profiles.ts";
import { explain, simulate, type Outcome, type Simulation } from "./run.ts";
import { shrink } from "./shrink.ts";

export const testDeadlineMs = 120_000;
const shrinkMs = 20_000;
/** Fresh seeds lie above those that anybody names. */
const FRESH_FROM = 1_000_000;
const FRESH_SPAN = 900_000_000;

export const seedsTo = (last: number): readonly number[] => Array.from({ length: last }, (_, index) => index + 1);

export const passes = async (outcome: Outcome): Promise<void> => {
  if (outcome.problems.length === 0) return;
  const smallest = await shrink(outcome, shrinkMs);
  expect.fail(`seed ${outcome.simulation.seed}: ${outcome.problems.join("; ")}\n${explain(smallest)}`);
};

/** The number of promotions, so that a run in which nothing happened does not pass for a good one. */
export const keepsPromises = async (simulation: Simulation): Promise<number> => {
  const outcome = await simulate(simulation);
  await passes(outcome);
  return outcome.promotions;
};

export const allKeepPromises = async (simulations: readonly Simulation[]): Promise<number> => {
  let promotions = 0;
  // oxlint-disable-next-line no-await-in-loop
  for (const simulation of simulations) promotions += await keepsPromises(simulation);
  return promotions;
};

/** As many as there is time for, and how many these were; the first is printed, so that they can be repeated. */
export const freshSeedsKeepPromises = async (feature: FeatureName, milliseconds: number): Promise<number> => {
  const first = FRESH_FROM + (Date.now() % FRESH_SPAN);
  const end = performance.now() + milliseconds;
  let seed = first;
  for (; performance.now() < end; seed += 1) {
    // oxlint-disable-next-line no-await-in-loop
    await keepsPromises({ feature, seed });
  }
  process.stdout.write(`fresh seeds: npm run sim -- --feature ${feature} --seed ${first} --runs ${seed - first}\n`);
  return seed - first;
};

/** An action by itself has to do something in one seed, and has so many to do it in. */
const PATIENCE = 8;

/** Whether the action did something where it was the only one; each seed has to keep the promises. */
export const strikesAlone = async (feature: FeatureName, name: string): Promise<boolean> => {
  let hasStruck = false;
  for (let seed = 1; !hasStruck && seed <= PATIENCE; seed += 1) {
    // oxlint-disable-next-line no-await-in-loop
    const outcome = await simulate({ feature, seed, profile: "mixed", groups: 2, ...alone(name) });
    // oxlint-disable-next-line no-await-in-loop
    await passes(outcome);
    hasStruck = outcome.tally.has(name);
  }
  return hasStruck;
};
