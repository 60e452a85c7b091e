/** The reconciler on virtual time: one run at a time per group, coalescing, a bound on parallel groups, deadlines, retries. */
import { expect, test } from "vitest";
import type { RunOutcome } from "../../../functions/kit/feature.ts";
import { getRequest, PODS, type KubeResponse } from "../../../functions/kit/kube/request.ts";
import { createReconciler, type Reconciler, type ReconcilerOptions } from "../../../functions/kit/reconcile.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual-clock.ts";

const DONE: RunOutcome = { kind: "done", reason: "Fine" };
const AGAIN: RunOutcome = { kind: "retry", reason: "Trouble", afterMs: 200, trouble: "server" };
const READ = getRequest(PODS, "default", "db-0");

interface Bench {
  readonly clock: VirtualClock;
  readonly reconciler: Reconciler;
  readonly starts: readonly string[];
  readonly outcomes: readonly string[];
  readonly mostAtOnce: () => number;
}

const bench = (run: ReconcilerOptions["run"], options: Partial<ReconcilerOptions> = {}): Bench => {
  const clock = createVirtualClock();
  const starts: string[] = [];
  const outcomes: string[] = [];
  let running = 0;
  let most = 0;
  const reconciler = createReconciler({
    clock,
    send: () => Promise.resolve({ status: 200, body: {} }),
    concurrency: 8,
    deadlineMs: 10_000,
    onOutcome: (group, { kind }, attempt) => outcomes.push(`${group} ${kind} ${attempt}`),
    ...options,
    run: async (group, send) => {
      starts.push(`${group}@${clock.monotonic()}`);
      running += 1;
      most = Math.max(most, running);
      try {
        return await run(group, send);
      } finally {
        running -= 1;
      }
    },
  });
  return { clock, reconciler, starts, outcomes, mostAtOnce: () => most };
};

/** A run that takes some time. */
const slow =
  (clock: () => VirtualClock, milliseconds: number): ReconcilerOptions["run"] =>
  async () => {
    await clock().sleep(milliseconds);
    return DONE;
  };

const slowBench = (milliseconds: number, options: Partial<ReconcilerOptions> = {}): Bench => {
  const made: Bench = bench(
    slow(() => made.clock, milliseconds),
    options,
  );
  return made;
};

test("a group has one run at a time, and triggers during a run coalesce into one more", async () => {
  const { clock, reconciler, starts, mostAtOnce } = slowBench(100);
  const triggers = [reconciler.trigger("g")];
  await clock.advance(50);
  triggers.push(reconciler.trigger("g"), reconciler.trigger("g"), reconciler.trigger("g"));
  expect(await clock.settle(Promise.all(triggers))).toEqual([DONE, DONE, DONE, DONE]);
  expect([starts, mostAtOnce()]).toEqual([["g@0", "g@100"], 1]);
});

test("a trigger is answered by a run that began after it, not by the one under way", async () => {
  const { clock, reconciler } = slowBench(100);
  void reconciler.trigger("g");
  await clock.advance(50);
  const second = reconciler.trigger("g").then(() => clock.monotonic());
  expect(await clock.settle(second)).toBe(200);
});

test("groups run in parallel up to the bound, in the order of their triggers", async () => {
  const { clock, reconciler, starts, mostAtOnce } = slowBench(100, { concurrency: 2 });
  await clock.settle(Promise.all(["a", "b", "c", "d", "e"].map((group) => reconciler.trigger(group))));
  expect(starts).toEqual(["a@0", "b@0", "c@100", "d@100", "e@200"]);
  expect(mostAtOnce()).toBe(2);
});

test("a trigger that waits for a slot is served by the run that gets it", async () => {
  const { clock, reconciler, starts } = slowBench(100, { concurrency: 1 });
  const first = reconciler.trigger("a");
  const waiting = [reconciler.trigger("b"), reconciler.trigger("b")];
  await clock.settle(Promise.all([first, ...waiting]));
  expect(starts).toEqual(["a@0", "b@100"]);
});

