/** How the tests search a scope: to its end, with a line that says what was searched. */
import { FEATURES, type Exploring, type Feature } from "./features.ts";
import type { Exploration } from "./explore.ts";

export const TIMEOUT_MS = 120_000;

const LIMITS = { statesMax: 5_000_000, durationMaxMs: TIMEOUT_MS, progress: () => undefined };

export const featureNamed = (name: string): Feature => {
  const feature = FEATURES[name];
  if (feature === undefined)
    throw new Error(`feature: got ${JSON.stringify(name)}, accepts ${Object.keys(FEATURES).join(", ")}`);
  return feature;
};

export const search = (feature: string, exploring: Exploring): Exploration => {
  const { title, run } = featureNamed(feature).prepare(exploring);
  const done = run(LIMITS);
  const { states, transitions, depth, durationMs, finding } = done;
  const found =
    finding === undefined ? "" : `, ${exploring.variant ?? "shipped"}: ${finding.flaw} after ${finding.steps} events`;
  process.stdout.write(
    `${title}: ${states} states, ${transitions} transitions, depth ${depth}, ${(durationMs / 1000).toFixed(1)} s${found}\n`,
  );
  return done;
};

/** What is asked of a scope that is to be searched to its end, as one value that a test compares. */
export const verdictOf = ({ finding, exhausted, cut }: Exploration): unknown => ({
  finding: finding?.lines.join("\n"),
  exhausted,
  cut,
});

export const CLEAN: unknown = { finding: undefined, exhausted: true, cut: 0 };
