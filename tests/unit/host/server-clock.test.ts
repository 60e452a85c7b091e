/** The server's clock from whole-second `Date` headers: bounds, refinement, jumps. */
import { array, assert, integer, property, record } from "fast-check";
import { describe, expect, test } from "vitest";
import { createServerClock } from "../../../functions/kit/host/server-clock.ts";

const START = Date.UTC(2026, 0, 1, 12, 0, 0);

/** The header that a server sends whose clock shows `now`. */
const dateAt = (now: number): string => new Date(now).toUTCString();

const create = (
  wall = START,
): { clock: ReturnType<typeof createServerClock>; pass: (milliseconds: number) => void; at: () => number } => {
  let monotonic = 1000;
  return {
    clock: createServerClock({ monotonic: () => monotonic, wallNow: () => wall }),
    pass: (milliseconds) => {
      monotonic += milliseconds;
    },
    at: () => monotonic,
  };
};

describe("createServerClock", () => {
  test("before the first answer it is the local wall clock", () => {
    expect(create(42).clock.clock.serverNow()).toBe(42);
  });

  test("after the first answer the wall clock no longer matters, only elapsed time", () => {
    const { clock, pass, at } = create(0);
    clock.observe(dateAt(START + 400), at(), at());
    pass(250);
    expect(clock.clock.serverNow()).toBe(START + 250);
  });

  test("an answer from just after a full second removes the lag", () => {
    const { clock, pass, at } = create();
    clock.observe(dateAt(START + 900), at(), at());
    pass(105);
    clock.observe(dateAt(START + 1005), at(), at());
    expect(clock.clock.serverNow()).toBe(START + 1000);
  });

  test("a less precise answer takes nothing away", () => {
    const { clock, pass, at } = create();
    clock.observe(dateAt(START), at(), at());
    pass(900);
    clock.observe(dateAt(START + 900), at(), at());
    expect(clock.clock.serverNow()).toBe(START + 900);
  });

  test("a server that is set back is followed", () => {
    const { clock, at } = create();
    clock.observe(dateAt(START), at(), at());
    clock.observe(dateAt(START - 600_000), at(), at());
    expect(clock.clock.serverNow()).toBe(START - 600_000);
  });

  test("a server that is set forward is followed", () => {
    const { clock, at } = create();
    clock.observe(dateAt(START), at(), at());
    clock.observe(dateAt(START + 600_000), at(), at());
    expect(clock.clock.serverNow()).toBe(START + 600_000);
  });

  test.each([[undefined], ["yesterday"]])("a Date of %s is ignored", (date) => {
    const { clock, at } = create(7);
    clock.observe(date, at(), at());
    expect(clock.clock.serverNow()).toBe(7);
  });

  test("it is never ahead of the server, never more than a second and one answer behind, and never goes back", () => {
    const answer = record({
      idle: integer({ min: 0, max: 5000 }),
      there: integer({ min: 0, max: 300 }),
      back: integer({ min: 0, max: 300 }),
    });
    assert(
      property(integer({ min: 0, max: 999 }), array(answer, { minLength: 1 }), (fraction, answers) => {
        const { clock, pass, at } = create();
        const truth = (): number => START + fraction + at();
        let before = Number.NEGATIVE_INFINITY;
        for (const { idle, there, back } of answers) {
          pass(idle);
          const sentAt = at();
          pass(there);
          const date = dateAt(truth());
          pass(back);
          clock.observe(date, sentAt, at());
          const now = clock.clock.serverNow();
          expect(now).toBeLessThanOrEqual(truth());
          expect(now).toBeGreaterThan(truth() - 1000 - 300);
          expect(now).toBeGreaterThanOrEqual(before);
          before = now;
        }
      }),
    );
  });
});
