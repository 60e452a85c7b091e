/**
 * `npm run bench`: the measurements of this project by name. Each gives figures beside a floor of the same run, and says how
 * loaded the machine was, as tables and on request as JSON. A target that is missed is a figure; what is wrong whatever the machine
 * (two writers, a floor that ended, a group that was not at rest) is exit code 1.
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { BENCHES, type BenchEntry } from "./benches.ts";
import { counted, failuresOf, renderConditions, renderReport, underConditions } from "./report.ts";

const MAX_RUNS = 100_000;
const MAX_GROUPS = 10_000;

/** As it is asked for. */
const titleOf = ({ name, feature }: BenchEntry): string => {
  const isDefault = BENCHES.find((other) => other.name === name)?.feature === feature;
  return feature === undefined || isDefault ? name : `${name} --feature ${feature}`;
};

const titleWidth = Math.max(...BENCHES.map((entry) => titleOf(entry).length));

const lineOf = (entry: BenchEntry): string => {
  const { meaning, runs, run, groups } = entry;
  const sizes = groups.length === 0 ? "" : `; groups: ${groups.join(",")}`;
  return `  ${titleOf(entry).padEnd(titleWidth)}  ${meaning}; a run is ${run}, default ${runs}${sizes}`;
};

const usage = `usage: npm run bench -- <bench> [--feature F] [--runs N] [--groups N,...] [--json FILE]

${BENCHES.map(lineOf).join("\n")}

  --feature F     another than the first of the benches of one name
  --runs N        1 to ${MAX_RUNS}
  --groups N,...  other numbers of groups than those above, as many, ascending, each 1 to ${MAX_GROUPS}
  --json FILE     writes figures and conditions to this file too

Exit code 1 when something was wrong, whatever the machine; a target that is missed is none.
`;

const fail = (message: string): void => {
  process.stderr.write(`${message}\n\n${usage}`);
  process.exitCode = 1;
};

interface Wanted {
  readonly runs: number;
  readonly groups: readonly number[];
  /** Of the JSON. */
  readonly file: string | undefined;
}

const measure = async ({ name, load }: BenchEntry, { runs, groups, file }: Wanted): Promise<void> => {
  const say = (line: string): void => void process.stderr.write(`${name}: ${line}\n`);
  const bench = await load();
  const result = await underConditions(() => bench({ runs, groups, say }));
  const tables = result.reports.map(renderReport).join("\n\n");
  process.stdout.write(`${tables}\n\n${renderConditions(result.conditions)}\n`);
  if (file !== undefined) await writeFile(file, `${JSON.stringify(result, undefined, 2)}\n`);
  const failures = failuresOf(result.reports);
  for (const failure of failures) process.stderr.write(`${failure}\n`);
  if (failures.length > 0) process.exitCode = 1;
};

const OPTIONS = {
  feature: { type: "string" },
  runs: { type: "string" },
  groups: { type: "string" },
  json: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

const readArguments = ():
  | ReturnType<typeof parseArgs<{ allowPositionals: true; options: typeof OPTIONS }>>
  | undefined => {
  try {
    return parseArgs({ allowPositionals: true, options: OPTIONS });
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
    return undefined;
  }
};

const readRuns = (text: string): number | undefined => {
  const runs = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (runs >= 1 && runs <= MAX_RUNS) return runs;
  fail(`--runs is "${text}"; accepted: a whole number from 1 to ${MAX_RUNS}`);
  return undefined;
};

const readGroups = (text: string, { name, groups: defaults }: BenchEntry): readonly number[] | undefined => {
  const counts = /^\d{1,5}(,\d{1,5})*$/.test(text) ? text.split(",").map(Number) : [];
  const ascend = counts.every((count, index) => count > (counts[index - 1] ?? 0) && count <= MAX_GROUPS);
  if (counts.length === defaults.length && ascend) return counts;
  const accepted =
    defaults.length === 0
      ? `nothing, ${name} has no number of groups`
      : `${counted(defaults.length, "whole number")} from 1 to ${MAX_GROUPS}, ascending`;
  fail(`--groups is "${text}"; accepted: ${accepted}`);
  return undefined;
};

const readEntry = (names: readonly string[], feature: string | undefined): BenchEntry | undefined => {
  const [name = ""] = names;
  const named = names.length > 1 ? [] : BENCHES.filter((entry) => entry.name === name);
  if (named.length === 0) {
    fail(`bench is "${names.join(" ")}"; accepted: one of those below`);
    return undefined;
  }
  const found = feature === undefined ? named[0] : named.find((entry) => entry.feature === feature);
  if (found !== undefined) return found;
  const accepted = named.flatMap((entry) => entry.feature ?? []);
  const which = accepted.length === 0 ? `nothing, there is one ${name}` : accepted.join(", ");
  fail(`--feature is "${feature}"; accepted: ${which}`);
  return undefined;
};

const main = async (): Promise<void> => {
  const given = readArguments();
  if (given === undefined) return;
  const { positionals, values } = given;
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const entry = readEntry(positionals, values.feature);
  if (entry === undefined) return;
  const runs = readRuns(values.runs ?? String(entry.runs));
  const groups = values.groups === undefined ? entry.groups : readGroups(values.groups, entry);
  if (runs !== undefined && groups !== undefined) await measure(entry, { runs, groups, file: values.json });
};

await main();
