/**
 * Goal: whatever happens to the pods, the lock, the Lease, the events or the function, there is exactly one writer again
 * within the stated time, no write of ours ever makes two, and epochs only grow.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOCKS, ROLES } from "../../../functions/election/labels.ts";
import { judge, renderVerdict } from "../../../functions/kit/history/judge.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { succeed } from "../../../infra/lab/api.ts";
import type { Adapter } from "../../../infra/lab/adapters.ts";
import { createLock, createNamespace, createStatefulSet } from "../support/fixture.ts";
import type { FunctionInstance } from "../../../infra/lab/function.ts";
import {
  disagreement,
  readGroup,
  waitForGroup,
  writersOf,
  type GroupState,
  type LockName,
} from "../../../infra/lab/group.ts";
import { startScene, TICK_BOUND_MS, type Scene } from "../support/scene.ts";
import { EVENT_BOUND_MS, SCALE_BOUND_MS } from "../support/stage.ts";
import { ELECTION } from "../../../infra/observe/scope.ts";

const LOCK: LockName = { namespace: "data", name: "db", leaseName: "db-writer" };
const PODS_PATH = "/api/v1/namespaces/data/pods";
const SET_PATH = "/apis/apps/v1/namespaces/data/statefulsets/db";
const LEASE_PATH = "/apis/coordination.k8s.io/v1/namespaces/data/leases/db-writer";
const LOCK_PATH = `/apis/${LOCKS.group}/${LOCKS.version}/namespaces/data/${LOCKS.plural}/db`;
/** Half of a Lease of six seconds and a tick with its jitter. */
const NOTHING_HAPPENS_MS = 6_000;
const threeAgree = (state: GroupState): boolean => state.pods.length === 3 && disagreement(state) === undefined;

