/** Nothing that matters is lost while the function starts, and nothing that does not matter is kept. */
import { expect, test } from "vitest";
import type { PostResult } from "../../../events/post.ts";
import { createLog } from "../../../functions/kit/host/log.ts";
import { createBacklog, type Backlog } from "../../../infra/keda/scaler/backlog.ts";
import { TICK, type News } from "../../../infra/keda/scaler/news.ts";
import { WAITING_MOST } from "../../../infra/keda/scaler/pending.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual-clock.ts";
import { podNews } from "./support.ts";

interface Stage extends Backlog {
  readonly clock: VirtualClock;
  /** What arrived at the function, in its order: object and change, or `tick`. */
  readonly taken: readonly string[];
  /** Posts so far, taken or not. */
  attempts(): number;
  /** How often work was announced. */
  announced(): number;
  /** The function answers with this status from now on; 0: nobody is there. */
  answers(status: number): void;
  /** From now on answers are kept back until the function that this returns is called. */
  hold(): () => void;
  stop(): void;
  readonly logged: readonly string[];
}

const WORK = Promise.resolve(true);
const NO_WORK = Promise.resolve(false);

const titleOf = (news: News): string =>
  news.kind !== "change"
    ? news.kind
    : `${news.object.metadata.name} ${news.change} ${news.object.metadata.resourceVersion}`;

const createStage = (status = 0): Stage => {
  const clock = createVirtualClock();
  const taken: string[] = [];
  const logged: string[] = [];
  const stopping = new AbortController();
  let [answer, attempts, announced] = [status, 0, 0];
  let held: Promise<void> = Promise.resolve();
  const post = async (news: News): Promise<PostResult> => {
    attempts += 1;
    await held;
    if (answer === 204) taken.push(titleOf(news));
    return { status: answer, problem: `status ${answer}` };
  };
  const backlog = createBacklog({
    clock,
    post,
    onWork: () => {
      announced += 1;
    },
    signal: stopping.signal,
    log: createLog({ level: "debug", write: (line) => void logged.push(line) }),
  });
  return {
    ...backlog,
    clock,
    taken,
    logged,
    attempts: () => attempts,
    announced: () => announced,
    answers: (next) => {
      answer = next;
    },
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    },
    stop: () => stopping.abort(),
  };
};

test("a function that runs gets each event at once, before anybody knows whether it is work", async () => {
  const stage = createStage(204);
  stage.offer(podNews("db-0"), new Promise(() => undefined));
  await stage.clock.flush();
  expect([stage.taken, stage.isPending(), stage.announced()]).toEqual([["db-0 update 1"], false, 0]);
});

test("work waits for a function that starts, and is announced at once and each second until it was taken", async () => {
  const stage = createStage();
  stage.offer(podNews("db-0"), WORK);
  await stage.clock.flush();
  expect([stage.announced(), stage.isPending(), stage.isActive()]).toEqual([1, true, true]);
  await stage.clock.advance(2_600);
  expect([stage.announced(), stage.taken]).toEqual([3, []]);
  stage.answers(204);
  await stage.clock.advance(250);
  expect([stage.taken, stage.isPending()]).toEqual([["db-0 update 1"], false]);
  await stage.clock.advance(10_000);
  expect(stage.announced()).toBe(3);
});

test("what is no work is not kept, and wakes nobody", async () => {
  const stage = createStage();
  stage.offer(podNews("db-0"), NO_WORK);
  await stage.clock.advance(1_000);
  stage.answers(204);
  await stage.clock.advance(10_000);
  expect([stage.taken, stage.announced(), stage.isActive()]).toEqual([[], 0, false]);
});

test("while it is not known whether it is work, an event is kept", async () => {
  const stage = createStage();
  const verdict = Promise.withResolvers<boolean>();
  stage.offer(podNews("db-0"), verdict.promise);
  await stage.clock.advance(1_000);
  verdict.resolve(true);
  await stage.clock.flush();
  expect([stage.announced(), stage.isPending()]).toEqual([1, true]);
});

/** An older state is on its way, and a newer one waits, which is no work; nobody takes the older. Its verdict is still open then. */
const comesBack = async (): Promise<{ readonly stage: Stage; readonly judged: (work: boolean) => Promise<void> }> => {
  const stage = createStage();
  const verdict = Promise.withResolvers<boolean>();
  const release = stage.hold();
  stage.offer(podNews("db-0", "update", "1"), verdict.promise);
  await stage.clock.flush();
  stage.offer(podNews("db-0", "update", "2"), NO_WORK);
  await stage.clock.flush();
  release();
  await stage.clock.flush();
  const judged = (work: boolean): Promise<void> => {
    verdict.resolve(work);
    return stage.clock.flush();
  };
  return { stage, judged };
};

test("that an older state is work is known only when it has come back, and a newer one that is none has its place", async () => {
  const { stage, judged } = await comesBack();
  await judged(true);
  expect([stage.announced(), stage.isPending()]).toEqual([1, true]);
  stage.answers(204);
  await stage.clock.advance(250);
  expect([stage.taken, stage.isPending(), stage.isActive()]).toEqual([["db-0 update 2"], false, true]);
});

test("the same when the newer one is on its way by then, or has been taken", async () => {
  const { stage, judged } = await comesBack();
  const release = stage.hold();
  stage.answers(204);
  await stage.clock.advance(250);
  expect(stage.attempts()).toBe(2);
  await judged(true);
  expect([stage.announced(), stage.isPending()]).toEqual([1, true]);
  release();
  await stage.clock.flush();
  expect([stage.taken, stage.isPending()]).toEqual([["db-0 update 2"], false]);

  const late = await comesBack();
  late.stage.answers(204);
  await late.stage.clock.advance(250);
  await late.judged(true);
  expect([late.stage.announced(), late.stage.isPending(), late.stage.isActive()]).toEqual([0, false, true]);
});

