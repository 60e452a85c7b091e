/** An explored server while one instance, explored or shipped, works on it, and what the world and two other instances do to it meanwhile. */
import { array, constant, constantFrom, nat, record, tuple, type Arbitrary } from "fast-check";
import type { System, Turn } from "./system.ts";

/** What happens right before a request is answered. */
export interface Disturbance {
  /** Requests before that one. */
  readonly before: number;
  /** Another instance, which keeps what it has under way; what is due of others; or a fault. */
  readonly by: "one" | "other" | "due" | "fault";
  /** How many events; 0: that instance dies. Or which fault. */
  readonly choice: number;
}

const WALK_MOST = 30;
const DURING_MOST = 6;
const REQUESTS_MOST = 12;
/** A first hand-over among three pods takes fewer. */
export const EVENTS_MOST = 20;

/** A random walk before the first request, and some more on the way. `during`: who acts there; default: all. */
export const disturbancesBy = (
  by: readonly Disturbance["by"][],
  during: readonly Disturbance["by"][] = by,
): Arbitrary<Disturbance[]> => {
  const some = (before: Arbitrary<number>, who: typeof by, maxLength: number): Arbitrary<Disturbance[]> =>
    array(record({ before, by: constantFrom(...who), choice: nat(EVENTS_MOST) }), { maxLength, size: "max" });
  return tuple(some(constant(0), by, WALK_MOST), some(nat(REQUESTS_MOST), during, DURING_MOST)).map((all) =>
    all.flat(),
  );
};

type Acting<S, L> = Pick<System<S, L>, "idle" | "outdate" | "events" | "faults" | "dues">;

type Change<S> = Omit<Turn<S>, "text">;

export interface Place<S> {
  /** What the requests are called. */
  readonly log: string[];
  readonly server: () => S;
  /** The uids that it touched, as the following do. */
  readonly change: (change: Change<S>) => readonly string[];
  /** What comes before the next request. */
  readonly disturb: () => readonly string[];
  /** Others do all that is due of them. */
  readonly wait: () => readonly string[];
}

export const createPlace = <S, L>(
  { idle, outdate, events, faults, dues }: Acting<S, L>,
  start: S,
  disturbances: readonly Disturbance[],
): Place<S> => {
  const log: string[] = [];
  const others = { one: idle, other: idle };
  let now = start;

  const change = ({ server, touched }: Change<S>): readonly string[] => {
    now = server;
    if (touched === undefined) return [];
    others.one = outdate(others.one, touched);
    others.other = outdate(others.other, touched);
    return [touched];
  };
  /** Until it is at rest. */
  const act = (by: "one" | "other", choice: number): readonly string[] => {
    if (choice === 0) others[by] = idle;
    const touched: string[] = [];
    for (let count = 0; count < choice; count += 1) {
      const next = events(now, others[by]);
      const event = next[choice % next.length];
      if (event === undefined) break;
      touched.push(...change(event));
      others[by] = event.local;
      if (event.local === idle) break;
    }
    return touched;
  };
  const finish = (count: number, choice: number): readonly string[] => {
    const touched: string[] = [];
    for (let left = count; left > 0; left -= 1) {
      const turns = dues(now);
      const turn = turns[choice % turns.length];
      if (turn === undefined) break;
      touched.push(...change(turn));
    }
    return touched;
  };
  const happen = ({ by, choice }: Disturbance): readonly string[] => {
    if (by === "due") return finish(choice, choice);
    if (by !== "fault") return act(by, choice);
    const all = faults(now);
    const fault = all[choice % all.length];
    return fault === undefined ? [] : change(fault);
  };

  return {
    log,
    server: () => now,
    change,
    disturb: () => disturbances.filter(({ before }) => before === log.length).flatMap(happen),
    wait: () => finish(Infinity, 0),
  };
};
