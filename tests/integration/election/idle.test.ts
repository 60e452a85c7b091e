/**
 * Goal: idle means silent. Where nothing happens, the function writes the renewals that are due and nothing else; where
 * something happens that is none of its business, it asks nothing; many renewals that fall due together are no burst.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { poll } from "../../../infra/lab/poll.ts";
import { createLock, createNamespace, createStatefulSet, waitFor } from "../support/fixture.ts";
import type { FunctionInstance } from "../../../infra/lab/function.ts";
import { waitForWriter, type LockName } from "../../../infra/lab/group.ts";
import { annotate, leasesPath, locksPath, podPath, podsReady } from "../support/objects.ts";
import { SCALE_BOUND_MS, startStage, tickBoundMs, type Call, type Stage } from "../support/stage.ts";

const TICK_SECONDS = 5;
const LOCK: LockName = { namespace: "idle", name: "db", leaseName: "db" };
const LEASE_SECONDS = 30;
const IDLE_SECONDS = 120;
const STRANGER_UPDATES = 50;
const MANY = 30;
const MANY_LEASE_SECONDS = 20;
const MANY_WINDOW_SECONDS = 40;
/** The API server's clock is known to within a second. */
const CLOCK_MS = 1_000;
const BURST_WINDOW_MS = 500;
const MANY_BOUND_MS = 60_000;

const pathOf = ({ path }: Call): string => path.split("?")[0] ?? "";
const isRenewal = (call: Call): boolean => call.method === "PATCH" && call.path.includes("/leases/");
const isSweep = (call: Call): boolean => call.method === "GET" && !call.path.includes("/namespaces/");

/** The largest number of times within any window. */
const burst = (times: readonly number[], windowMs: number): number =>
  Math.max(...times.map((start) => times.filter((time) => time >= start && time < start + windowMs).length));

describe("nothing to do", () => {
  let stage: Stage;
  let instance: FunctionInstance;

  const objectEvents = async (): Promise<number> => {
    const lines = (await instance.metrics()).split("\n");
    const counts = lines.filter((line) => line.startsWith('bellwether_events_total{type="object"'));
    return counts.map((line) => Number(line.split(" ").at(-1))).reduce((sum, count) => sum + count, 0);
  };

  beforeAll(async () => {
    stage = await startStage({ tickSeconds: TICK_SECONDS });
    instance = await stage.join();
    await stage.startSources();
    await createNamespace(stage.lab, LOCK.namespace);
    await createStatefulSet(stage.lab, { name: "db", namespace: LOCK.namespace, replicas: 3 });
    await createStatefulSet(stage.lab, { name: "stranger", namespace: LOCK.namespace, replicas: 1 });
    await podsReady(stage.lab, LOCK.namespace, 4);
    await createLock(stage.lab, { ...LOCK, statefulSetName: "db", leaseDurationSeconds: LEASE_SECONDS });
    await waitForWriter(stage.lab, LOCK, { deadlineMs: SCALE_BOUND_MS });
  });

  afterAll(async () => {
    await stage.stop();
  });

  it("updates of a pod that belongs to no group cost no API call", async () => {
    // The tick after the election may still find something to report.
    await sleep(tickBoundMs(TICK_SECONDS));
    const calls = stage.calls.length;
    const before = await objectEvents();
    for (let update = 0; update < STRANGER_UPDATES; update += 1) {
      // oxlint-disable-next-line no-await-in-loop
      await annotate(stage.lab, podPath(LOCK.namespace, "stranger-0"), { "example.com/update": String(update) });
    }
    await poll(async () => ((await objectEvents()) >= before + STRANGER_UPDATES ? true : undefined), {
      what: `${STRANGER_UPDATES} events`,
      everyMs: 50,
      deadlineMs: SCALE_BOUND_MS,
    });
    expect(stage.calls.slice(calls).filter((call) => !isSweep(call) && !isRenewal(call))).toEqual([]);
  });

  it(
    "for two minutes the only writes are renewals that are due, and the only reads those of the sweep",
    { timeout: (IDLE_SECONDS + 30) * 1000 },
    async () => {
      const before = stage.calls.length;
      await sleep(IDLE_SECONDS * 1000);
      const calls = stage.calls.slice(before);
      const renewals = calls.filter(isRenewal);
      process.stdout.write(`idle ${IDLE_SECONDS} s, Lease ${LEASE_SECONDS} s: ${renewals.length} renewals\n`);
      expect(calls.filter((call) => !isSweep(call) && !isRenewal(call))).toEqual([]);
      expect([...new Set(renewals.map(pathOf))]).toEqual([`${leasesPath(LOCK.namespace)}/db`]);
      expect(renewals.every(({ status }) => status === 200)).toBe(true);
      expect(renewals.length).toBeGreaterThanOrEqual(IDLE_SECONDS / (LEASE_SECONDS / 2) - 2);
      expect(renewals.length).toBeLessThanOrEqual(IDLE_SECONDS / (LEASE_SECONDS / 2) + 1);
    },
  );

  it(`${MANY} Leases are renewed once per half duration each, before they expire, and not in one burst`, async () => {
    const namespace = "many";
    await createNamespace(stage.lab, namespace);
    const names = Array.from({ length: MANY }, (_, index) => `db-${String(index).padStart(2, "0")}`);
    await Promise.all(names.map((name) => createStatefulSet(stage.lab, { name, namespace, replicas: 1 })));
    await podsReady(stage.lab, namespace, MANY);
    await Promise.all(
      names.map((name) =>
        createLock(stage.lab, { name, namespace, statefulSetName: name, leaseDurationSeconds: MANY_LEASE_SECONDS }),
      ),
    );
    await waitFor<KubeObject>(stage.lab, {
      path: locksPath(namespace),
      until: (locks) =>
        locks.length === MANY && locks.every(({ status }) => (status as { writerPod?: string })?.writerPod),
      deadlineMs: MANY_BOUND_MS,
    });
    const before = stage.calls.length;
    await sleep(MANY_WINDOW_SECONDS * 1000);
    const renewals = stage.calls.slice(before).filter((call) => isRenewal(call) && call.path.includes(namespace));
    const byLease = Map.groupBy(renewals, pathOf);
    expect(byLease.size).toBe(MANY);
    for (const calls of byLease.values()) {
      const gaps = calls.slice(1).map(({ at }, index) => at - (calls[index]?.at ?? 0));
      expect(gaps.length).toBeGreaterThan(0);
      expect(Math.min(...gaps)).toBeGreaterThan((MANY_LEASE_SECONDS / 2) * 1000 - CLOCK_MS);
      expect(Math.max(...gaps)).toBeLessThan(MANY_LEASE_SECONDS * 1000);
    }
    const most = burst(
      renewals.map(({ at }) => at),
      BURST_WINDOW_MS,
    );
    process.stdout.write(`${MANY} Leases: at most ${most} renewals within ${BURST_WINDOW_MS} ms\n`);
    expect(most).toBeLessThanOrEqual(MANY / 2);
  });
});
