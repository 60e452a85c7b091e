/**
 * Servers and instances as numbers, and the moves between them, each computed once by the real functions. A state is a row: the server,
 * then the instances in the order of their numbers, because they are interchangeable. So millions of
 * states cost little more than the thousands of different moves that they are made of.
 */
import { faultsOf } from "./faults.ts";
import { eventsOf } from "./instance.ts";
import { judgeWrite, oneLeader, type Breach } from "./invariants.ts";
import { IDLE, type Local } from "./local.ts";
import { createNumbering, createTexts, type Numbering } from "./numbering.ts";
import type { Protocol } from "./protocol.ts";
import { outdated, type Server } from "./server.ts";

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

export interface Pair {
  readonly server: number;
  readonly local: number;
  readonly moves: Moves;
}

export interface Model {
  readonly protocol: Protocol;
  readonly servers: Numbering<Server>;
  readonly locals: Numbering<Local>;
  /** Every event of the instance. */
  step(server: number, local: number): Moves;
  /** Every fault; the instance of these moves is `IDLE_ID`. */
  faults(server: number): Moves;
  /** The row after a move of the instance in `column` (0: a fault), not yet in order. */
  after(row: Int32Array, column: number, move: { readonly moves: Moves; readonly index: number }): Int32Array;
  /** Every pair of server and instance of which the events were asked. */
  pairs(): Iterable<Pair>;
}

interface Move {
  readonly server: Server;
  readonly local: Local;
  readonly touched: string | undefined;
  readonly breaches: readonly Breach[];
}

const eventMoves = (protocol: Protocol, before: Server, now: Local): readonly Move[] =>
  eventsOf(protocol, before, now).map(({ server, local, touched }) => {
    const judged = touched === undefined ? { server, breaches: [] } : judgeWrite(before, server);
    return { local, touched, server: judged.server, breaches: judged.breaches };
  });

const faultMoves = (before: Server): readonly Move[] =>
  faultsOf(before).map(({ server, touched }) => ({ local: IDLE, touched, server, breaches: oneLeader(server) }));

export const createModel = (protocol: Protocol): Model => {
  const textOf = createTexts();
  const servers = createNumbering<Server>(textOf);
  const locals = createNumbering<Local>(textOf);
  const touchables = createNumbering<string>(textOf);
  /** By instance, then by server. */
  const steps: (Map<number, Moves> | undefined)[] = [];
  const faults: (Moves | undefined)[] = [];
  /** By instance, then by object. */
  const ages: (number | undefined)[][] = [];
  locals.idOf(IDLE);

  const numbered = (moves: readonly Move[]): Moves => ({
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
    const moves = numbered(eventMoves(protocol, servers.valueOf(server), locals.valueOf(local)));
    row.set(server, moves);
    return moves;
  };
  /** The instance once the object has changed under it. */
  const age = (local: number, touched: number): number => {
    if (touched === UNTOUCHED || local === IDLE_ID) return local;
    const row = (ages[local] ??= []);
    return (row[touched] ??= locals.idOf(outdated(locals.valueOf(local), touchables.valueOf(touched))));
  };

  return {
    protocol,
    servers,
    locals,
    step,
    faults: (server) => (faults[server] ??= numbered(faultMoves(servers.valueOf(server)))),
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
    *pairs() {
      for (const [local, row] of steps.entries()) {
        for (const [server, moves] of row ?? []) yield { server, local, moves };
      }
    },
  };
};
