/** Runs seeds for as long as one likes: finds what the fixed seeds of the tests do not, and shows what a seed did. */
import { parseArgs } from "node:util";
import { ACTION_NAMES, DEFAULT_STEPS, explain, simulate } from "./run.ts";

const DEFAULT_RUNS = 100;
const RUNS_PER_REPORT = 50;
const LARGEST = 999_999_999;

const USAGE = `Usage: node tests/sim/cli.ts [OPTIONS]

The whole function on the in-memory API server in virtual time, with seeded faults. Prints each seed that fails with its
timeline; exits with 1 when one did. The same options give the same histories.

  --runs N       seeds to run; default ${DEFAULT_RUNS}
  --seed S       the first seed; default 1
  --steps N      actions in each run; default ${DEFAULT_STEPS}
  --actions A,B  only these; default: each seed chooses among all but those that write what is the function's own
                 (${ACTION_NAMES.join(", ")})
  --help         this text
`;

const write = (text: string): void => {
  process.stdout.write(text);
};

const wholeNumber = (option: string, text: string): number => {
  const value = /^[1-9]\d*$/.test(text) ? Number(text) : Number.NaN;
  if (value <= LARGEST) return value;
  throw new Error(`--${option}: got ${JSON.stringify(text)}, accepts a whole number from 1 to ${LARGEST}`);
};

const actionNames = (text: string | undefined): readonly string[] | undefined => {
  const names = text?.split(",");
  const unknown = names?.find((name) => !ACTION_NAMES.includes(name));
  if (unknown === undefined) return names;
  throw new Error(`--actions: got ${JSON.stringify(unknown)}, accepts ${ACTION_NAMES.join(", ")}`);
};

interface Choice {
  readonly runs: number;
  readonly seed: number;
  readonly steps: number;
  readonly actions: readonly string[] | undefined;
}

/** Undefined: help is wanted. */
const readChoice = (): Choice | undefined => {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: String(DEFAULT_RUNS) },
      seed: { type: "string", default: "1" },
      steps: { type: "string", default: String(DEFAULT_STEPS) },
      actions: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  return {
    runs: wholeNumber("runs", values.runs),
    seed: wholeNumber("seed", values.seed),
    steps: wholeNumber("steps", values.steps),
    actions: actionNames(values.actions),
  };
};

/** How many seeds failed. */
const run = async ({ runs, seed: first, steps, actions }: Choice): Promise<number> => {
  const failed: number[] = [];
  for (let done = 1; done <= runs; done += 1) {
    // oxlint-disable-next-line no-await-in-loop
    const outcome = await simulate({ seed: first + done - 1, actions, steps });
    if (outcome.problems.length > 0) {
      failed.push(outcome.seed);
      write(`${explain(outcome)}\n\n`);
    }
    if (done % RUNS_PER_REPORT === 0 || done === runs) write(`${done} of ${runs} seeds, ${failed.length} failed\n`);
  }
  if (failed.length > 0) write(`failed: ${failed.join(", ")}\n`);
  return failed.length;
};

try {
  const choice = readChoice();
  if (choice === undefined) write(USAGE);
  else if ((await run(choice)) > 0) process.exitCode = 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
