/** What a run of mutants says of the tests: every survivor is explained in `accepted.ts`, and every explanation is still needed. */

export type MutantFate = "killed" | "survived" | "timed out";

export interface Mutant {
  /** Relative to the root of the repository. */
  readonly file: string;
  readonly line: number;
  /** The source line on which the change begins, without indentation. */
  readonly within: string;
  readonly original: string;
  /** Which of the equal texts on that line, from 1; undefined: it is there once. */
  readonly nth: number | undefined;
  readonly replacement: string;
  readonly fate: MutantFate;
}

/** Survivors of one line that no test can or need tell from the original, found by their texts so that they move with them. */
export interface Accepted {
  readonly file: string;
  readonly within: string;
  /** Each `original -> mutant`, white space as one blank; `original #2 -> mutant` where the line has the same text before. */
  readonly changes: readonly string[];
  readonly reason: string;
}

interface Needless {
  readonly file: string;
  readonly within: string;
  readonly change: string;
}

export interface MutationVerdict {
  readonly counts: Readonly<Record<MutantFate, number>>;
  /** Noticed, but only by not ending. */
  readonly endless: readonly Mutant[];
  readonly unexplained: readonly Mutant[];
  /** Accepted, but no such mutant survived. */
  readonly needless: readonly Needless[];
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").trim();

/** Which of the equal texts of a line begins at `column` (from 0), counted from 1; undefined: the text is there once. */
export const nthIn = (line: string, text: string, column: number): number | undefined => {
  const begins = Array.from({ length: line.length }, (_, index) => index).filter((index) =>
    line.startsWith(text, index),
  );
  return begins.length > 1 ? begins.indexOf(column) + 1 : undefined;
};

export const changeText = ({ original, nth, replacement }: Mutant): string =>
  `${oneLine(original)}${nth === undefined ? "" : ` #${nth}`} -> ${oneLine(replacement)}`;

const isAt = (place: { readonly file: string; readonly within: string }, mutant: Mutant): boolean =>
  place.file === mutant.file && place.within === mutant.within;

/** `accepted`: those of the files that were run. */
export const judgeMutants = (mutants: readonly Mutant[], accepted: readonly Accepted[]): MutationVerdict => {
  const withFate = (fate: MutantFate): readonly Mutant[] => mutants.filter((mutant) => mutant.fate === fate);
  const [survivors, endless] = [withFate("survived"), withFate("timed out")];
  const explained = (mutant: Mutant): boolean =>
    accepted.some((entry) => isAt(entry, mutant) && entry.changes.includes(changeText(mutant)));
  const claims = accepted.flatMap(({ file, within, changes }) => changes.map((change) => ({ file, within, change })));
  return {
    counts: { killed: withFate("killed").length, survived: survivors.length, "timed out": endless.length },
    endless,
    unexplained: survivors.filter((mutant) => !explained(mutant)),
    needless: claims.filter(
      (claim) => !survivors.some((mutant) => isAt(claim, mutant) && claim.change === changeText(mutant)),
    ),
  };
};

const placed = (mutant: Mutant): string =>
  `${mutant.fate}: ${mutant.file}:${mutant.line}\n  in ${mutant.within}\n  ${changeText(mutant)}\n`;

/** For people; ends with a line break. */
export const renderMutants = ({ counts, endless, unexplained, needless }: MutationVerdict): string => {
  const old = needless.map(({ file, within, change }) => `accepted, but gone: ${file}\n  in ${within}\n  ${change}\n`);
  const summary = Object.entries(counts).map(([fate, count]) => `${count} ${fate}`);
  const explained = counts.survived - unexplained.length;
  return [
    ...[...endless, ...unexplained].map(placed),
    ...old,
    `${summary.join(", ")}; ${explained} of the survivors explained\n`,
  ].join("");
};
