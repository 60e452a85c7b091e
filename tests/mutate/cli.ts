/** `npm run mutate`: proves that the tests would notice if a rule of plan or decision were another one. */
import { parseArgs } from "node:util";
import { ACCEPTED } from "./accepted.ts";
import { FILES, runMutants } from "./run.ts";
import { judgeMutants, renderMutants } from "./verdict.ts";

const USAGE = `Usage: npm run mutate -- [--file FILE]... [--help]

Changes each comparison, condition, number, entry and step of the rules in turn and runs the tests of the rules each time.
Prints the mutants that survive without an explanation in tests/mutate/accepted.ts, and explanations that are no longer needed;
exits with 1 when there is one. Works on a copy of the tree.

  --file FILE  only this one of:
                 ${FILES.join("\n                 ")}
`;

const chosen = (wanted: readonly string[]): readonly string[] => {
  const unknown = wanted.find((file) => !FILES.includes(file));
  if (unknown === undefined) return wanted.length === 0 ? FILES : wanted;
  throw new Error(`--file: got ${JSON.stringify(unknown)}, accepts ${FILES.join(", ")}`);
};

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      file: { type: "string", multiple: true, default: [] },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const files = chosen(values.file);
  const mutants = await runMutants(files);
  const verdict = judgeMutants(
    mutants,
    ACCEPTED.filter(({ file }) => files.includes(file)),
  );
  process.stdout.write(renderMutants(verdict));
  if (verdict.unexplained.length + verdict.needless.length > 0) process.exitCode = 1;
};

await main();
