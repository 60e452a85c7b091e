/**
 * Every interleaving within a scope, breadth first: the first violation that is found is a shortest one, and when none is found there
 * is none within the scope.
 */
import { findStuck, settle } from "./liveness.ts";
import { createModel, IDLE_ID, MOVE_WIDTH, type Model, type Moves } from "./model.ts";
import { retell, type Place } from "./retell.ts";
import { createStore, type Store } from "./store.ts";
import type { Breach, Invariant, System } from "./system.ts";

export interface Limits {
  readonly statesMax: number;
  readonly durationMaxMs: number;
  /** Which violations end the exploration. */
  readonly until: readonly Invariant[];
  /** Called now and then. */
  readonly progress: (counts: Counts) => void;
}

export interface Counts {
  readonly states: number;
  readonly transitions: number;
  /** Events from a start to the states that were looked at last. */
  readonly depth: number;
  readonly durationMs: number;
}

export interface Exploration extends Counts {
  /** All states within the scope were looked at, and from each the group was seen to come to rest. */
  readonly exhausted: boolean;
  /** States that were not followed because their epoch had run away. Epochs end with the faults, so there are none. */
  readonly cut: number;
  /** Different servers among the states. */
  readonly servers: number;
  /** Undefined: nothing is wrong. */
  readonly finding: Finding | undefined;
}

export interface Finding {
  readonly flaw: Invariant | "L1";
  /** Events of the shortest history that shows it. */
  readonly steps: number;
  /** That history, a line for each event. */
  readonly lines: readonly string[];
}

const STATES_PER_LOOK = 1 << 14;

interface Search<S, L> {
  readonly model: Model<S, L>;
  readonly store: Store;
  readonly limits: Limits;
  readonly startedMs: number;
  /** States that were followed. */
  looked: number;
  levelEnd: number;
  depth: number;
  transitions: number;
  cut: number;
  breach: { readonly place: Place; readonly breaches: readonly Breach[] } | undefined;
}

const startsOf = <S, L>(model: Model<S, L>): readonly number[] => {
  const ids = model.system.starts.map((server) => model.servers.idOf(server));
  return [...ids, ...ids.map((server) => settle(model, server).server)];
};

/** Instances in the order of their numbers. */
const putInOrder = (row: Int32Array): void => {
  for (let end = 2; end < row.length; end += 1) {
    for (let at = end; at > 1 && (row[at] ?? 0) < (row[at - 1] ?? 0); at -= 1) {
      const lower = row[at] ?? 0;
      row[at] = row[at - 1] ?? 0;
      row[at - 1] = lower;
    }
  }
};

const reach = <S, L>(search: Search<S, L>, row: Int32Array): void => {
  putInOrder(row);
  search.transitions += 1;
  search.store.add(row, search.looked);
};

const follow = <S, L>(
  search: Search<S, L>,
  row: Int32Array,
  { column, moves }: { column: number; moves: Moves },
): void => {
  for (let index = 0; index * MOVE_WIDTH < moves.to.length; index += 1) {
    const breaches = moves.breaches[index] ?? [];
    if (search.breach === undefined && breaches.some(({ invariant }) => search.limits.until.includes(invariant))) {
      search.breach = { place: { index: search.looked, column, move: index }, breaches };
    }
    reach(search, search.model.after(row, column, { moves, index }));
  }
};

const expand = <S, L>(search: Search<S, L>, row: Int32Array): void => {
  const { model } = search;
  const server = row[0] ?? 0;
  for (let column = 1; column < row.length; column += 1) {
    const local = row[column] ?? 0;
    // Two instances in the same place do the same.
    if (column > 1 && local === row[column - 1]) continue;
    follow(search, row, { column, moves: model.step(server, local) });
    if (local !== IDLE_ID) reach(search, row.with(column, IDLE_ID));
  }
  follow(search, row, { column: 0, moves: model.world(server) });
};

const isBeyond = <S, L>({ model }: Search<S, L>, server: number): boolean =>
  model.system.isBeyond(model.servers.valueOf(server));

const countsOf = <S, L>({ store, transitions, depth, startedMs }: Search<S, L>): Counts => ({
  states: store.size(),
  transitions,
  depth,
  durationMs: performance.now() - startedMs,
});

const isOver = <S, L>(search: Search<S, L>): boolean => {
  const { store, limits, looked, startedMs } = search;
  if (search.breach !== undefined || looked === store.size() || store.size() >= limits.statesMax) return true;
  if (looked % STATES_PER_LOOK !== 0) return false;
  limits.progress(countsOf(search));
  return performance.now() - startedMs > limits.durationMaxMs;
};

const run = <S, L>(search: Search<S, L>): void => {
  const row = new Int32Array(search.store.width);
  while (!isOver(search)) {
    if (search.looked === search.levelEnd) {
      search.depth += 1;
      search.levelEnd = search.store.size();
    }
    search.store.read(search.looked, row);
    if (isBeyond(search, row[0] ?? 0)) search.cut += 1;
    else expand(search, row);
    search.looked += 1;
  }
};

/** The first state with this server. */
const indexOfServer = (store: Store, server: number): number => {
  const row = new Int32Array(store.width);
  for (let index = 0; index < store.size(); index += 1) {
    store.read(index, row);
    if (row[0] === server) return index;
  }
  throw new Error("a server that no state has");
};

const findingOf = <S, L>({ model, store, breach, looked }: Search<S, L>): Finding | undefined => {
  if (breach !== undefined) {
    const endings = breach.breaches.map(({ invariant, text }) => `VIOLATION ${invariant}: ${text}`);
    const flaw = breach.breaches[0]?.invariant ?? "S1";
    return { flaw, ...retell({ model, store }, breach.place, endings) };
  }
  const stuck = looked === store.size() ? findStuck(model) : undefined;
  if (stuck === undefined) return undefined;
  const place = { index: indexOfServer(store, stuck.server), column: 0, move: undefined };
  return {
    flaw: "L1",
    ...retell({ model, store }, place, [`VIOLATION L1, without faults from here on: ${stuck.problem}`]),
  };
};

export const explore = <S, L>(system: System<S, L>, instances: number, limits: Limits): Exploration => {
  const model = createModel(system);
  const store = createStore(1 + instances);
  for (const server of startsOf(model)) {
    const row = new Int32Array(store.width);
    row[0] = server;
    store.add(row, -1);
  }
  const search: Search<S, L> = {
    model,
    store,
    limits,
    startedMs: performance.now(),
    looked: 0,
    levelEnd: store.size(),
    depth: 0,
    transitions: 0,
    cut: 0,
    breach: undefined,
  };
  run(search);
  const counts = countsOf(search);
  const finding = findingOf(search);
  const exhausted = finding === undefined && search.looked === store.size();
  return { ...counts, exhausted, cut: search.cut, servers: model.servers.size(), finding };
};