describe("one lock on a real control plane, both adapters, two instances", () => {
  let scene: Scene;
  let source: Adapter;
  let instances: FunctionInstance[] = [];
  let epoch = 0;

  const patch = (path: string, body: unknown): Promise<KubeObject> =>
    succeed(scene.lab.api, "PATCH", path, { body, contentType: "application/merge-patch+json" });
  const scale = (replicas: number): Promise<KubeObject> => patch(SET_PATH, { spec: { replicas } });
  const remove = (path: string, body?: unknown): Promise<unknown> => succeed(scene.lab.api, "DELETE", path, { body });

  /** Everything agrees within the bound; the epoch grew exactly when the writer is another pod. */
  const settles = async (
    expected: { is?: (name: string) => boolean; deadlineMs?: number; moved?: boolean } = {},
  ): Promise<GroupState> => {
    const { is = () => true, deadlineMs = EVENT_BOUND_MS, moved } = expected;
    const before = epoch;
    const grown = (state: GroupState): boolean => moved !== true || (state.record?.epoch ?? 0) > before;
    const state = await waitForGroup(scene.lab, LOCK, {
      until: (seen) => disagreement(seen) === undefined && grown(seen) && writersOf(seen).every(({ name }) => is(name)),
      deadlineMs,
    });
    epoch = state.record?.epoch ?? 0;
    expect(epoch).toBeGreaterThanOrEqual(before);
    if (moved === false) expect(epoch).toBe(before);
    return state;
  };

  const writer = async (): Promise<string> => {
    const state = await settles({ deadlineMs: TICK_BOUND_MS });
    return writersOf(state)[0]?.name ?? "";
  };

  beforeAll(async () => {
    scene = await startScene();
    instances = [await scene.instance(), await scene.instance()];
    scene.balancer.target(instances.map(({ url }) => url));
    source = await scene.startSource();
    await createNamespace(scene.lab, "data");
  });

  afterAll(async () => {
    await scene.stop();
  });

  it("elects the lowest ordinal first", async () => {
    await createStatefulSet(scene.lab, { name: "db", namespace: "data", replicas: 3 });
    await createLock(scene.lab, { name: "db", namespace: "data", statefulSetName: "db", leaseName: "db-writer" });
    await waitForGroup(scene.lab, LOCK, { until: threeAgree, deadlineMs: SCALE_BOUND_MS });
    await settles({ is: (name) => name === "db-0" });
  });

  it("replaces a writer that is not Ready, and does not move back when it returns", async () => {
    await scene.lab.kubelet.setReady("data", "db-0", false);
    await settles({ is: (name) => name === "db-1", moved: true });
    await scene.lab.kubelet.setReady("data", "db-0", true);
    await settles({ is: (name) => name === "db-1", moved: false });
  });

  it("replaces a writer as soon as it is terminating", async () => {
    const name = await writer();
    await remove(`${PODS_PATH}/${name}`, { gracePeriodSeconds: 20 });
    await settles({ is: (other) => other !== name, moved: true });
  });

  it("replaces a writer that was deleted by force, though its name comes back", async () => {
    const name = await writer();
    await remove(`${PODS_PATH}/${name}`, { gracePeriodSeconds: 0 });
    await settles({ moved: true, deadlineMs: EVENT_BOUND_MS });
    await waitForGroup(scene.lab, LOCK, {
      until: ({ pods, ...state }) => pods.length === 3 && disagreement({ ...state, pods }) === undefined,
      deadlineMs: SCALE_BOUND_MS,
    });
  });

  it("switches over to the named pod and takes the annotation off", async () => {
    const name = await writer();
    const to = name === "db-2" ? "db-1" : "db-2";
    await patch(LOCK_PATH, { metadata: { annotations: { "bellwether.dev/switchover-to": to } } });
    await waitForGroup(scene.lab, LOCK, {
      until: (state) =>
        disagreement(state) === undefined &&
        writersOf(state)[0]?.name === to &&
        state.lock?.metadata.annotations?.["bellwether.dev/switchover-to"] === undefined,
      deadlineMs: EVENT_BOUND_MS,
    });
    await settles({ is: (other) => other === to });
  });

  it("refuses a switchover to a pod that cannot lead, with an Event and a condition, and moves nothing", async () => {
    const name = await writer();
    await patch(LOCK_PATH, { metadata: { annotations: { "bellwether.dev/switchover-to": "db-9" } } });
    const state = await waitForGroup(scene.lab, LOCK, {
      until: ({ status }) => status.conditions?.some(({ type }) => type === "SwitchoverRefused") === true,
      deadlineMs: EVENT_BOUND_MS,
    });
    expect(writersOf(state).map((pod) => pod.name)).toEqual([name]);
    const refused = state.status.conditions?.find(({ type }) => type === "SwitchoverRefused");
    expect(refused?.message).toBe('switchover to "db-9" refused: the pod is not a pod of the StatefulSet');
    await patch(LOCK_PATH, { metadata: { annotations: { "bellwether.dev/switchover-to": null } } });
    await settles({ is: (other) => other === name, moved: false });
    const events = await succeed<{ items: readonly { reason: string }[] }>(
      scene.lab.api,
      "GET",
      "/apis/events.k8s.io/v1/namespaces/data/events",
    );
    expect(events.items.map(({ reason }) => reason)).toContain("NotEligible");
  });

  it("keeps one writer while the set is scaled 3 -> 1 -> 3 -> 0 -> 3", async () => {
    const ofSize = (size: number): Promise<GroupState> =>
      waitForGroup(scene.lab, LOCK, {
        until: (state) => state.pods.length === size && disagreement(state) === undefined,
        deadlineMs: SCALE_BOUND_MS,
      });
    await scale(1);
    await ofSize(1);
    await settles({ is: (name) => name === "db-0" });
    await scale(3);
    await ofSize(3);
    await settles({ is: (name) => name === "db-0", moved: false });
    await scale(0);
    const gone = await waitForGroup(scene.lab, LOCK, {
      until: ({ pods, status }) =>
        pods.length === 0 && status.writerPod === "" && status.conditions?.[0]?.reason === "PodsNotFound",
      deadlineMs: SCALE_BOUND_MS,
    });
    expect(gone.record?.holder?.name).toBe("db-0");
    await scale(3);
    await ofSize(3);
    await settles({ moved: true });
  });

  it("moves nothing while no pod is Ready, renews nothing, says so, and goes on with the first that returns", async () => {
    // Due after three seconds, so that a renewal that should not be would come while the test waits.
    await patch(LOCK_PATH, { spec: { leaseDurationSeconds: 6 } });
    const name = await writer();
    // The writer last, so that no hand-over is between fence and promotion.
    const others = ["db-0", "db-1", "db-2"].filter((pod) => pod !== name);
    for (const pod of [...others, name]) {
      // oxlint-disable-next-line no-await-in-loop
      await scene.lab.kubelet.setReady("data", pod, false);
    }
    const held = await waitForGroup(scene.lab, LOCK, {
      until: ({ status }) => status.writerPod === "" && status.conditions?.[0]?.status === "False",
      deadlineMs: TICK_BOUND_MS,
    });
    expect(writersOf(held).map((pod) => pod.name)).toEqual([name]);
    expect(held.status.conditions?.[0]?.reason).toBe("PodsNotFound");
    const renewed = held.record?.renewTime;
    await sleep(NOTHING_HAPPENS_MS);
    const later = await readGroup(scene.lab, LOCK);
    expect(later.record?.renewTime).toBe(renewed);
    expect(writersOf(later).map((pod) => pod.name)).toEqual([name]);
    await patch(LOCK_PATH, { spec: { leaseDurationSeconds: 30 } });
    await scene.lab.kubelet.setReady("data", "db-2", true);
    await settles({ is: (other) => other === "db-2" });
    await scene.lab.kubelet.setReady("data", "db-0", true);
    await scene.lab.kubelet.setReady("data", "db-1", true);
    await settles({ is: (other) => other === "db-2", moved: false });
  });

  it("ends the group when the lock is deleted, and starts above its epochs when the lock comes back", async () => {
    await settles();
    await remove(LOCK_PATH);
    await waitForGroup(scene.lab, LOCK, {
      until: ({ lock, record, pods }) => lock === undefined && record === undefined && pods.length === 0,
      deadlineMs: EVENT_BOUND_MS,
    });
    const pods = await succeed<{ items: readonly KubeObject[] }>(scene.lab.api, "GET", PODS_PATH);
    expect(pods.items.map(({ metadata }) => metadata.labels?.[ROLES.roleLabel])).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(
      pods.items.every(({ metadata }) => metadata.annotations?.["bellwether.dev/election.token"] === undefined),
    ).toBe(true);
    await createLock(scene.lab, { name: "db", namespace: "data", statefulSetName: "db", leaseName: "db-writer" });
    await settles({ moved: true });
  });

  it("makes a new record with a higher epoch when the Lease is deleted by hand, and keeps the writer", async () => {
    const name = await writer();
    await remove(LEASE_PATH);
    await settles({ is: (other) => other === name, moved: true, deadlineMs: TICK_BOUND_MS });
  });

  it("repairs labels that somebody changed", async () => {
    const name = await writer();
    const reader = name === "db-0" ? "db-1" : "db-0";
    await patch(`${PODS_PATH}/${reader}`, { metadata: { labels: { "sts-role": "writer" } } });
    await settles({ is: (other) => other === name, moved: false });
    await patch(`${PODS_PATH}/${name}`, { metadata: { labels: { "sts-role": null } } });
    await settles({ is: (other) => other === name, moved: false });
    await patch(`${PODS_PATH}/${reader}`, {
      metadata: { labels: { "bellwether.dev/election": null, "sts-role": "writer" } },
    });
    await settles({ is: (other) => other === name, moved: false });
    await patch(`${PODS_PATH}/${name}`, { metadata: { labels: { app: "elsewhere" } } });
    await settles({ is: (other) => other !== name, moved: true });
    await remove(`${PODS_PATH}/${name}`, { gracePeriodSeconds: 0 });
    await waitForGroup(scene.lab, LOCK, { until: ({ pods }) => pods.length === 3, deadlineMs: SCALE_BOUND_MS });
    await settles({ deadlineMs: TICK_BOUND_MS });
  });

  it("finds by the tick what happened while no adapter ran", async () => {
    const name = await writer();
    await source.stop("SIGKILL");
    await scene.lab.kubelet.setReady("data", name, false);
    await settles({ is: (other) => other !== name, moved: true, deadlineMs: TICK_BOUND_MS });
    source = await scene.startSource();
    await scene.lab.kubelet.setReady("data", name, true);
    await settles({ moved: false });
  });

  it("never made two writers over the whole run, and says who did", async () => {
    await settles({ deadlineMs: TICK_BOUND_MS });
    await scene.observer.stop();
    expect(scene.observer.gaps).toEqual([]);
    const verdict = judge(scene.observer.revisions, ELECTION);
    expect(verdict.violations, renderVerdict(verdict)).toEqual([]);
    expect(verdict.promotions).toBeGreaterThan(9);
    expect(verdict.foreign.length).toBeGreaterThan(0);
    for (const doubling of verdict.foreign) expect(doubling.repairedAfterMs).toBeLessThan(TICK_BOUND_MS);
  });
});
