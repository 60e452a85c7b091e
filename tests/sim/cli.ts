/** Runs seeds for as long as one likes: finds what the fixed seeds of the tests do not, and shows what a seed did. */
import { parseArgs } from "node:util";
import { FAULT_NAMES } from "./faults.ts";
import { ACTIONS_OF, FEATURE_NAMES, PROFILE_NAMES, type FeatureName } from "./profiles.ts";
import { explain, REST_TICKS_MAX, simulate, type Outcome, type Simulation } from "./run.ts";
import { shrink } from "./shrink.ts";
import { GROUPS_MAX } from "./world.ts";

const DEFAULT_RUNS = 100;
const reportMs = 30_000;
const shrinkMs = 60_000;
const LARGEST = 999_999_999;
const INSTANCES_MAX = 8;
const ACTION_NAMES = [...new Set(Object.values(ACTIONS_OF).flatMap((actions) => Object.keys(actions)))];

const USAGE = `Usage: node tests/sim/cli.ts [OPTIONS]

The whole function on the in-memory API server in virtual time, with seeded faults. Prints each seed that fails with the smallest
failure that was found and its timeline; exits with 1 when one did. The same options give the same histories.

  --feature F    ${FEATURE_NAMES.join(", ")}: what the function leads; default all, one after the other by the seed
  --runs N       seeds to run; default ${DEFAULT_RUNS}, without end when --minutes is given
  --seed S       the first seed; default 1
  --minutes M    no further seed after so many minutes
  --steps N      actions in each run; default: as many as the profile says
  --actions A,B  only these, all of the feature's own; default: each seed chooses
                 (${ACTION_NAMES.join(", ")})
  --faults A,B   only these, or "none"; default: each seed chooses
                 (${FAULT_NAMES.join(", ")})
  --groups N     StatefulSets with a lock, 1 to ${GROUPS_MAX}; default: each seed chooses
  --instances N  instances of the function, 1 to ${INSTANCES_MAX}; default: each seed chooses
  --mute A,B     steps, counted from 0, in which nothing happens
  --profile P    ${PROFILE_NAMES.join(" or ")} (election only): how a seed draws; default any
  --help         this text
`;

const write = (text: string): void => {
  process.stdout.write(text);
};

const wholeNumber = (option: string, text: string | undefined, most = LARGEST): number | undefined => {
  if (text === undefined) return undefined;
  const value = /^[1-9]\d*$/.test(text) ? Number(text) : Number.NaN;
  if (value <= most) return value;
  throw new Error(`--${option}: got ${JSON.stringify(text)}, accepts a whole number from 1 to ${most}`);
};

const listed = (option: string, text: string | undefined, known: readonly string[]): readonly string[] | undefined => {
  const names = text?.split(",");
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown === undefined) return names;
  throw new Error(`--${option}: got ${JSON.stringify(unknown)}, accepts ${known.join(", ")}`);
};

const mutedSteps = (text: string | undefined): readonly number[] | undefined => {
  const steps = text?.split(",").map(Number);
  if (steps === undefined || steps.every((step) => Number.isInteger(step) && step >= 0)) return steps;
  throw new Error(`--mute: got ${JSON.stringify(text)}, accepts whole numbers from 0, separated by commas`);
};

const oneOf = <Name extends string>(option: string, text: string, names: readonly Name[]): Name => {
  const found = names.find((name) => name === text);
  if (found !== undefined) return found;
  throw new Error(`--${option}: got ${JSON.stringify(text)}, accepts ${names.join(", ")}`);
};

interface Choice {
  readonly runs: number;
  readonly endMs: number;
  readonly simulation: Simulation;
}