test("after the deadline calls are answered without being sent, so that the run ends", async () => {
  const answers: KubeResponse[] = [];
  let sent = 0;
  const made: Bench = bench(
    async (_group, send) => {
      answers.push(await send(READ));
      await made.clock.sleep(1000);
      answers.push(await send(READ));
      return DONE;
    },
    {
      deadlineMs: 1000,
      send: () => {
        sent += 1;
        return Promise.resolve({ status: 200, body: {} });
      },
    },
  );
  await made.clock.settle(made.reconciler.trigger("g"));
  expect([sent, answers[1]?.status]).toEqual([1, 0]);
  expect(answers[1]?.body).toMatchObject({ reason: "GroupDeadline", message: "the group's 1000 ms have passed" });
});

test("a run that asks for it is repeated with doubled pauses, six times at most, five seconds apart at most", async () => {
  const { clock, reconciler, starts, outcomes } = bench(() => Promise.resolve({ ...AGAIN, afterMs: 1000 }));
  expect(await clock.settle(reconciler.trigger("g"))).toMatchObject({ kind: "retry" });
  await clock.settle(reconciler.idle());
  expect(starts).toEqual(["g@0", "g@1000", "g@3000", "g@7000", "g@12000", "g@17000"]);
  expect(outcomes.at(-1)).toBe("g retry 6");
});

test("a trigger is answered after the first attempt, while the retries go on", async () => {
  let attempts = 0;
  const { clock, reconciler } = bench(() => {
    attempts += 1;
    return Promise.resolve(attempts < 3 ? AGAIN : DONE);
  });
  expect(await reconciler.trigger("g")).toEqual(AGAIN);
  expect(clock.monotonic()).toBe(0);
  await clock.settle(reconciler.idle());
  expect([attempts, clock.monotonic()]).toEqual([3, 600]);
});

test("a group given up begins afresh with the next trigger", async () => {
  const { clock, reconciler, outcomes } = bench(() => Promise.resolve(AGAIN));
  void reconciler.trigger("g");
  await clock.settle(reconciler.idle());
  void reconciler.trigger("g");
  await clock.settle(reconciler.idle());
  expect(outcomes.slice(6)).toEqual([1, 2, 3, 4, 5, 6].map((attempt) => `g retry ${attempt}`));
});

test("a group that throws is retried as a bug and harms no other", async () => {
  const { clock, reconciler, outcomes } = bench((group) =>
    group === "bad" ? Promise.reject(new Error("boom")) : Promise.resolve(DONE),
  );
  const [bad, good] = await clock.settle(Promise.all([reconciler.trigger("bad"), reconciler.trigger("good")]));
  expect(good).toEqual(DONE);
  expect(bad).toMatchObject({ kind: "retry", trouble: "group", reason: expect.stringContaining("boom") });
  await clock.settle(reconciler.idle());
  expect(outcomes.filter((line) => line.startsWith("good"))).toEqual(["good done 1"]);
});

test("a throwing group gives its slot back", async () => {
  const { clock, reconciler, starts } = bench(() => Promise.reject(new Error("boom")), { concurrency: 1 });
  await clock.settle(Promise.all([reconciler.trigger("a"), reconciler.trigger("b")]));
  expect(starts.slice(0, 2)).toEqual(["a@0", "b@0"]);
});

test("idle waits for retries, and resolves at once when there is nothing", async () => {
  let attempts = 0;
  const { clock, reconciler } = bench(() => {
    attempts += 1;
    return Promise.resolve(attempts === 1 ? AGAIN : DONE);
  });
  await reconciler.idle();
  await reconciler.trigger("g");
  const idle = reconciler.idle().then(() => clock.monotonic());
  expect(await clock.settle(idle)).toBe(200);
});

test("news about a group ends the pause before its retry, where the trouble is its own", async () => {
  const { clock, reconciler, starts } = bench(() => Promise.resolve({ ...AGAIN, trouble: "group", afterMs: 5000 }));
  await reconciler.trigger("g");
  await clock.advance(100);
  void reconciler.trigger("g");
  await clock.advance(1);
  expect(starts).toEqual(["g@0", "g@100"]);
});

test("news does not make a server in trouble be asked earlier than it said, and ends what the pause has grown by", async () => {
  const { clock, reconciler, starts } = bench(() => Promise.resolve({ ...AGAIN, afterMs: 1000 }));
  await reconciler.trigger("g");
  void reconciler.trigger("g");
  await clock.advance(1500);
  void reconciler.trigger("g");
  await clock.advance(1500);
  expect(starts).toEqual(["g@0", "g@1000", "g@2000"]);
});

