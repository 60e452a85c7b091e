/**
 * That a group always comes to rest once faults have ended. From every server that was reached, one instance alone, and what others do sooner
 * or later, reach a server that is as it should be, and then nobody writes; no attempt under way goes on for ever; and no writes lead
 * back to a server that was left, so that instances cannot stop each other for ever: their writes end, and where nobody writes each is alone.
 */
import { findCircle } from "./circles.ts";
import { IDLE_ID, MOVE_WIDTH, UNTOUCHED, type Model } from "./model.ts";

/** Events of an instance alone; an attempt has far fewer. */
const EVENTS_MAX = 200;
/** Passes of one run, as in the function, and what others do in between. */
const PASSES_MAX = 8;
const TURNS_MAX = 64;

interface Rest {
  readonly server: number;
  readonly problem: string | undefined;
}

/** What others do next; undefined: nothing. */
const takeTurn = <S, L>(model: Model<S, L>, server: number): { server: number; touched: number } | undefined => {
  const { to, due } = model.world(server);
  const at = due * MOVE_WIDTH;
  const next = to[at];
  return next === undefined ? undefined : { server: next, touched: to[at + 2] ?? UNTOUCHED };
};

/** The server after the instance, alone, has finished what it is at; undefined: it never does. */
const finish = <S, L>(model: Model<S, L>, server: number, local: number): number | undefined => {
  let at = server;
  let now = local;
  for (let count = 0; count < EVENTS_MAX; count += 1) {
    const [next, then] = model.step(at, now).to;
    if (next === undefined) {
      // It waits for others.
      const turn = takeTurn(model, at);
      if (turn === undefined) return undefined;
      at = turn.server;
      now = model.age(now, turn.touched);
    } else {
      at = next;
      now = then ?? IDLE_ID;
    }
    if (now === IDLE_ID) return at;
  }
  return undefined;
};

/** The server after a pass that changes it, whichever group it is for; undefined: one never ends. */
const passFrom = <S, L>(model: Model<S, L>, server: number): number | undefined => {
  const { to } = model.step(server, IDLE_ID);
  for (let at = 0; at < to.length; at += MOVE_WIDTH) {
    const local = to[at + 1] ?? IDLE_ID;
    const next = local === IDLE_ID ? to[at] : finish(model, to[at] ?? 0, local);
    if (next !== server) return next;
  }
  return server;
};

/** One instance alone, pass after pass, until a pass writes nothing and others have nothing to do. */
export const settle = <S, L>(model: Model<S, L>, server: number): Rest => {
  let at = server;
  let passes = 0;
  for (let count = 0; count < TURNS_MAX && passes < PASSES_MAX; count += 1) {
    const next = passFrom(model, at);
    if (next === undefined) return { server: at, problem: `a pass is not over after ${EVENTS_MAX} events` };
    const turn = next === at ? takeTurn(model, at) : undefined;
    if (next === at && turn === undefined) {
      return { server: at, problem: model.system.restProblem(model.servers.valueOf(at)) };
    }
    passes = turn === undefined ? passes + 1 : 0;
    at = turn?.server ?? next;
  }
  return { server: at, problem: `not at rest after ${PASSES_MAX} passes` };
};

export interface Stuck {
  readonly server: number;
  readonly problem: string;
}

const unsettled = <S, L>(model: Model<S, L>): Stuck | undefined => {
  for (let server = 0; server < model.servers.size(); server += 1) {
    const { problem } = settle(model, server);
    if (problem !== undefined) return { server, problem };
  }
  return undefined;
};

const endless = <S, L>(model: Model<S, L>): Stuck | undefined => {
  // Looked at while it grows no further: an exploration that is exhausted has asked for every pair.
  for (const { server, local } of model.pairs()) {
    if (finish(model, server, local) === undefined) {
      return { server, problem: `an attempt is not over after ${EVENTS_MAX} events` };
    }
  }
  return undefined;
};

const circular = <S, L>(model: Model<S, L>): Stuck | undefined => {
  const server = findCircle(model);
  return server === undefined ? undefined : { server, problem: "writes lead back to where they began" };
};

/** Undefined: from everywhere the group comes to rest. Asked after an exploration that is exhausted. */
export const findStuck = <S, L>(model: Model<S, L>): Stuck | undefined =>
  unsettled(model) ?? endless(model) ?? circular(model);