/** Undefined: help is wanted. */
const readChoice = (): Choice | undefined => {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      feature: text,
      runs: text,
      seed: text,
      minutes: text,
      steps: text,
      actions: text,
      faults: text,
      groups: text,
      instances: text,
      mute: text,
      profile: text,
      help: { type: "boolean" },
    },
  });
  if (values.help === true) return undefined;
  const minutes = wholeNumber("minutes", values.minutes);
  return {
    runs: wholeNumber("runs", values.runs) ?? (minutes === undefined ? DEFAULT_RUNS : LARGEST),
    endMs: minutes === undefined ? Number.POSITIVE_INFINITY : performance.now() + minutes * 60_000,
    simulation: {
      feature: oneOf<FeatureName>("feature", values.feature ?? "all", FEATURE_NAMES),
      seed: wholeNumber("seed", values.seed) ?? 1,
      profile: oneOf("profile", values.profile ?? "any", PROFILE_NAMES),
      steps: wholeNumber("steps", values.steps),
      actions: listed("actions", values.actions, ACTION_NAMES),
      faults: values.faults === "none" ? [] : listed("faults", values.faults, FAULT_NAMES),
      groups: wholeNumber("groups", values.groups, GROUPS_MAX),
      instances: wholeNumber("instances", values.instances, INSTANCES_MAX),
      mute: mutedSteps(values.mute),
    },
  };
};

interface Totals {
  seeds: number;
  promotions: number;
  revisions: number;
  longestRestMs: number;
  readonly failed: number[];
  readonly tally: Map<string, number>;
}

const add = (totals: Totals, { verdicts, promotions, restAfterMs, tally }: Outcome): void => {
  totals.seeds += 1;
  totals.promotions += promotions;
  totals.revisions += verdicts[0]?.revisions ?? 0;
  totals.longestRestMs = Math.max(totals.longestRestMs, restAfterMs);
  for (const [what, count] of tally) totals.tally.set(what, (totals.tally.get(what) ?? 0) + count);
};

const progress = ({ seeds, failed }: Totals, begunMs: number, last: number): string => {
  const minutes = (performance.now() - begunMs) / 60_000;
  return `${seeds} seeds, up to ${last}; ${failed.length} failed; ${(seeds / minutes).toFixed(0)} a minute\n`;
};

const summary = ({ promotions, revisions, longestRestMs, tally, failed }: Totals): string => {
  const counts = [...tally].toSorted(([, one], [, other]) => other - one).map(([what, count]) => `${what} ${count}`);
  return [
    `${promotions} promotions in ${revisions} revisions`,
    `at rest at the latest ${longestRestMs / 1000} s after the last fault (bound: ${REST_TICKS_MAX} ticks)`,
    `what happened: ${counts.join(", ")}`,
    ...(failed.length === 0 ? [] : [`failed: ${failed.join(", ")}`]),
    "",
  ].join("\n");
};

const report = async (outcome: Outcome): Promise<void> => {
  write(`seed ${outcome.simulation.seed} failed: ${outcome.problems.join("; ")}\n`);
  write(`${explain(await shrink(outcome, shrinkMs))}\n\n`);
};

/** How many seeds failed. */
const run = async ({ runs, endMs, simulation }: Choice): Promise<number> => {
  const totals: Totals = { seeds: 0, promotions: 0, revisions: 0, longestRestMs: 0, failed: [], tally: new Map() };
  const begunMs = performance.now();
  let reportedMs = begunMs;
  let { seed } = simulation;
  for (; totals.seeds < runs && performance.now() < endMs; seed += 1) {
    // oxlint-disable-next-line no-await-in-loop
    const outcome = await simulate({ ...simulation, seed });
    add(totals, outcome);
    if (outcome.problems.length > 0) {
      totals.failed.push(seed);
      // oxlint-disable-next-line no-await-in-loop
      await report(outcome);
    }
    if (performance.now() - reportedMs < reportMs) continue;
    reportedMs = performance.now();
    write(progress(totals, begunMs, seed));
  }
  write(`${progress(totals, begunMs, seed - 1)}${summary(totals)}`);
  return totals.failed.length;
};

try {
  const choice = readChoice();
  if (choice === undefined) write(USAGE);
  else if ((await run(choice)) > 0) process.exitCode = 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