test("a Retry-After is kept although it is longer than pauses grow", async () => {
  const { clock, reconciler, starts } = bench(() => Promise.resolve({ ...AGAIN, afterMs: 8000 }));
  await reconciler.trigger("g");
  await clock.advance(20_000);
  expect(starts).toEqual(["g@0", "g@8000", "g@16000"]);
});

/** Groups named "hanging-…" fail after a second, the others are done at once. */
const hangingBench = (options: Partial<ReconcilerOptions> = {}): Bench => {
  const made: Bench = bench(
    async (group) => {
      if (!group.startsWith("hanging")) return DONE;
      await made.clock.sleep(1000);
      return AGAIN;
    },
    { concurrency: 4, ...options },
  );
  return made;
};

const hang = ({ reconciler }: Bench, count: number): void => {
  for (let index = 0; index < count; index += 1) void reconciler.trigger(`hanging-${index}`);
};

/** How long a healthy group waits for its run, in milliseconds. */
const waitOfHealthy = async ({ clock, reconciler }: Bench): Promise<number> => {
  const begun = clock.monotonic();
  await clock.settle(reconciler.trigger("healthy"));
  return clock.monotonic() - begun;
};

test("groups that fail slowly leave half of the slots to others", async () => {
  const made = hangingBench();
  hang(made, 4);
  // All four failed once, and wait for their second run.
  await made.clock.advance(1100);
  await made.clock.advance(150);
  expect(await waitOfHealthy(made)).toBe(0);
});

test("so do those that were given up, when a sweep finds all of them again", async () => {
  const made = hangingBench();
  hang(made, 20);
  await made.clock.settle(made.reconciler.idle());
  hang(made, 20);
  expect(await waitOfHealthy(made)).toBe(0);
});

test("a group that failed at once has all of the slots again for what is news", async () => {
  const made: Bench = bench(
    async (group) => {
      if (group === "quick") return { ...AGAIN, trouble: "group", afterMs: 5000 };
      await made.clock.sleep(5000);
      return AGAIN;
    },
    { concurrency: 4 },
  );
  const { clock, reconciler, starts } = made;
  hang(made, 4);
  await clock.advance(5000);
  await reconciler.trigger("quick");
  // Two of the four run again, which is their half.
  await clock.advance(1000);
  void reconciler.trigger("quick");
  await clock.advance(1);
  expect(starts.filter((start) => start.startsWith("quick"))).toEqual(["quick@5000", "quick@6000"]);
});

test("a group that hangs is no reason to answer the others early", async () => {
  const made = hangingBench();
  hang(made, 1);
  expect(made.reconciler.hasOthers(["healthy"])).toBe(true);
  await made.clock.advance(1500);
  expect(made.starts).toHaveLength(2);
  expect(made.reconciler.hasOthers(["healthy"])).toBe(false);
});

test("what came during the last attempt waits too, as long as the server asked for", async () => {
  const made: Bench = bench(async () => {
    await made.clock.sleep(100);
    return { ...AGAIN, afterMs: 8000 };
  });
  const { clock, reconciler, starts, outcomes } = made;
  void reconciler.trigger("g");
  await clock.advance(5 * 8100 + 50);
  void reconciler.trigger("g");
  await clock.advance(8100);
  expect(starts.slice(5)).toEqual(["g@40500", "g@48600"]);
  expect(outcomes.at(-1)).toBe("g retry 6");
});

test("a single slot serves repetitions too", async () => {
  const { clock, reconciler, outcomes } = bench(() => Promise.resolve(AGAIN), { concurrency: 1 });
  await reconciler.trigger("g");
  await clock.settle(reconciler.idle());
  expect(outcomes).toHaveLength(6);
});

test("groups that failed together come back one after the other, none before its pause is over", async () => {
  const drawn = [0, 0.5, 0.96];
  const { clock, reconciler, starts } = bench(() => Promise.resolve(AGAIN), { random: () => drawn.shift() ?? 0 });
  for (const name of ["a", "b", "c"]) void reconciler.trigger(name);
  await clock.advance(250);
  expect(starts.slice(3)).toEqual(["a@200", "b@225", "c@248"]);
});