test("the newer one is not kept when the older one turns out to be no work, either", async () => {
  const { stage, judged } = await comesBack();
  await judged(false);
  stage.answers(204);
  await stage.clock.advance(10_000);
  expect([stage.taken, stage.announced(), stage.isActive()]).toEqual([[], 0, false]);
});

test("there is activity for half a minute after work was taken, also where it was only then known to be work", async () => {
  for (const late of [false, true]) {
    const stage = createStage(204);
    const verdict = Promise.withResolvers<boolean>();
    stage.offer(podNews("db-0"), late ? verdict.promise : WORK);
    // oxlint-disable-next-line no-await-in-loop
    await stage.clock.flush();
    verdict.resolve(true);
    // oxlint-disable-next-line no-await-in-loop
    await stage.clock.advance(29_999);
    expect([stage.isPending(), stage.isActive()]).toEqual([false, true]);
    // oxlint-disable-next-line no-await-in-loop
    await stage.clock.advance(1);
    expect(stage.isActive()).toBe(false);
  }
});

test("an event that was no work prolongs no activity", async () => {
  const stage = createStage(204);
  stage.offer(podNews("db-0"), NO_WORK);
  await stage.clock.flush();
  expect([stage.taken.length, stage.isActive()]).toEqual([1, false]);
});

test("of one object only the latest state is told; a new one stays new", async () => {
  const stage = createStage();
  stage.offer(podNews("db-0", "add", "1"), WORK);
  stage.offer(podNews("db-0", "update", "2"), NO_WORK);
  stage.offer(podNews("db-0", "update", "3"), NO_WORK);
  stage.offer(podNews("db-1", "update", "4"), WORK);
  stage.offer(podNews("db-1", "delete", "5"), NO_WORK);
  await stage.clock.advance(300);
  stage.answers(204);
  await stage.clock.advance(1_000);
  expect(stage.taken.toSorted()).toEqual(["db-0 add 3", "db-1 delete 5"]);
});

test("an object's next event is not sent while its last is on its way", async () => {
  const stage = createStage(204);
  const release = stage.hold();
  stage.offer(podNews("db-0", "update", "1"), WORK);
  stage.offer(podNews("db-0", "update", "2"), WORK);
  stage.offer(podNews("db-1", "update", "3"), WORK);
  await stage.clock.flush();
  expect(stage.attempts()).toBe(2);
  release();
  await stage.clock.flush();
  expect(stage.taken).toEqual(["db-0 update 1", "db-1 update 3", "db-0 update 2"]);
});

test("a function that is away is asked four times a second, one event at a time, however many wait", async () => {
  const stage = createStage();
  for (let count = 0; count < 100; count += 1) stage.offer(podNews(`db-${count}`), WORK);
  await stage.clock.flush();
  const before = stage.attempts();
  expect(before).toBeLessThanOrEqual(5);
  await stage.clock.advance(1_000);
  expect(stage.attempts() - before).toBe(4);
});

test("all that waited is sent once the function answers", async () => {
  const stage = createStage();
  for (let count = 0; count < 100; count += 1) stage.offer(podNews(`db-${count}`), WORK);
  await stage.clock.advance(1_000);
  stage.answers(204);
  await stage.clock.advance(250);
  expect(new Set(stage.taken).size).toBe(100);
});

test("when too many wait one sweep replaces them", async () => {
  const stage = createStage();
  for (let count = 0; count < WAITING_MOST + 10; count += 1) stage.offer(podNews(`db-${count}`), NO_WORK);
  await stage.clock.advance(1_000);
  expect(stage.logged.filter((line) => line.includes("too many events wait"))).toHaveLength(1);
  expect([stage.isPending(), stage.announced() > 0]).toEqual([true, true]);
  stage.answers(204);
  await stage.clock.advance(1_000);
  expect(stage.taken).toEqual(["tick"]);
});

test.each([
  [0, 250],
  [404, 250],
  [502, 250],
  [504, 250],
  [429, 1000],
  [503, 1000],
])("status %i is tried again each %i ms", async (status, pauseMs) => {
  const stage = createStage(status);
  stage.offer(TICK, WORK);
  await stage.clock.advance(2 * pauseMs - 1);
  expect(stage.attempts()).toBe(2);
  stage.answers(204);
  await stage.clock.advance(1);
  expect(stage.taken).toEqual(["tick"]);
});

test.each([400, 500])("status %i ends it, with a line in the log", async (status) => {
  const stage = createStage(status);
  stage.offer(TICK, WORK);
  await stage.clock.advance(10_000);
  expect([stage.attempts(), stage.isPending()]).toEqual([1, false]);
  expect(stage.logged.join("")).toContain(`status ${status}`);
});

test("work in an event that the function refused is not announced: the next sweep finds it", async () => {
  const stage = createStage(400);
  const verdict = Promise.withResolvers<boolean>();
  stage.offer(podNews("db-0"), verdict.promise);
  await stage.clock.flush();
  verdict.resolve(true);
  await stage.clock.advance(1_000);
  expect([stage.announced(), stage.isActive()]).toEqual([0, false]);
});

test("once stopped nothing is sent or announced", async () => {
  const stage = createStage();
  stage.offer(podNews("db-0"), WORK);
  await stage.clock.flush();
  stage.stop();
  await stage.clock.advance(10_000);
  expect([stage.attempts(), stage.announced(), stage.clock.sleepers()]).toEqual([1, 1, 0]);
});
