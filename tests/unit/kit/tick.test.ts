/** The cron tick: every feature is swept, groups are handed to their runs, and what fails says so. */
import { expect, test } from "vitest";
import type { Feature, RunOutcome, SweepOutcome } from "../../../functions/kit/feature.ts";
import { createLog } from "../../../functions/kit/host/log.ts";
import { METRICS } from "../../../functions/kit/host/metric-list.ts";
import { createMetrics } from "../../../functions/kit/host/metrics.ts";
import { createTick, type Tick } from "../../../functions/renewal/tick.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual-clock.ts";

const SWEPT: SweepOutcome = { kind: "swept", groups: 2, renewed: 0 };
const DONE: RunOutcome = { kind: "done", reason: "Fine" };

const feature = (name: string, sweep: Feature["sweep"]): Feature => ({
  name,
  groupsOf: () => [],
  run: () => Promise.resolve(DONE),
  sweep,
});

interface Bench {
  readonly clock: VirtualClock;
  readonly tick: Tick;
  readonly said: string[];
}
const bench = (...features: readonly Feature[]): Bench => {
  const clock = createVirtualClock();
  const said: string[] = [];
  const tick = createTick({
    features,
    clock,
    send: () => Promise.resolve({ status: 200, body: {} }),
    log: createLog({ level: "debug", write: () => undefined }),
    metrics: createMetrics(METRICS),
    trigger: async ({ name }, group) => {
      await clock.sleep(100);
      said.push(`ran ${name} ${group}`);
      return DONE;
    },
    onRead: ({ name }, isBarred) => said.push(`${isBarred ? "barred" : "read"} ${name}`),
  });
  return { clock, tick, said };
};

test("every feature is swept, and the tick waits for the runs of what was found", async () => {
  const one = feature("one", (_send, found) => {
    found(["a", "b"]);
    return Promise.resolve(SWEPT);
  });
  const two = feature("two", (_send, found) => {
    found([]);
    return Promise.resolve(SWEPT);
  });
  const { clock, tick, said } = bench(one, two);
  expect(await clock.settle(tick())).toBeUndefined();
  expect(said).toEqual(["read one", "read two", "ran one a", "ran one b"]);
});

test("groups run as soon as everything is read, not after the renewals", async () => {
  const made: Bench = bench(
    feature("one", async (_send, found) => {
      found(["a"]);
      await made.clock.sleep(5000);
      found(["late"]);
      return SWEPT;
    }),
  );
  const done = made.tick();
  await made.clock.advance(100);
  expect(made.said).toEqual(["read one", "ran one a"]);
  await made.clock.settle(done);
  expect(made.said.at(-1)).toBe("ran one late");
});

test.each<[string, Feature["sweep"], RegExp]>([
  ["could not read", () => Promise.resolve({ kind: "failed", reason: "list pods: 503" }), /list pods: 503/],
  ["throws", () => Promise.reject(new Error("boom")), /boom/],
])("a feature that %s is named, and the others are swept all the same", async (_title, sweep, reason) => {
  const good = feature("good", (_send, found) => {
    found(["a"]);
    return Promise.resolve(SWEPT);
  });
  const { clock, tick, said } = bench(feature("bad", sweep), good);
  expect(await clock.settle(tick())).toMatch(reason);
  expect(said).toEqual(["read good", "ran good a"]);
});

test("of a feature that may list nothing it is told that it is barred, not that it is read", async () => {
  const barred = feature("one", () => Promise.resolve({ kind: "barred", namespaces: [], reason: "list pods: 403" }));
  const failing = feature("two", () => Promise.resolve({ kind: "failed", reason: "list pods: 503" }));
  const { clock, tick, said } = bench(barred, failing);
  await clock.settle(tick());
  expect(said).toEqual(["barred one"]);
});

test("a permission that is missing is a reason to ask again only where no feature can be swept at all", async () => {
  const barred = feature("one", () => Promise.resolve({ kind: "barred", namespaces: [], reason: "list pods: 403" }));
  const partly = feature("two", (_send, found) => {
    found([]);
    return Promise.resolve({ ...SWEPT, barred: { namespaces: ["a"], reason: "R" } });
  });
  const [alone, both] = [bench(barred), bench(barred, partly)];
  expect(await alone.clock.settle(alone.tick())).toBe("list pods: 403");
  expect(await both.clock.settle(both.tick())).toBeUndefined();
});

test("after a failed sweep the next tick sweeps again", async () => {
  let sweeps = 0;
  const { clock, tick } = bench(
    feature("one", () => {
      sweeps += 1;
      return Promise.resolve(sweeps === 1 ? { kind: "failed", reason: "R" } : SWEPT);
    }),
  );
  expect([await clock.settle(tick()), await clock.settle(tick()), sweeps]).toEqual(["R", undefined, 2]);
});
