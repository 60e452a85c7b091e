/**
 * Servers and instances as numbers, and the moves between them, each computed once by the real functions. A state is a row: the server,
 * then the instances in the order of their numbers, because they are interchangeable. So millions of
 * states cost little more than the thousands of different moves that they are made of.
 */
import { createNumbering, createTexts, type Numbering } from "./numbering.ts";
import type { Breach, System, Turn } from "./system.ts";

/** Number of the instance that does nothing. */
export const IDLE_ID = 0;
export const UNTOUCHED = -1;
/** Numbers of each move in `Moves.to`: server, instance, object that changed (or `UNTOUCHED`). */
export const MOVE_WIDTH = 3;

export interface Moves {
  readonly to: readonly number[];
  /** By move; empty when none of them breaks anything. */
  readonly breaches: readonly (readonly Breach[])[];
}

/** Of everybody but the instances: faults, and from move `due` on what comes sooner or later. */
export interface WorldMoves extends Moves {
  readonly due: number;
}

export interface Pair {
  readonly server: number;
  readonly local: number;
  readonly moves: Moves;
}

export interface Model<S, L> {
  readonly system: System<S, L>;
  readonly servers: Numbering<S>;
  readonly locals: Numbering<L>;
  /** Every event of the instance. */
  step(server: number, local: number): Moves;
  /** The instance of these moves is `IDLE_ID`. */
  world(server: number): WorldMoves;
  /** The row after a move of the instance in `column` (0: the world's), not yet in order. */
  after(row: Int32Array, column: number, move: { readonly moves: Moves; readonly index: number }): Int32Array;
  /** The instance once the object has changed under it. */
  age(local: number, touched: number): number;
  /** Every pair of server and instance of which the events were asked. */
  pairs(): Iterable<Pair>;
}

interface Move<S, L> {
  readonly server: S;
  readonly local: L;
  readonly touched: string | undefined;
  readonly breaches: readonly Breach[];
}

const eventMoves = <S, L>({ events, judge }: System<S, L>, before: S, now: L): readonly Move<S, L>[] =>
  events(before, now).map(({ server, local, touched, breaches = [] }) => {
    const judged = touched === undefined ? { server, breaches: [] } : judge(before, server, "instance");
    return { local, touched, server: judged.server, breaches: [...breaches, ...judged.breaches] };
  });

const turnMoves = <S, L>(
  { idle, judge }: System<S, L>,
  before: S,
  { turns, by }: { readonly turns: readonly Turn<S>[]; readonly by: "fault" | "others" },
): readonly Move<S, L>[] =>
  turns.map(({ server, touched }) => ({ local: idle, touched, ...judge(before, server, by) }));

export const createModel = <S, L>(system: System<S, L>): Model<S, L> => {
  const textOf = createTexts();
  const servers = createNumbering<S>(textOf);
  const locals = createNumbering<L>(textOf);
  const touchables = createNumbering<string>(textOf);
  /** By instance, then by server. */
  const steps: (Map<number, Moves> | undefined)[] = [];
  const worlds: (WorldMoves | undefined)[] = [];
  /** By instance, then by object. */
  const ages: (number | undefined)[][] = [];
  locals.idOf(system.idle);

  const numbered = (moves: readonly Move<S, L>[]): Moves => ({
    to: moves.flatMap(({ server, local, touched }) => [
      servers.idOf(server),
      locals.idOf(local),
      touched === undefined ? UNTOUCHED : touchables.idOf(touched),
    ]),
    breaches: moves.some(({ breaches }) => breaches.length > 0) ? moves.map(({ breaches }) => breaches) : [],
  });
  const step = (server: number, local: number): Moves => {
    const row = (steps[local] ??= new Map());
    const known = row.get(server);
    if (known !== undefined) return known;
    const moves = numbered(eventMoves(system, servers.valueOf(server), locals.valueOf(local)));
    row.set(server, moves);
    return moves;
  };
  const worldOf = (server: S): WorldMoves => {
    const faults = turnMoves(system, server, { turns: system.faults(server), by: "fault" });
    const dues = turnMoves(system, server, { turns: system.dues(server), by: "others" });
    return { ...numbered([...faults, ...dues]), due: faults.length };
  };
  const age = (local: number, touched: number): number => {
    if (touched === UNTOUCHED || local === IDLE_ID) return local;
    const row = (ages[local] ??= []);
    return (row[touched] ??= locals.idOf(system.outdate(locals.valueOf(local), touchables.valueOf(touched))));
  };

  return {
    system,
    servers,
    locals,
    step,
    world: (server) => (worlds[server] ??= worldOf(servers.valueOf(server))),
    after: (row, column, { moves, index }) => {
      const at = index * MOVE_WIDTH;
      const touched = moves.to[at + 2] ?? UNTOUCHED;
      const next = new Int32Array(row.length);
      next[0] = moves.to[at] ?? 0;
      for (let other = 1; other < row.length; other += 1) {
        next[other] = other === column ? (moves.to[at + 1] ?? 0) : age(row[other] ?? 0, touched);
      }
      return next;
    },
    age,
    *pairs() {
      for (const [local, row] of steps.entries()) {
        for (const [server, moves] of row ?? []) yield { server, local, moves };
      }
    },
  };
};
