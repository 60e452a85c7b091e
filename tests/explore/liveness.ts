/**
 * That a group always comes to rest once faults have ended. From every server that was reached, one instance alone reaches one leader and then
 * writes nothing; no attempt under way goes on for ever; and no writes lead back to a server that was left, so
 * that instances cannot stop each other for ever: their writes end, and where nobody writes each is alone.
 */
import { IDLE_ID, MOVE_WIDTH, UNTOUCHED, type Model } from "./model.ts";
import { restProblem } from "./invariants.ts";

/** Events of an instance alone; an attempt has far fewer. */
const EVENTS_MAX = 200;
/** Passes of one run, as in the function. */
const PASSES_MAX = 8;

interface Rest {
  readonly server: number;
  readonly problem: string | undefined;
}

/** The server after the instance, alone, has finished what it is at; undefined: it never does. */
const finish = (model: Model, server: number, local: number): number | undefined => {
  let at = server;
  let now = local;
  for (let count = 0; count < EVENTS_MAX; count += 1) {
    const { to } = model.step(at, now);
    at = to[0] ?? 0;
    now = to[1] ?? 0;
    if (now === IDLE_ID) return at;
  }
  return undefined;
};

/** One instance alone, pass after pass, until a pass writes nothing. */
export const settle = (model: Model, server: number): Rest => {
  let at = server;
  for (let pass = 0; pass < PASSES_MAX; pass += 1) {
    const next = finish(model, at, IDLE_ID);
    if (next === undefined) return { server: at, problem: `a pass is not over after ${EVENTS_MAX} events` };
    if (next === at) return { server: at, problem: restProblem(model.servers.valueOf(at)) };
    at = next;
  }
  return { server: at, problem: `not at rest after ${PASSES_MAX} passes` };
};

export interface Stuck {
  readonly server: number;
  readonly problem: string;
}

const unsettled = (model: Model): Stuck | undefined => {
  for (let server = 0; server < model.servers.size(); server += 1) {
    const { problem } = settle(model, server);
    if (problem !== undefined) return { server, problem };
  }
  return undefined;
};

const endless = (model: Model): Stuck | undefined => {
  // Looked at while it grows no further: an exploration that is exhausted has asked for every pair.
  for (const { server, local } of model.pairs()) {
    if (finish(model, server, local) === undefined) {
      return { server, problem: `an attempt is not over after ${EVENTS_MAX} events` };
    }
  }
  return undefined;
};

const writesBetween = (model: Model): ReadonlyMap<number, ReadonlySet<number>> => {
  const edges = new Map<number, Set<number>>();
  for (const { server, moves } of model.pairs()) {
    for (let at = 0; at < moves.to.length; at += MOVE_WIDTH) {
      if (moves.to[at + 2] === UNTOUCHED) continue;
      const known = edges.get(server) ?? new Set();
      edges.set(server, known.add(moves.to[at] ?? 0));
    }
  }
  return edges;
};

/** A server from which writes lead back to it: depth first, without recursion because paths are long. */
const circular = (model: Model): Stuck | undefined => {
  const edges = writesBetween(model);
  const finished = new Set<number>();
  const onPath = new Set<number>();
  for (const root of edges.keys()) {
    const path: { server: number; rest: Iterator<number> }[] = [];
    const enter = (server: number): void => {
      onPath.add(server);
      path.push({ server, rest: (edges.get(server) ?? new Set<number>()).values() });
    };
    if (!finished.has(root)) enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { value: next, done } = top.rest.next();
      if (done === true) {
        onPath.delete(top.server);
        finished.add(top.server);
        path.pop();
      } else if (onPath.has(next)) return { server: next, problem: "writes lead back to where they began" };
      else if (!finished.has(next)) enter(next);
    }
  }
  return undefined;
};

/** Undefined: from everywhere the group comes to rest. Asked after an exploration that is exhausted. */
export const findStuck = (model: Model): Stuck | undefined => unsettled(model) ?? endless(model) ?? circular(model);
