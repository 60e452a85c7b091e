/** Groups that end well, but only after they waited for something of their own, must not keep the others from running. */
import { expect, test } from "vitest";
import type { RunOutcome } from "../../../functions/kit/feature.ts";
import type { Transport } from "../../../functions/kit/kube/request.ts";
import { createReconciler, type Reconciler } from "../../../functions/kit/reconcile.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual-clock.ts";

const HANGS_MS = 1_000;

const send: Transport = () => Promise.reject(new Error("nothing is sent"));

const benchOf = (waited: boolean): { readonly clock: VirtualClock; readonly reconciler: Reconciler } => {
  const clock = createVirtualClock();
  const run = async (group: string): Promise<RunOutcome> => {
    if (group !== "healthy") await clock.sleep(HANGS_MS);
    return { kind: "done", reason: "Done", waited };
  };
  const options = { send, clock, concurrency: 4, deadlineMs: 10_000, run, onOutcome: () => undefined };
  return { clock, reconciler: createReconciler(options) };
};

/** How long a healthy group waits for its run when twenty others have run before, and run again. */
const waitOfHealthy = async (waited: boolean): Promise<number> => {
  const { clock, reconciler } = benchOf(waited);
  const all = Array.from({ length: 20 }, (_, index) => `slow-${index}`);
  await clock.settle(Promise.all(all.map((group) => reconciler.trigger(group))));
  for (const group of all) void reconciler.trigger(group);
  const begun = clock.monotonic();
  await clock.settle(reconciler.trigger("healthy"));
  return clock.monotonic() - begun;
};

test("those that say that they waited get half of the slots", async () => {
  expect(await waitOfHealthy(true)).toBe(0);
});

test("those that had so much to do get all of them", async () => {
  expect(await waitOfHealthy(false)).toBeGreaterThan(HANGS_MS);
});
