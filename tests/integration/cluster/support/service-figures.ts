/** The figures of a run through the Service, one line for each kind of fault, as docs/verification.md has them. */
import { median, percentile } from "../../../../bench/statistics.ts";
import { acknowledgedIn, everyEntry, exposureOf, gapMs, refusedOld, type Span } from "./accounts.ts";
import type { Outcome, Write } from "./client.ts";
import type { FailOver } from "./fail-over.ts";
import type { Register } from "./register.ts";

const spread = (values: readonly number[]): string =>
  [median(values), percentile(values, 90), Math.max(...values)].map((value) => Math.round(value)).join(" / ");

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const HEADER = [
  "the writer is",
  "n",
  "writes acknowledged",
  "to the label",
  "label to files",
  "gap, connecting anew",
  "gap, connections kept",
  "old writes refused",
  "old writes accepted without the check",
  "in how many",
  "for",
];

const rowOf = (what: string, failOvers: readonly Measured[]): readonly string[] => {
  const exposed = failOvers.map(({ exposure }) => exposure).filter(({ writes }) => writes > 0);
  return [
    what,
    String(failOvers.length),
    spread(failOvers.map(({ acknowledged }) => acknowledged)),
    spread(failOvers.map(({ labelledAfterMs }) => labelledAfterMs)),
    spread(failOvers.map(({ toldAfterMs }) => toldAfterMs)),
    spread(failOvers.map(({ gapAnewMs }) => gapAnewMs)),
    spread(failOvers.map(({ gapKeptMs }) => gapKeptMs)),
    String(sum(failOvers.map(({ refused }) => refused))),
    String(sum(exposed.map(({ writes }) => writes))),
    String(exposed.length),
    exposed.length === 0 ? "" : spread(exposed.map(({ forMs }) => forMs)),
  ];
};

interface Measured extends FailOver {
  readonly acknowledged: number;
  readonly gapAnewMs: number;
  readonly gapKeptMs: number;
  readonly refused: number;
  readonly exposure: { readonly writes: number; readonly forMs: number };
}

type Books = Register["books"];

const measure = (failOvers: readonly FailOver[], writes: readonly Write[], books: Books): readonly Measured[] =>
  failOvers.map((failOver, index) => {
    const untilMs = failOvers[index + 1]?.faultAtMs ?? Number.POSITIVE_INFINITY;
    const span: Span = { fromMs: failOver.faultAtMs, untilMs };
    return {
      ...failOver,
      acknowledged: acknowledgedIn(writes, span),
      gapAnewMs: gapMs(writes, "anew", span),
      gapKeptMs: gapMs(writes, "kept", span),
      refused: refusedOld(books.checked, span),
      exposure: exposureOf(books.unchecked, span),
    };
  });

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** For each fail-over, until the next one: median / p90 / max; times in milliseconds. */
export const figuresOf = (failOvers: readonly FailOver[], writes: readonly Write[], books: Books): string => {
  const measured = measure(failOvers, writes, books);
  const kinds = [...new Set(failOvers.map(({ what }) => what))].toSorted();
  const count = (outcome: Outcome): number => writes.filter((write) => write.outcome === outcome).length;
  const seconds = Math.round(((writes.at(-1)?.endMs ?? 0) - (writes[0]?.startMs ?? 0)) / 1000);
  const present = new Set(everyEntry(books).map(({ id }) => id));
  const arrived = writes.filter(({ id, outcome }) => outcome === "unknown" && present.has(id)).length;
  return [
    `${writes.length} writes in ${seconds} s: ${count("acknowledged")} acknowledged, ${count("refused")} refused, ` +
      `${count("unknown")} unknown, of which ${arrived} came to the register`,
    line(HEADER),
    line(HEADER.map(() => "---")),
    ...kinds.map((kind) =>
      line(
        rowOf(
          kind,
          measured.filter(({ what }) => what === kind),
        ),
      ),
    ),
    line(rowOf("all", measured)),
  ].join("\n");
};
