/**
 * What every bench hands back: figures beside a floor of the same run, how loaded the machine was, and whether the target was met.
 * Printed as a table for people, and as JSON for comparisons.
 */
import { cpus, loadavg } from "node:os";

export interface Figure {
  /** Names the quantity, such as `p99, total`. */
  readonly name: string;
  /** Such as `ms`, `CPU ms`, `MiB`; empty for a count. */
  readonly unit: string;
  readonly ours: number;
  /** The floor, or what is compared, in the same run; undefined: only reported. */
  readonly floor?: number | undefined;
  /** What is to be reached, in words, such as `<= 1.6 x floor`. */
  readonly target?: string | undefined;
  /** Undefined: there is no target. */
  readonly met?: boolean | undefined;
  /** A target that says what is right, not what is fast: missed, it fails the bench on whatever machine. */
  readonly mustHold?: boolean | undefined;
}

export interface BenchReport {
  readonly bench: string;
  /** Such as `200 rounds, 3 pods, 1000 locks`. */
  readonly scope: string;
  /** Head of the column `floor` where something else is compared, such as `quiet`. */
  readonly comparedWith?: string;
  readonly figures: readonly Figure[];
  /** What a reader must know to trust the figures. */
  readonly notes?: readonly string[];
}

export interface Conditions {
  readonly date: string;
  readonly node: string;
  readonly cores: number;
  /** Load average of one minute, before the first sample and after the last one. */
  readonly loadBefore: number;
  readonly loadAfter: number;
}

export interface BenchOptions {
  /** Samples of each quantity; what a sample is the bench says. */
  readonly runs: number;
  /** Numbers of groups on the server, ascending; as many as `BenchEntry.groups`. */
  readonly groups: readonly number[];
  /** Progress of long work, a line at a time. */
  readonly say: (line: string) => void;
}

export type Bench = (options: BenchOptions) => Promise<readonly BenchReport[]>;

const load = (): number => loadavg()[0] ?? Number.NaN;

/** Runs a bench and notes the conditions that it ran under. */
export const underConditions = async (
  bench: () => Promise<readonly BenchReport[]>,
): Promise<{ readonly conditions: Conditions; readonly reports: readonly BenchReport[] }> => {
  const date = new Date().toISOString();
  const loadBefore = load();
  const reports = await bench();
  return {
    conditions: { date, node: process.version, cores: cpus().length, loadBefore, loadAfter: load() },
    reports,
  };
};

/** A figure that is to be at most so many times what it is compared with. */
export const against = (
  name: string,
  unit: string,
  { ours, floor }: { readonly ours: number; readonly floor: number },
  times: number,
): Figure => ({ name, unit, ours, floor, target: `<= ${times} x`, met: ours <= times * floor });

/** A figure that is to be at most a given number. */
export const atMost = (name: string, unit: string, ours: number, most: number): Figure => ({
  name,
  unit,
  ours,
  target: `<= ${most}`,
  met: ours <= most,
});

/** Counts what is wrong: any at all fails the bench. */
export const none = (name: string, ours: number): Figure => ({
  name,
  unit: "",
  ours,
  target: "0",
  met: ours === 0,
  mustHold: true,
});

/** A line for each figure that fails its bench. */
export const failuresOf = (reports: readonly BenchReport[]): readonly string[] =>
  reports.flatMap(({ bench, scope, figures }) =>
    figures
      .filter(({ mustHold, met }) => mustHold === true && met !== true)
      .map(({ name, ours, target }) => `${bench}: ${scope}: ${name}: ${ours}, must be ${target}`),
  );

/** `1 lock`, `2 locks`. */
export const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`;

const headOf = (comparedWith: string): readonly string[] => ["", "ours", comparedWith, "ratio", "target", ""];

const number = (value: number | undefined): string => {
  if (value === undefined) return "";
  return Math.abs(value) >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(2);
};

const rowOf = ({ name, unit, ours, floor, target, met }: Figure): readonly string[] => [
  unit === "" ? name : `${name}, ${unit}`,
  number(ours),
  number(floor),
  floor === undefined || floor === 0 ? "" : (ours / floor).toFixed(2),
  target ?? "",
  met === undefined ? "" : met ? "met" : "MISSED",
];

/** Columns aligned for a terminal; the first to the left, the others to the right. */
export const renderReport = ({ bench, scope, comparedWith = "floor", figures, notes = [] }: BenchReport): string => {
  const head = headOf(comparedWith);
  const rows = [head, ...figures.map(rowOf)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
  return [`${bench}: ${scope}`, ...lines, ...notes.map((note) => `  ${note}`)].join("\n");
};

export const renderConditions = ({ date, node, cores, loadBefore, loadAfter }: Conditions): string =>
  `${date}, Node.js ${node}, ${cores} cores, load ${loadBefore.toFixed(2)} before and ${loadAfter.toFixed(2)} after`;
