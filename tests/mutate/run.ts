/**
 * Changes the rules of plan and decision one place at a time and asks the tests each time. Stryker does the work, on a copy of
 * the tree; here is what is changed, what is asked, and how its answers are read.
 */
import { readFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join, relative } from "node:path";
import { Stryker } from "@stryker-mutator/core";
import { addChanges } from "./changes.ts";
import { nthIn, type Mutant, type MutantFate } from "./verdict.ts";

/** The rules: who leads, which writes follow in which order, what ends, is due or is contested. */
export const FILES: readonly string[] = [
  "functions/kit/handover/plan.ts",
  "functions/kit/handover/attempt.ts",
  "functions/kit/handover/executor.ts",
  "functions/kit/handover/epoch.ts",
  "functions/kit/handover/model.ts",
  "functions/kit/handover/record.ts",
  "functions/kit/handover/merge.ts",
  "functions/kit/handover/end.ts",
  "functions/kit/handover/contest.ts",
  "functions/kit/handover/choose.ts",
  "functions/kit/handover/inspect.ts",
  "functions/kit/group/owners.ts",
  "functions/kit/reconcile.ts",
  "functions/kit/slots.ts",
  "functions/election/decide.ts",
  "functions/election/need.ts",
  "functions/roles/admit.ts",
  "functions/roles/decide.ts",
  "functions/roles/need.ts",
  "functions/roles/resting.ts",
  "functions/standby/decide.ts",
  "functions/standby/route/plan.ts",
  "functions/standby/leavers.ts",
  "functions/standby/route/back.ts",
  "functions/standby/route/contest.ts",
  "functions/standby/route/turn.ts",
];

/** Above what the slowest test takes on a busy machine; added to half again of what a test took unchanged. */
const timeoutMs = 60_000;

const FATES: Readonly<Record<string, MutantFate>> = {
  Killed: "killed",
  RuntimeError: "killed",
  Timeout: "timed out",
  Survived: "survived",
  NoCoverage: "survived",
};

type Answer = Awaited<ReturnType<Stryker["runMutationTest"]>>[number];

const textAt = (lines: readonly string[], { start, end }: Answer["location"]): string => {
  const whole = lines.slice(start.line - 1, end.line);
  const last = whole.length - 1;
  return whole
    .map((line, index) => line.slice(index === 0 ? start.column - 1 : 0, index === last ? end.column - 1 : undefined))
    .join("\n");
};

const mutantOf = (answer: Answer, file: string, source: string): readonly Mutant[] => {
  const fate = FATES[answer.status];
  if (fate === undefined) return [];
  const lines = source.split("\n");
  const { line, column } = answer.location.start;
  const [original, replacement] = [textAt(lines, answer.location), answer.replacement];
  const whole = lines[line - 1] ?? "";
  const nth = nthIn(whole, original, column - 1);
  return [{ file, line, within: whole.trim(), original, nth, replacement, fate }];
};

const ask = (mutate: readonly string[], ignoreStatic: boolean): Promise<readonly Answer[]> =>
  new Stryker({
    mutate: [...mutate],
    // Texts for people are no steps. What replaces a whole function is not worth a run; callbacks are in `changes.ts`.
    mutator: { plugins: null, excludedMutations: ["StringLiteral", "ArrowFunction"] },
    plugins: ["@stryker-mutator/vitest-runner"],
    testRunner: "vitest",
    vitest: { configFile: "tests/mutate/vitest.config.ts" },
    coverageAnalysis: "perTest",
    ignoreStatic,
    concurrency: availableParallelism(),
    timeoutMS: timeoutMs,
    // The copy lies elsewhere: no other tool that runs in this tree finds it. TypeScript 7 cannot rewrite a tsconfig for it.
    tempDirName: join(tmpdir(), "bellwether-mutate"),
    cleanTempDir: "always",
    tsconfigFile: "none",
    disableTypeChecks: false,
    ignorePatterns: ["build", "coverage"],
    reporters: ["progress-append-only"],
    warnings: false,
    allowConsoleColors: false,
  }).runMutationTest();

/** Nothing but the loading of its module reaches it, so that no test is known to cover it. */
const isStatic = ({ status, statusReason }: Answer): boolean =>
  status === "Ignored" && statusReason?.startsWith("Static mutant") === true;

const identityOf = ({ fileName, location, replacement }: Answer): string =>
  JSON.stringify([fileName, location, replacement]);

/**
 * Each mutant with the tests that cover it; then constants with all tests, module by module loaded again. Both at once would run
 * all tests for everything that any test calls while it is being collected.
 */
const askAll = async (files: readonly string[]): Promise<readonly Answer[]> => {
  const answers = await ask(files, true);
  const constants = answers.filter(isStatic);
  if (constants.length === 0) return answers;
  const lines = constants.map(({ fileName, location }) => `${fileName}:${location.start.line}-${location.end.line}`);
  const wanted = new Set(constants.map(identityOf));
  const again = await ask([...new Set(lines)], false);
  return [...answers, ...again.filter((answer) => wanted.has(identityOf(answer)))];
};

/** All mutants of the files, judged. Progress goes to stdout every ten seconds; what fails before the first mutant is thrown. */
export const runMutants = async (files: readonly string[]): Promise<readonly Mutant[]> => {
  await addChanges();
  // Read first: somebody may edit them meanwhile.
  const sources = new Map(await Promise.all(files.map(async (file) => [file, await readFile(file, "utf8")] as const)));
  const answers = await askAll(files);
  return answers.flatMap((answer) => {
    const file = relative(process.cwd(), answer.fileName);
    return mutantOf(answer, file, sources.get(file) ?? "");
  });
};
