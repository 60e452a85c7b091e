/**
 * Writes what follows from other files: docs/configuration.md and docs/metrics.md from code, proto/gen from the protocols. With
 * `--check` it only compares, and fails when a file is out of date.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { VARIABLES, type Described } from "../../functions/kit/host/variables.ts";
import { ELECTION_METRICS } from "../../functions/election/metrics.ts";
import { HANDOVER_METRICS } from "../../functions/kit/handover/metrics.ts";
import { METRICS } from "../../functions/kit/host/metric-list.ts";
import { ROLES_METRICS } from "../../functions/roles/metrics.ts";
import { STANDBY_METRICS } from "../../functions/standby/metrics.ts";
import { SCALER_VARIABLES } from "../keda/scaler/config.ts";
import { runCommand } from "../lab/command.ts";

const root = path.resolve(import.meta.dirname, "../..");
const PROTO_GEN = "proto/gen";

const escapeCell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

/** A table as the formatter leaves it: columns padded to their widest cell. */
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const cells = [head, ...rows].map((row) => row.map(escapeCell));
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = widths.map((width) => "-".repeat(width));
  return [line(cells[0] ?? []), line(rule), ...cells.slice(1).map(line)].join("\n");
};

const defaultOf = ({ fallback }: Described): string =>
  typeof fallback === "number" || typeof fallback === "string" ? `\`${fallback}\`` : "unset";

const variablesTable = (variables: readonly Described[]): string =>
  table(
    ["variable", "default", "accepts", "meaning"],
    variables.map((variable) => [`\`${variable.name}\``, defaultOf(variable), variable.accepts, variable.meaning]),
  );

const configurationPage = (): string => `# Configuration

Generated from \`functions/kit/host/variables.ts\` and \`infra/keda/scaler/config.ts\` by \`npm run gen\`; do not edit.

The function reads its environment once, at the start. When a value is not acceptable it says so for all variables
together and exits with code 1. An empty value counts as unset.

${variablesTable(VARIABLES)}

## The scaler

That of \`infra/keda/push\`. It reads the variables above, too: what it takes for work depends on them. \`BELLWETHER_NAMESPACES\`,
\`BELLWETHER_ROLES_NAMESPACES\` and \`BELLWETHER_TICK_SECONDS\` have to be the same for it and for the function. Of its own it has:

${variablesTable(SCALER_VARIABLES)}
`;

const metricsPage = (): string => `# Metrics

Generated from \`functions/kit/host/metric-list.ts\` and the lists of the features by \`npm run gen\`; do not edit.

\`GET /metrics\` answers in Prometheus' text format. Every instance counts for itself, from its own start. A metric
keeps 10 000 combinations of label values apart; further ones are counted under \`other\`.

${table(
  ["metric", "type", "labels", "meaning"],
  [...METRICS, ...HANDOVER_METRICS, ...ELECTION_METRICS, ...ROLES_METRICS, ...STANDBY_METRICS].map(
    ({ name, type, labels, help }) => [`\`${name}\``, type, labels.map((label) => `\`${label}\``).join(", "), help],
  ),
)}
`;

/** Path to text; a path relative to the root. */
type Files = ReadonlyMap<string, string>;

const filesBelow = async (folder: string, under: string): Promise<Files> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(
      files.map(
        async (file) => [path.posix.join(under, path.relative(folder, file)), await readFile(file, "utf8")] as const,
      ),
    ),
  );
};

/** What `buf generate` makes of the protocols; it downloads nothing. */
const protoCode = async (): Promise<Files> => {
  const folder = await mkdtemp(path.join(tmpdir(), "bellwether-gen-"));
  const bin = path.join(root, "node_modules/.bin");
  try {
    await runCommand(
      path.join(bin, "buf"),
      ["generate", "proto", "--template", "proto/buf.gen.yaml", "--output", folder],
      // buf looks for its plugin there.
      { cwd: root, env: { PATH: `${bin}${path.delimiter}${process.env["PATH"] ?? ""}` } },
    );
    return await filesBelow(folder, PROTO_GEN);
  } finally {
    await rm(folder, { recursive: true });
  }
};

const current = (file: string): Promise<string | undefined> =>
  readFile(path.join(root, file), "utf8").catch(() => undefined);

const compare = async (wanted: Files): Promise<void> => {
  const present = [...wanted.keys(), ...(await filesBelow(path.join(root, PROTO_GEN), PROTO_GEN)).keys()];
  await Promise.all(
    [...new Set(present)].map(async (file) => {
      if ((await current(file)) === wanted.get(file)) return;
      process.stderr.write(`${file} is out of date; run "npm run gen"\n`);
      process.exitCode = 1;
    }),
  );
};

const write = async (wanted: Files): Promise<void> => {
  await rm(path.join(root, PROTO_GEN), { recursive: true, force: true });
  await Promise.all(
    [...wanted].map(async ([file, text]) => {
      await mkdir(path.dirname(path.join(root, file)), { recursive: true });
      await writeFile(path.join(root, file), text);
    }),
  );
};

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const files: Files = new Map([
  ["docs/configuration.md", configurationPage()],
  ["docs/metrics.md", metricsPage()],
  ...(await protoCode()),
]);
await (values.check ? compare : write)(files);
