/** `npm run bench`: the measurements of this project by name. Each prints its figures beside a floor. */
import { parseArgs } from "node:util";
import { runColdStart } from "./cold-start/run.ts";
import { runBurst } from "./fail-over/burst.ts";
import { runFailOver } from "./fail-over/run.ts";

interface Bench {
  readonly name: string;
  readonly meaning: string;
  readonly run: (runs: number) => Promise<void>;
}

const BENCHES: readonly Bench[] = [
  {
    name: "cold-start",
    meaning: "from spawning the process to its reply to a first event: CPU, wall time, memory",
    run: runColdStart,
  },
  {
    name: "fail-over",
    meaning: "from Ready=False to the new writer label, on a real control plane, beside a bare client",
    run: runFailOver,
  },
  {
    name: "burst",
    meaning: "fifty writers lost at once, with the early reply and without; give it --runs 1 to 3",
    run: runBurst,
  },
];

const DEFAULT_RUNS = 20;
const MAX_RUNS = 1000;

const usage = `usage: npm run bench -- <bench> [--runs N]

${BENCHES.map(({ name, meaning }) => `  ${name}  ${meaning}`).join("\n")}

  --runs N  rounds, 1 to ${MAX_RUNS}; default ${DEFAULT_RUNS}
`;

const fail = (message: string): void => {
  process.stderr.write(`${message}\n\n${usage}`);
  process.exitCode = 1;
};

const main = async (): Promise<void> => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { runs: { type: "string", default: String(DEFAULT_RUNS) }, help: { type: "boolean", default: false } },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const [name = ""] = positionals;
  const bench = BENCHES.find((candidate) => candidate.name === name);
  const runs = /^\d{1,4}$/.test(values.runs) ? Number(values.runs) : 0;
  if (bench === undefined || positionals.length > 1)
    fail(`bench is "${positionals.join(" ")}"; accepted: one of those below`);
  else if (runs < 1 || runs > MAX_RUNS)
    fail(`--runs is "${values.runs}"; accepted: a whole number from 1 to ${MAX_RUNS}`);
  else await bench.run(runs);
};

await main();
