/**
 * Goal: where two locks want the same thing, the oldest is served, the other says why not, and nothing is stolen; an
 * edited lock leaves nothing behind.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { viewLock } from "../../../functions/election/model.ts";
import { byAge } from "../../../functions/kit/group/owners.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { poll } from "../../../infra/lab/poll.ts";
import { createLock, createNamespace, createStatefulSet, type LockOptions } from "../support/fixture.ts";
import {
  disagreement,
  waitForGroup,
  waitForWriter,
  writersOf,
  type GroupState,
  type LockName,
} from "../../../infra/lab/group.ts";
import {
  annotate,
  bare,
  eventRecorded,
  get,
  gone,
  leasePath,
  lockPath,
  patch,
  podsPath,
  podsReady,
  remove,
  versions,
} from "../support/objects.ts";
import { EVENT_BOUND_MS, ofSet, startStage, tickBoundMs, type Stage } from "../support/stage.ts";

const reasonOf = ({ status }: GroupState): string | undefined => status.conditions?.[0]?.reason;
const age = (lock: KubeObject): number => Date.parse(lock.metadata.creationTimestamp ?? "");

describe("locks that share, change and go", () => {
  let stage: Stage;

  const prepare = async (namespace: string, ...sets: readonly string[]): Promise<void> => {
    await createNamespace(stage.lab, namespace);
    await Promise.all(sets.map((name) => createStatefulSet(stage.lab, { name, namespace, replicas: 2 })));
    await podsReady(stage.lab, namespace, 2 * sets.length);
  };

  /** Creation times are whole seconds: the next lock is made in a later one. */
  const createLater = async (lock: LockOptions, than: KubeObject): Promise<KubeObject> => {
    await poll(async () => (Date.now() >= age(than) + 1000 ? true : undefined), {
      what: "the next second",
      everyMs: 20,
      deadlineMs: 2_000,
    });
    const created = await createLock(stage.lab, lock);
    const [first, second] = [than, created].map((object) => viewLock(object, Date.now()));
    if (first === undefined || second === undefined) throw new Error("two locks were made");
    expect(byAge(first, second)).toBe(-1);
    return created;
  };

  const settled = (lock: LockName, set: string, deadlineMs: number = EVENT_BOUND_MS): Promise<GroupState> =>
    waitForGroup(stage.lab, lock, { until: (state) => disagreement(ofSet(state, set)) === undefined, deadlineMs });

  const refused = (lock: LockName, reason: string): Promise<GroupState> =>
    waitForGroup(stage.lab, lock, { until: (state) => reasonOf(state) === reason, deadlineMs: EVENT_BOUND_MS });

  beforeAll(async () => {
    stage = await startStage();
    await stage.join();
    await stage.startSources();
  });

  afterAll(async () => {
    await stage.stop();
  });

  describe("two locks on one StatefulSet", () => {
    const namespace = "one-set";
    const older: LockName = { namespace, name: "older", leaseName: "older" };
    const younger: LockName = { namespace, name: "younger", leaseName: "younger" };
    const paths = [podsPath(namespace), leasePath(namespace, "").slice(0, -1)];

    it("the oldest is served; the other has a condition and an Event, and no Lease", async () => {
      await prepare(namespace, "db");
      const lock = await createLock(stage.lab, { name: "older", namespace, statefulSetName: "db" });
      await settled(older, "db");
      const before = await versions(stage.lab, ...paths);
      await createLater({ name: "younger", namespace, statefulSetName: "db" }, lock);
      const state = await refused(younger, "StatefulSetShared");
      const message = "StatefulSet db is served by the older StatefulSetLock older";
      expect(state.status.conditions?.[0]).toMatchObject({ type: "Available", status: "False", message });
      expect(state.status.writerPod).toBe("");
      expect(state.record).toBeUndefined();
      const matches = ({ note, regarding }: { note: string; regarding: { name: string } }): boolean =>
        note === message && regarding.name === "younger";
      await eventRecorded(stage.lab, namespace, { matches, deadlineMs: EVENT_BOUND_MS });
      expect(await versions(stage.lab, ...paths)).toEqual(before);
    });

    it("the deletion of the one that is not served touches nothing of the other", async () => {
      const before = await versions(stage.lab, ...paths);
      const lock = await get(stage.lab, lockPath(namespace, "older"));
      await remove(stage.lab, lockPath(namespace, "younger"));
      await gone(stage.lab, lockPath(namespace, "younger"), EVENT_BOUND_MS);
      expect(await versions(stage.lab, ...paths)).toEqual(before);
      await createLater({ name: "younger", namespace, statefulSetName: "db" }, lock);
      await refused(younger, "StatefulSetShared");
    });

    it("once the oldest is deleted the other takes over, under a higher epoch", async () => {
      const { record } = await settled(older, "db");
      await remove(stage.lab, lockPath(namespace, "older"));
      const state = await settled(younger, "db");
      expect(state.record?.epoch).toBeGreaterThan(record?.epoch ?? 0);
      await gone(stage.lab, leasePath(namespace, "older"), EVENT_BOUND_MS);
    });
  });

  describe("two locks on one Lease", () => {
    const namespace = "one-lease";
    const older: LockName = { namespace, name: "older", leaseName: "shared" };
    const younger: LockName = { namespace, name: "younger", leaseName: "shared" };

    it("the oldest is served; the other has a condition and an Event, and its pods no label", async () => {
      await prepare(namespace, "a", "b");
      const lock = await createLock(stage.lab, { ...older, statefulSetName: "a" });
      const { record } = await settled(older, "a");
      await createLater({ ...younger, statefulSetName: "b" }, lock);
      const state = await refused(younger, "LeaseShared");
      const message = "Lease shared is used by the older StatefulSetLock older";
      expect(state.status.conditions?.[0]?.message).toBe(message);
      await eventRecorded(stage.lab, namespace, {
        matches: ({ note }) => note === message,
        deadlineMs: EVENT_BOUND_MS,
      });
      expect(state.record).toEqual(record);
      expect(await bare(stage.lab, namespace, "b")).toBe(true);
    });

    it("once the oldest is deleted its pods lose their labels, and the other takes over", async () => {
      await remove(stage.lab, lockPath(namespace, "older"));
      const state = await settled(younger, "b");
      expect(state.record?.holder?.name).toBe("b-0");
      expect(await bare(stage.lab, namespace, "a")).toBe(true);
    });
  });

  describe("an edited lock", () => {
    const namespace = "edited";
    const lock: LockName = { namespace, name: "db", leaseName: "first" };
    const renamed: LockName = { ...lock, leaseName: "second" };

    it("given another Lease keeps its writer, under a new record and a higher epoch; the old record goes", async () => {
      await prepare(namespace, "a", "b");
      await createLock(stage.lab, { ...lock, statefulSetName: "a" });
      await settled(lock, "a");
      await annotate(stage.lab, lockPath(namespace, "db"), { "bellwether.dev/switchover-to": "a-1" });
      const before = await waitForGroup(stage.lab, lock, {
        until: (state) => disagreement(ofSet(state, "a")) === undefined && state.status.writerPod === "a-1",
        deadlineMs: EVENT_BOUND_MS,
      });
      await patch(stage.lab, lockPath(namespace, "db"), { spec: { leaseName: "second" } });
      const state = await settled(renamed, "a");
      expect(state.status.writerPod).toBe("a-1");
      expect(state.record?.epoch).toBeGreaterThan(before.record?.epoch ?? 0);
      await gone(stage.lab, leasePath(namespace, "first"), EVENT_BOUND_MS);
    });

    it("given another StatefulSet ends the old group, takes its labels off, and elects in the new one", async () => {
      await patch(stage.lab, lockPath(namespace, "db"), { spec: { statefulSetName: "b" } });
      const state = await settled(renamed, "b");
      expect(state.status.writerPod).toBe("b-0");
      expect(await bare(stage.lab, namespace, "a")).toBe(true);
    });

    it("given both at once leaves nothing of the old group either", async () => {
      await patch(stage.lab, lockPath(namespace, "db"), { spec: { statefulSetName: "a", leaseName: "first" } });
      const state = await settled(lock, "a", tickBoundMs());
      expect(state.status.writerPod).toBe("a-0");
      await poll(async () => ((await bare(stage.lab, namespace, "b")) ? true : undefined), {
        what: "the labels off b",
        everyMs: 20,
        deadlineMs: tickBoundMs(),
      });
      await gone(stage.lab, leasePath(namespace, "second"), tickBoundMs());
    });
  });

  it("at the end every lock that is left has exactly one writer", async () => {
    const left: readonly (readonly [LockName, string])[] = [
      [{ namespace: "one-set", name: "younger", leaseName: "younger" }, "db"],
      [{ namespace: "one-lease", name: "younger", leaseName: "shared" }, "b"],
      [{ namespace: "edited", name: "db", leaseName: "first" }, "a"],
    ];
    for (const [lock, set] of left) {
      // oxlint-disable-next-line no-await-in-loop
      const state = await waitForWriter(stage.lab, lock, { deadlineMs: EVENT_BOUND_MS });
      expect(writersOf(ofSet(state, set))).toHaveLength(1);
    }
  });
});
