/** How long the reconciler pauses, whom it gives less room because it is slow, when it is idle: exactly, on virtual time. */
import { expect, test } from "vitest";
import type { RunOutcome } from "../../../functions/kit/feature.ts";
import { getRequest, PODS, type KubeResponse } from "../../../functions/kit/kube/request.ts";
import { createReconciler, type Reconciler, type ReconcilerOptions } from "../../../functions/kit/reconcile.ts";
import { createSlots } from "../../../functions/kit/slots.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual-clock.ts";

const DONE: RunOutcome = { kind: "done", reason: "Fine" };
const failing = (afterMs: number, trouble: "server" | "group" = "group"): RunOutcome => ({
  kind: "retry",
  reason: "Trouble",
  afterMs,
  trouble,
});

interface Scene {
  readonly clock: VirtualClock;
  readonly reconciler: Reconciler;
  /** `<group>@<milliseconds>` of each run's begin. */
  readonly starts: readonly string[];
  /** `<group> <kind> <attempt>` of each outcome. */
  readonly outcomes: readonly string[];
}

type Run = (clock: VirtualClock, group: string) => RunOutcome | Promise<RunOutcome>;

const begin = (run: Run, options: Partial<ReconcilerOptions> = {}): Scene => {
  const clock = createVirtualClock();
  const starts: string[] = [];
  const outcomes: string[] = [];
  const reconciler = createReconciler({
    clock,
    send: () => Promise.resolve({ status: 200, body: {} }),
    concurrency: 8,
    deadlineMs: 100_000,
    onOutcome: (group, { kind }, attempt) => outcomes.push(`${group} ${kind} ${attempt}`),
    run: async (group) => {
      starts.push(`${group}@${clock.monotonic()}`);
      return run(clock, group);
    },
    ...options,
  });
  return { clock, reconciler, starts, outcomes };
};

/** Each run takes its time, and then ends so; the last one again and again. */
const scripted = (...steps: readonly (readonly [milliseconds: number, outcome: RunOutcome])[]): Run => {
  let index = 0;
  return async (clock) => {
    const [milliseconds, outcome] = steps[Math.min(index, steps.length - 1)] ?? [0, DONE];
    index += 1;
    await clock.sleep(milliseconds);
    return outcome;
  };
};

test.each<[string, RunOutcome, number]>([
  ["a group's own trouble", failing(200), 200],
  ["a server that asks for a millisecond", failing(1, "server"), 1],
  ["a server that asks for more than half a minute", failing(100_000, "server"), 30_000],
])("the pause after %s", async (_title, outcome, pauseMs) => {
  const { clock, reconciler, starts } = begin(() => outcome);
  await reconciler.trigger("g");
  await clock.advance(pauseMs);
  expect(starts).toEqual(["g@0", `g@${pauseMs}`]);
});

test("the pause after a bug is the longest, and what is told of it is where it happened", async () => {
  const { clock, reconciler, starts } = begin(() => {
    throw new Error("boom");
  });
  expect(await reconciler.trigger("g")).toMatchObject({ reason: expect.stringMatching(/boom\n.*pauses\.test\.ts/) });
  await clock.advance(5000);
  expect(starts).toEqual(["g@0", "g@5000"]);
});

test("an error without a stack is told by its message", async () => {
  const error = new Error("boom");
  delete error.stack;
  const { reconciler } = begin(() => Promise.reject(error));
  expect(await reconciler.trigger("g")).toMatchObject({ reason: "bug: boom" });
});

test("the pause after a group's own trouble grows by lot", async () => {
  const { clock, reconciler, starts } = begin(() => failing(200), { random: () => 0.8 });
  await reconciler.trigger("g");
  await clock.advance(240);
  expect(starts).toEqual(["g@0", "g@240"]);
});

test("where the trouble is the group's own, news is looked at in the same moment", async () => {
  const { clock, reconciler, starts } = begin(() => failing(5000));
  await reconciler.trigger("g");
  void reconciler.trigger("g");
  await clock.flush();
  expect(starts).toEqual(["g@0", "g@0"]);
});

test("news that came during the failed run leaves no pause after it", async () => {
  const { clock, reconciler, starts } = begin(scripted([100, failing(5000)]));
  void reconciler.trigger("g");
  await clock.advance(50);
  void reconciler.trigger("g");
  await clock.advance(50);
  expect(starts).toEqual(["g@0", "g@100"]);
});

test("after a run that is done attempts count from 1 again", async () => {
  const { clock, reconciler, outcomes } = begin(scripted([100, DONE]));
  void reconciler.trigger("g");
  await clock.advance(50);
  await clock.settle(reconciler.trigger("g"));
  expect(outcomes).toEqual(["g done 1", "g done 1"]);
});

test("idle waits for the last of several groups", async () => {
  const { clock, reconciler } = begin(async (time, group) => {
    await time.sleep(Number(group));
    return DONE;
  });
  for (const group of ["100", "200", "300"]) void reconciler.trigger(group);
  expect(await clock.settle(reconciler.idle().then(() => clock.monotonic()))).toBe(300);
});

test("a group is not another one to itself", async () => {
  const { reconciler } = begin(scripted([100, DONE]));
  void reconciler.trigger("g");
  expect([reconciler.hasOthers(["g"]), reconciler.hasOthers(["h"])]).toEqual([false, true]);
});

test.each<[string, Run, boolean]>([
  ["failed after less than a second", scripted([999, failing(1)]), true],
  ["failed after a second", scripted([1000, failing(1)]), false],
  ["was done after a second", scripted([1000, DONE]), true],
  ["failed slowly once, and was done since", scripted([1000, failing(1)], [100, DONE], [1000, DONE]), true],
])("a group that %s counts as another one: it is not slow, or no more", async (_title, run, counts) => {
  const { clock, reconciler } = begin(run);
  await clock.settle(reconciler.trigger("g"));
  await clock.advance(101);
  void reconciler.trigger("g");
  await clock.flush();
  expect(reconciler.hasOthers(["h"])).toBe(counts);
});

test("what is answered after the deadline reads like an answer of the server", async () => {
  const answers: KubeResponse[] = [];
  const { clock, reconciler } = begin(() => DONE, {
    deadlineMs: 0,
    run: async (_group, send) => {
      answers.push(await send(getRequest(PODS, "default", "db-0")));
      return DONE;
    },
  });
  await clock.settle(reconciler.trigger("g"));
  const body = { kind: "Status", reason: "GroupDeadline", message: "the group's 0 ms have passed" };
  expect(answers).toEqual([{ status: 0, body }]);
});

test("of two slots a slow one has one", async () => {
  const slots = createSlots(2);
  const entered: string[] = [];
  for (const name of ["slow 1", "slow 2", "other"]) {
    void slots.take(name.startsWith("slow")).then(() => entered.push(name));
  }
  await Promise.resolve();
  expect(entered).toEqual(["slow 1", "other"]);
});
