/**
 * Whether writes can go round in circles once faults have ended. Whoever goes on for ever writes in passes that have begun in the circle itself: an
 * instance that read something before may undo what others did, but no more than once. So servers from which no writes lead on, or
 * to which none lead, are left out until nothing changes any more; what remains is a circle.
 */
import { IDLE_ID, MOVE_WIDTH, UNTOUCHED, type Model } from "./model.ts";

interface Place {
  readonly server: number;
  readonly local: number;
}

/** By server: where writes lead to, and the object that each changes. */
type Edges = Map<number, Map<number, number>>;

/** Events by server, then by instance. */
type Asked = ReadonlyMap<number, ReadonlyMap<number, readonly number[]>>;

const join = (edges: Edges, from: number, { to, touched }: { to: number; touched: number }): boolean => {
  const known = edges.get(from) ?? new Map<number, number>();
  if (known.has(to)) return false;
  edges.set(from, known.set(to, touched));
  return true;
};

const askedOf = <S, L>(model: Model<S, L>): Asked => {
  const asked = new Map<number, Map<number, readonly number[]>>();
  for (const { server, local, moves } of model.pairs()) {
    const row = asked.get(server) ?? new Map<number, readonly number[]>();
    asked.set(server, row.set(local, moves.to));
  }
  return asked;
};

/** What others than the instances do, within the region. */
const turnsIn = <S, L>(model: Model<S, L>, region: ReadonlySet<number>): Edges => {
  const edges: Edges = new Map();
  for (const server of region) {
    const { to, due } = model.world(server);
    for (let at = due * MOVE_WIDTH; at < to.length; at += MOVE_WIDTH) {
      const next = to[at] ?? 0;
      if (region.has(next)) join(edges, server, { to: next, touched: to[at + 2] ?? UNTOUCHED });
    }
  }
  return edges;
};

/** The moves of one place, one after the other. */
function* movesIn(to: readonly number[]): Iterable<{ to: number; local: number; touched: number }> {
  for (let at = 0; at < to.length; at += MOVE_WIDTH) {
    yield { to: to[at] ?? 0, local: to[at + 1] ?? IDLE_ID, touched: to[at + 2] ?? UNTOUCHED };
  }
}

/** All writes within the region: more than can be, and quickly found. */
const writesIn = <S, L>(model: Model<S, L>, region: ReadonlySet<number>, asked: Asked): Edges => {
  const edges = turnsIn(model, region);
  for (const server of region) {
    for (const moves of asked.get(server)?.values() ?? []) {
      const writes = [...movesIn(moves)].filter(({ to, touched }) => touched !== UNTOUCHED && region.has(to));
      for (const write of writes) join(edges, server, write);
    }
  }
  return edges;
};

/** Writes within the region, of instances that have begun in it and never left it. */
const freshWritesIn = <S, L>(model: Model<S, L>, region: ReadonlySet<number>, asked: Asked): Edges => {
  const edges = turnsIn(model, region);
  const fresh = new Map<number, Set<number>>();
  const queue: Place[] = [];
  const reach = (server: number, local: number): void => {
    const row = fresh.get(server) ?? new Set<number>();
    if (!region.has(server) || row.has(local) || asked.get(server)?.has(local) !== true) return;
    fresh.set(server, row.add(local));
    queue.push({ server, local });
  };
  /** Another may write this at any time: whoever is fresh there goes on with it. */
  const pass = (server: number, { to, touched }: { to: number; touched: number }): void => {
    if (touched === UNTOUCHED || !region.has(to) || !join(edges, server, { to, touched })) return;
    for (const other of fresh.get(server) ?? []) reach(to, model.age(other, touched));
  };
  const follow = ({ server, local }: Place): void => {
    for (const [to, touched] of edges.get(server) ?? []) reach(to, model.age(local, touched));
    for (const move of movesIn(asked.get(server)?.get(local) ?? [])) {
      reach(move.to, move.local);
      pass(server, move);
    }
  };
  for (const server of region) reach(server, IDLE_ID);
  for (let place = queue.pop(); place !== undefined; place = queue.pop()) follow(place);
  return edges;
};

/** Without writes that change only a version: whoever makes one goes on to another, which leads somewhere. */
const reversed = (edges: Edges): Edges => {
  const back: Edges = new Map();
  for (const [from, row] of edges) {
    for (const [to, touched] of row) if (to !== from) join(back, to, { to: from, touched });
  }
  return back;
};

/** Without the servers from which no edge leads on, again and again. */
const trimmed = (region: ReadonlySet<number>, edges: Edges): ReadonlySet<number> => {
  const kept = new Set(region);
  const back = reversed(edges);
  const leadsOn = (server: number): number =>
    [...(edges.get(server)?.keys() ?? [])].filter((to) => to !== server).length;
  const counts = new Map([...kept].map((server) => [server, leadsOn(server)]));
  const ends = [...kept].filter((server) => counts.get(server) === 0);
  for (let end = ends.pop(); end !== undefined; end = ends.pop()) {
    kept.delete(end);
    for (const before of back.get(end)?.keys() ?? []) {
      const left = (counts.get(before) ?? 0) - 1;
      counts.set(before, left);
      if (left === 0) ends.push(before);
    }
  }
  return kept;
};

/** Servers on circles, and between them. */
const core = (region: ReadonlySet<number>, edges: Edges): ReadonlySet<number> =>
  trimmed(trimmed(region, edges), reversed(edges));

/** A server to which writes lead back; undefined: none. */
export const findCircle = <S, L>(model: Model<S, L>): number | undefined => {
  const asked = askedOf(model);
  let region: ReadonlySet<number> = new Set(Array.from({ length: model.servers.size() }, (_, server) => server));
  region = core(region, writesIn(model, region, asked));
  for (;;) {
    const next = core(region, freshWritesIn(model, region, asked));
    if (next.size === region.size) {
      const [server] = next;
      return server;
    }
    region = next;
  }
};
