/**
 * `npm run bench`: the measurements of this project by name. Each gives figures beside a floor of the same run, and says how
 * loaded the machine was, as tables and on request as JSON.
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { BENCHES, type BenchEntry } from "./benches.ts";
import { renderConditions, renderReport, underConditions } from "./report.ts";

const MAX_RUNS = 100_000;

const nameWidth = Math.max(...BENCHES.map(({ name }) => name.length));

const usage = `usage: npm run bench -- <bench> [--runs N] [--json FILE]

${BENCHES.map(({ name, meaning, runs, run }) => `  ${name.padEnd(nameWidth)}  ${meaning}; a run is ${run}, default ${runs}`).join("\n")}

  --runs N     1 to ${MAX_RUNS}
  --json FILE  writes figures and conditions to this file too
`;

const fail = (message: string): void => {
  process.stderr.write(`${message}\n\n${usage}`);
  process.exitCode = 1;
};

const measure = async ({ name, load }: BenchEntry, runs: number, file: string | undefined): Promise<void> => {
  const say = (line: string): void => void process.stderr.write(`${name}: ${line}\n`);
  const bench = await load();
  const result = await underConditions(() => bench({ runs, say }));
  const tables = result.reports.map(renderReport).join("\n\n");
  process.stdout.write(`${tables}\n\n${renderConditions(result.conditions)}\n`);
  if (file !== undefined) await writeFile(file, `${JSON.stringify(result, undefined, 2)}\n`);
};

const OPTIONS = {
  runs: { type: "string" },
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

const main = async (): Promise<void> => {
  const given = readArguments();
  if (given === undefined) return;
  const { positionals, values } = given;
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const [name = ""] = positionals;
  const entry = BENCHES.find((candidate) => candidate.name === name);
  if (entry === undefined || positionals.length > 1) {
    fail(`bench is "${positionals.join(" ")}"; accepted: one of those below`);
    return;
  }
  const text = values.runs ?? String(entry.runs);
  const runs = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (runs < 1 || runs > MAX_RUNS) fail(`--runs is "${text}"; accepted: a whole number from 1 to ${MAX_RUNS}`);
  else await measure(entry, runs, values.json);
};

await main();
