/** Events that reach a cold instance of which a feature may list nothing: those of other features go on, and nobody believes to know all groups. */
import { expect, test } from "vitest";
import { createFunction, type RunningFunction } from "../../../functions/function.ts";
import type { Feature } from "../../../functions/kit/feature.ts";
import { createLog } from "../../../functions/kit/host/log.ts";
import { METRICS } from "../../../functions/kit/host/metric-list.ts";
import { createMetrics } from "../../../functions/kit/host/metrics.ts";
import { PODS } from "../../../functions/kit/kube/request.ts";
import { changed, LIMITS, TICK } from "../support/fake-function.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual-clock.ts";

const POD = changed(PODS, { metadata: { name: "db-0", namespace: "default", uid: "u", resourceVersion: "1" } });

interface Cold {
  readonly clock: VirtualClock;
  readonly fn: RunningFunction;
  /** Sweeps and runs, by feature. */
  readonly said: readonly string[];
  readonly grant: () => void;
}

/** Each feature knows one group once it was swept; those that are named may list nothing until that is granted. */
const cold = (names: readonly string[], barred: readonly string[]): Cold => {
  const clock = createVirtualClock();
  const said: string[] = [];
  let granted = false;
  const featureOf = (name: string): Feature => {
    let known: readonly string[] = [];
    return {
      name,
      groupsOf: () => known,
      run: () => {
        said.push(`run ${name}`);
        return Promise.resolve({ kind: "done", reason: "Fine" });
      },
      sweep: (_send, found) => {
        said.push(`sweep ${name}`);
        if (barred.includes(name) && !granted) {
          return Promise.resolve({ kind: "barred", namespaces: [], reason: "list pods: 403" });
        }
        known = ["g"];
        found([]);
        return Promise.resolve({ kind: "swept", groups: 1, renewed: 0 });
      },
    };
  };
  const fn = createFunction({
    ...LIMITS,
    features: names.map(featureOf),
    send: () => Promise.resolve({ status: 200, body: {} }),
    clock,
    log: createLog({ level: "error", write: () => undefined }),
    metrics: createMetrics(METRICS),
  });
  const grant = (): void => {
    granted = true;
  };
  return { clock, fn, said, grant };
};

test("where no feature could be swept an event is to come again, and looks for no permission itself", async () => {
  const { clock, fn, said } = cold(["one"], ["one"]);
  expect(await clock.settle(fn.handle(TICK))).toMatchObject({ statusCode: 503 });
  expect(await clock.settle(fn.handle(POD))).toMatchObject({ statusCode: 503 });
  expect(said).toEqual(["sweep one"]);
});

test("the first event of all finds out that nothing may be listed, and is not lost either", async () => {
  const { clock, fn } = cold(["one"], ["one"]);
  expect(await clock.settle(fn.handle(POD))).toMatchObject({ statusCode: 503 });
});

test("a refusal at the first sweep that was none at the next: from there on its events are served", async () => {
  const { clock, fn, said, grant } = cold(["one"], ["one"]);
  await clock.settle(fn.handle(TICK));
  grant();
  await clock.settle(fn.handle(TICK));
  expect(await clock.settle(fn.handle(POD))).toBeUndefined();
  expect(said).toEqual(["sweep one", "sweep one", "run one"]);
});

test("a feature that may list nothing holds up no event of the others", async () => {
  const { clock, fn, said } = cold(["one", "two"], ["one"]);
  expect(await clock.settle(fn.handle(POD))).toBeUndefined();
  expect(said).toEqual(["sweep one", "sweep two", "run two"]);
});
