/** When the function answers: after a quick run, before a slow one, at once in a burst; and what a cold start and ticks wait for. */
import { expect, test } from "vitest";
import type { RunOutcome } from "../../../functions/kit/feature.ts";
import type { Context, Reply } from "../../../functions/kit/host/server.ts";
import { PODS } from "../../../functions/kit/kube/request.ts";
import { ACK_AFTER_MS, changed, fake, TICK } from "../support/fake-function.ts";
import type { VirtualClock } from "../support/virtual-clock.ts";

const podEvent = (name: string): Context =>
  changed(PODS, { metadata: { name, namespace: "default", uid: name, resourceVersion: "1" } });
const POD_EVENT = podEvent("x-0");
const DONE: RunOutcome = { kind: "done", reason: "Fine" };
const at = async (clock: VirtualClock, reply: Promise<Reply | undefined>): Promise<[number | undefined, number]> => {
  const answered = reply.then((value): [number | undefined, number] => [value?.statusCode, clock.monotonic()]);
  return clock.settle(answered);
};

test("a run that is quick is awaited; a slow one is answered early and goes on", async () => {
  let finished = 0;
  const { clock, fn, finish } = fake(async (time) => {
    await time.sleep(1000);
    finished += 1;
    return DONE;
  });
  fn.start();
  finish();
  await clock.flush();
  expect(await at(clock, fn.handle(POD_EVENT))).toEqual([undefined, ACK_AFTER_MS]);
  expect(finished).toBe(0);
  await clock.settle(fn.idle());
  expect([finished, clock.monotonic()]).toEqual([1, 1000]);
});

test("while other groups run, an event is answered at once, so that the source sends the rest of a burst", async () => {
  const runs: string[] = [];
  const { clock, fn, finish } = fake(
    async (time, group) => {
      runs.push(group);
      await time.sleep(200);
      return DONE;
    },
    ({ name }) => [name],
  );
  fn.start();
  finish();
  await clock.flush();
  const first = fn.handle(podEvent("a-0"));
  await clock.flush();
  expect(await at(clock, fn.handle(podEvent("b-0")))).toEqual([undefined, 0]);
  expect(await at(clock, first)).toEqual([undefined, 200]);
  await clock.settle(fn.idle());
  expect(runs).toEqual(["a-0", "b-0"]);
  expect(await at(clock, fn.handle(podEvent("c-0")))).toEqual([undefined, 400]);
});

test("a group that pauses after the server's trouble is no burst: the next event still brings 503, so that its source waits too", async () => {
  const { clock, fn, finish } = fake(
    () => Promise.resolve({ kind: "retry", reason: "R", afterMs: 1000, trouble: "server" }),
    ({ name }) => [name],
  );
  fn.start();
  finish();
  await clock.flush();
  expect(await at(clock, fn.handle(podEvent("a-0")))).toEqual([503, 0]);
  expect(await at(clock, fn.handle(podEvent("b-0")))).toEqual([503, 0]);
});

test("after an early answer a run that fails repeats itself, and idle waits for it", async () => {
  let attempts = 0;
  const { clock, fn, finish } = fake(async (time) => {
    attempts += 1;
    await time.sleep(400);
    return attempts === 1 ? { kind: "retry", reason: "R", afterMs: 200, trouble: "server" } : DONE;
  });
  fn.start();
  finish();
  await clock.flush();
  expect(await at(clock, fn.handle(POD_EVENT))).toEqual([undefined, ACK_AFTER_MS]);
  await clock.settle(fn.idle());
  expect([attempts, clock.monotonic()]).toEqual([2, 1000]);
});

test("an event before the first sweep waits for it, so that a cold instance knows its groups", async () => {
  const { clock, fn, finish, sweeps } = fake(() => Promise.resolve(DONE));
  fn.start();
  const reply = fn.handle(POD_EVENT).then((value) => [value?.statusCode, clock.monotonic()]);
  await clock.advance(700);
  finish();
  expect(await reply).toEqual([undefined, 700]);
  expect(sweeps()).toBe(1);
});

test("an event whose first sweep takes too long is sent back with 503 after two seconds", async () => {
  const { clock, fn } = fake(() => Promise.resolve(DONE));
  fn.start();
  expect(await at(clock, fn.handle(POD_EVENT))).toEqual([503, 2000]);
});

test("events that wait for the first sweep wait together, so that none leaves anything behind", async () => {
  const { clock, fn, finish } = fake(() => Promise.resolve(DONE));
  fn.start();
  const replies = Array.from({ length: 50 }, () => fn.handle(POD_EVENT));
  await clock.flush();
  expect(clock.sleepers()).toBe(1);
  finish();
  expect(await clock.settle(Promise.all(replies))).toEqual(replies.map(() => undefined));
});

test("ticks that overlap share one sweep; the next one begins another", async () => {
  const { clock, fn, finish, sweeps } = fake(() => Promise.resolve(DONE));
  const replies = [fn.handle(TICK), fn.handle(TICK), fn.handle(TICK)];
  await clock.flush();
  finish();
  expect(await clock.settle(Promise.all(replies))).toEqual([undefined, undefined, undefined]);
  expect(sweeps()).toBe(1);
  const next = fn.handle(TICK);
  await clock.flush();
  finish();
  await clock.settle(next);
  expect(sweeps()).toBe(2);
});
