/**
 * Writes the reference pages that follow from code: docs/configuration.md and docs/metrics.md. With `--check` it only
 * compares, and fails when a page is out of date.
 */
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { VARIABLES } from "../../functions/kit/host/config.ts";
import type { Described } from "../../functions/kit/host/config.ts";
import { ELECTION_METRICS } from "../../functions/election/metrics.ts";
import { HANDOVER_METRICS } from "../../functions/kit/handover/metrics.ts";
import { METRICS } from "../../functions/kit/host/metric-list.ts";

const docs = path.resolve(import.meta.dirname, "../../docs");

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

const configurationPage = (): string => `# Configuration

Generated from \`functions/kit/host/config.ts\` by \`npm run gen\`; do not edit.

The function reads its environment once, at the start. When a value is not acceptable it says so for all variables
together and exits with code 1. An empty value counts as unset.

${table(
  ["variable", "default", "accepts", "meaning"],
  VARIABLES.map((variable) => [`\`${variable.name}\``, defaultOf(variable), variable.accepts, variable.meaning]),
)}
`;

const metricsPage = (): string => `# Metrics

Generated from \`functions/kit/host/metric-list.ts\` and the lists of the features by \`npm run gen\`; do not edit.

\`GET /metrics\` answers in Prometheus' text format. Every instance counts for itself, from its own start. A metric
keeps 10 000 combinations of label values apart; further ones are counted under \`other\`.

${table(
  ["metric", "type", "labels", "meaning"],
  [...METRICS, ...HANDOVER_METRICS, ...ELECTION_METRICS].map(({ name, type, labels, help }) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(", "),
    help,
  ]),
)}
`;

const pages: Readonly<Record<string, () => string>> = {
  "configuration.md": configurationPage,
  "metrics.md": metricsPage,
};

const current = async (file: string): Promise<string> => {
  try {
    return await readFile(file, "utf8");
  } catch {
    return "";
  }
};

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
await Promise.all(
  Object.entries(pages).map(async ([name, render]) => {
    const file = path.join(docs, name);
    if (!values.check) {
      await writeFile(file, render());
    } else if ((await current(file)) !== render()) {
      process.stderr.write(`docs/${name} is out of date; run "npm run gen"\n`);
      process.exitCode = 1;
    }
  }),
);
