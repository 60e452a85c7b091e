/**
 * Goal: without any Knative a function that does not run is woken for what it has to do, gets its events, and fails over; nothing else
 * wakes it (issue 6, KEDA with our own scaler). The stand-in for KEDA's operator does on the wire what the real one does.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { judge, renderVerdict } from "../../../functions/kit/history/judge.ts";
import { poll } from "../../../infra/lab/poll.ts";
import { ELECTION } from "../../../infra/observe/scope.ts";
import { connectKeda, type Keda } from "../../contract/scaler/keda.ts";
import { createNamespace, createStatefulSet } from "../support/fixture.ts";
import { epochsBetween, settles } from "../support/hand-overs.ts";
import { annotate, createGroup, gone, lockPath, podPath, podsReady, remove } from "../support/objects.ts";
import { openColdStage, type ColdStage, type ScalerInstance } from "./support.ts";

const TICK_SECONDS = 4;
/** No renewal falls due while a test counts activations. */
const LONG_LEASE_SECONDS = 3600;
/** Renewed from half of it on; with the tick that is never too late. */
const SHORT_LEASE_SECONDS = 10;
const PUSHED_BOUND_MS = 1_000;
const RECOVERED_BOUND_MS = 10_000;
/** More than the second after which the scaler repeats what waits. */
const REPEATED_MS = 1_200;

let stage: ColdStage;
let scaler: ScalerInstance;
let keda: Keda;

/** Nothing waits for the function any more: it would have been said again. */
const silence = (): Promise<true> =>
  poll(async () => (performance.now() - (keda.activations.at(-1) ?? 0) > REPEATED_MS ? true : undefined), {
    what: "nothing waits for the function",
    everyMs: 20,
    deadlineMs: RECOVERED_BOUND_MS,
  });

/** A group that is led, while nobody runs any more. */
const asleep = async (namespace: string, leaseDurationSeconds: number): Promise<void> => {
  await stage.wake();
  await createGroup(stage.lab, namespace, { leaseDurationSeconds });
  await settles(stage.lab, namespace, { is: (name) => name === "db-0", deadlineMs: RECOVERED_BOUND_MS });
  await silence();
  await stage.sleep();
};

beforeAll(async () => {
  stage = await openColdStage({ BELLWETHER_TICK_SECONDS: String(TICK_SECONDS) });
  scaler = await stage.scaler();
  keda = connectKeda({ port: scaler.port });
});
afterAll(async () => {
  keda.close();
  await stage.stop();
});

test("a first election: the lock's own event wakes the function", async () => {
  const woken = keda.activation();
  await createGroup(stage.lab, "first", { leaseDurationSeconds: LONG_LEASE_SECONDS });
  await woken;
  await stage.wake();
  await settles(stage.lab, "first", { deadlineMs: RECOVERED_BOUND_MS });
  await stage.sleep();
});

test("a lost writer in front of a function at zero is pushed, and the function that is started fails over", async () => {
  await asleep("lost", LONG_LEASE_SECONDS);
  const woken = keda.activation();
  const lostAt = performance.now();
  await stage.lab.kubelet.setReady("lost", "db-0", false);
  const pushedMs = (await woken) - lostAt;
  const fn = await stage.wake();
  const startedMs = performance.now() - lostAt;
  await settles(stage.lab, "lost", { is: (name) => name !== "db-0", deadlineMs: RECOVERED_BOUND_MS });
  const doneMs = performance.now() - lostAt;
  const figures = { pushedMs, startedMs, doneMs };
  process.stdout.write(
    `writer lost: ${JSON.stringify(figures, (_, value: unknown) => (typeof value === "number" ? Math.round(value) : value))}\n`,
  );
  expect(pushedMs).toBeLessThan(PUSHED_BOUND_MS);
  expect(await keda.poll()).toEqual({ value: 1, active: true });
  const received = async (): Promise<true | undefined> =>
    /bellwether_events_total\{type="object",status="204"\} [1-9]/.test(await fn.metrics()) ? true : undefined;
  await poll(received, { what: "the event at the function", everyMs: 20, deadlineMs: RECOVERED_BOUND_MS });
  await stage.sleep();
});

test("what needs nobody wakes nobody: a reader's trouble, somebody's annotation, pods of others", async () => {
  await asleep("calm", LONG_LEASE_SECONDS);
  const before = keda.activations.length;
  await stage.lab.kubelet.setReady("calm", "db-2", false);
  await annotate(stage.lab, podPath("calm", "db-1"), { note: "changed" });
  await createNamespace(stage.lab, "others");
  await createStatefulSet(stage.lab, { name: "web", namespace: "others", replicas: 2 });
  await podsReady(stage.lab, "others", 2);
  expect(keda.activations.length).toBe(before);
  // Later than all of these on the same watch.
  const woken = keda.activation();
  await stage.lab.kubelet.setReady("calm", "db-0", false);
  await woken;
  expect(keda.activations.length).toBe(before + 1);
  await stage.wake();
  await settles(stage.lab, "calm", { is: (name) => name === "db-1", deadlineMs: RECOVERED_BOUND_MS });
  await stage.sleep();
});

test("a Lease that falls due wakes the function by the tick alone, and it is renewed", async () => {
  await asleep("due", SHORT_LEASE_SECONDS);
  const { record } = await settles(stage.lab, "due", { deadlineMs: RECOVERED_BOUND_MS });
  const woken = keda.activation();
  await woken;
  await stage.wake();
  const renewed = await settles(stage.lab, "due", { deadlineMs: RECOVERED_BOUND_MS });
  expect(renewed.record?.epoch).toBe(record?.epoch);
  // What falls due again and again is no part of the tests that follow.
  await remove(stage.lab, lockPath("due", "db"));
  await gone(stage.lab, lockPath("due", "db"), RECOVERED_BOUND_MS);
  await silence();
  await stage.sleep();
});

test("two scalers deliver everything twice, and each hand-over happens once", async () => {
  const second = await stage.scaler();
  const other = connectKeda({ port: second.port });
  try {
    await asleep("twice", LONG_LEASE_SECONDS);
    const from = await settles(stage.lab, "twice", { deadlineMs: RECOVERED_BOUND_MS });
    const woken = Promise.all([keda.activation(), other.activation()]);
    await stage.lab.kubelet.setReady("twice", "db-0", false);
    await woken;
    await stage.wake();
    const to = await settles(stage.lab, "twice", { is: (name) => name !== "db-0", deadlineMs: RECOVERED_BOUND_MS });
    expect(await epochsBetween(stage, "twice", { from, to })).toBe(1);
    // Without the first the second goes on alone.
    scaler.process.kill("SIGTERM");
    await scaler.process.exited;
    await stage.sleep();
    const alone = other.activation();
    await stage.lab.kubelet.setReady("twice", to.status.writerPod ?? "", false);
    await alone;
  } finally {
    other.close();
    await stage.sleep();
  }
});

test("in all of that there never were two writers, and the scaler was refused nothing", async () => {
  await stage.observer.stop();
  const verdict = judge(stage.observer.revisions, { ...ELECTION, gaps: stage.observer.gaps });
  expect(verdict.promotions).toBeGreaterThan(6);
  expect(verdict.violations, renderVerdict(verdict)).toEqual([]);
  expect(scaler.log()).not.toMatch(/could not read|interrupted|forbidden/i);
});
