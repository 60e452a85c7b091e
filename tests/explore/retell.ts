/** A history as a script that a person can follow: from its start, who did what, and what came of it. */
import { IDLE_ID, MOVE_WIDTH, type Model, type Moves } from "./model.ts";
import type { Store } from "./store.ts";

/** A move of the instance in `column` (0: a fault); `DEATH`: it dies. */
interface Choice {
  readonly column: number;
  readonly move: number;
}

/** A state, and the move out of it that is told last, if any. */
export interface Place {
  readonly index: number;
  readonly column: number;
  readonly move: number | undefined;
}

const DEATH = -1;

interface Telling {
  readonly row: Int32Array;
  /** Who stands in which column. */
  readonly names: readonly string[];
}

interface Space<S, L> {
  readonly model: Model<S, L>;
  readonly store: Store;
}

const rowOf = (store: Store, index: number): Int32Array => {
  const row = new Int32Array(store.width);
  store.read(index, row);
  return row;
};

/** In the order of a state's columns, and the names with them. */
const inOrder = ({ row, names }: Telling): Telling => {
  const people = names.map((name, index) => ({ name, local: row[index + 1] ?? 0 }));
  const ordered = people.toSorted((one, other) => one.local - other.local);
  return {
    row: Int32Array.from([row[0] ?? 0, ...ordered.map(({ local }) => local)]),
    names: ordered.map(({ name }) => name),
  };
};

const movesAt = <S, L>(model: Model<S, L>, row: Int32Array, column: number): Moves =>
  column === 0 ? model.world(row[0] ?? 0) : model.step(row[0] ?? 0, row[column] ?? 0);

const after = <S, L>(model: Model<S, L>, { row, names }: Telling, { column, move }: Choice): Telling => {
  const next =
    move === DEATH
      ? row.with(column, IDLE_ID)
      : model.after(row, column, { moves: movesAt(model, row, column), index: move });
  return inOrder({ row: next, names });
};

/** Which move leads from one state to the next. */
const moveBetween = <S, L>(model: Model<S, L>, from: Telling, to: Int32Array): Choice => {
  for (let column = 0; column < from.row.length; column += 1) {
    const count = movesAt(model, from.row, column).to.length / MOVE_WIDTH;
    for (let move = column === 0 ? 0 : DEATH; move < count; move += 1) {
      const { row } = after(model, from, { column, move });
      if (row.every((value, index) => value === to[index])) return { column, move };
    }
  }
  throw new Error("no move leads from a state to the one that was found from it");
};

const sentence = <S, L>(model: Model<S, L>, { row, names }: Telling, { column, move }: Choice): string => {
  const { faults, dues, events } = model.system;
  const server = model.servers.valueOf(row[0] ?? 0);
  if (column === 0) return [...faults(server), ...dues(server)][move]?.text() ?? "";
  const who = names[column - 1] ?? "";
  if (move === DEATH) return `${who} dies`;
  const local = model.locals.valueOf(row[column] ?? 0);
  return `${who} ${events(server, local)[move]?.text() ?? ""}`;
};

const pathTo = (store: Store, last: number): readonly Int32Array[] => {
  const path: Int32Array[] = [];
  for (let index = last; index >= 0; index = store.parentOf(index)) path.unshift(rowOf(store, index));
  return path;
};

/** The history to a place, and `endings` as its last lines. */
export const retell = <S, L>(
  { model, store }: Space<S, L>,
  { index, column, move }: Place,
  endings: readonly string[],
): { readonly lines: readonly string[]; readonly steps: number } => {
  const [start = new Int32Array(store.width), ...rows] = pathTo(store, index);
  const names = Array.from({ length: store.width - 1 }, (_, number) => `i${number + 1}`);
  let telling: Telling = { row: start, names };
  const lines: string[] = [];
  for (const row of rows) {
    const choice = moveBetween(model, telling, row);
    lines.push(sentence(model, telling, choice));
    telling = after(model, telling, choice);
  }
  if (move !== undefined) lines.push(sentence(model, telling, { column, move }));
  const numbered = lines.map((line, number) => `${String(number + 1).padStart(3)}  ${line}`);
  const opening = `     start: ${model.system.textOf(model.servers.valueOf(start[0] ?? 0))}`;
  return { lines: [opening, ...numbered, ...endings.map((line) => `     ${line}`)], steps: lines.length };
};
