/**
 * Goal: the end of a lock (its deletion, in whatever order and by whatever force) takes away everything that is its own,
 * nothing else, and never hangs; a StatefulSet that is replaced under its lock is not the end of it.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import { microTime } from "../../../functions/kit/kube/micro-time.ts";
import { createStatefulSet } from "../support/fixture.ts";
import type { FunctionInstance } from "../../../infra/lab/function.ts";
import { waitForGroup, waitForWriter, type GroupState, type LockName } from "../../../infra/lab/group.ts";
import {
  bare,
  createGroup,
  get,
  gone,
  leasePath,
  list,
  lockIn,
  lockPath,
  patch,
  podPath,
  podsPath,
  remove,
  setPath,
} from "../support/objects.ts";
import { createLease } from "../support/old-operator.ts";
import { EVENT_BOUND_MS, SCALE_BOUND_MS, startStage, tickBoundMs, type Stage } from "../support/stage.ts";

/** The namespace controller comes back after some seconds when it found a finalizer. */
const NAMESPACE_BOUND_MS = 30_000;

describe("the end of a lock", () => {
  let stage: Stage;
  let instance: FunctionInstance;

  /** A lock that is served. */
  const served = async (namespace: string): Promise<LockName> => {
    const lock = await createGroup(stage.lab, namespace);
    await waitForWriter(stage.lab, lock, { deadlineMs: EVENT_BOUND_MS });
    return lock;
  };

  const refused = (lock: LockName, reason: string): Promise<GroupState> =>
    waitForGroup(stage.lab, lock, {
      until: ({ status }) => status.conditions?.[0]?.reason === reason,
      deadlineMs: EVENT_BOUND_MS,
    });

  beforeAll(async () => {
    stage = await startStage();
    instance = await stage.join();
    await stage.startSources();
  });

  afterAll(async () => {
    await stage.stop();
  });

  describe("a deleted lock", () => {
    it("whose StatefulSet went before it, leaving its pods, takes labels and Lease with it", async () => {
      const namespace = "orphaned-pods";
      const lock = await served(namespace);
      await remove(stage.lab, setPath(namespace, "db"), { propagationPolicy: "Orphan" });
      await refused(lock, "StatefulSetNotFound");
      await remove(stage.lab, lockPath(namespace, "db"));
      await gone(stage.lab, lockPath(namespace, "db"), EVENT_BOUND_MS);
      await gone(stage.lab, leasePath(namespace, "db"), EVENT_BOUND_MS);
      expect(await list(stage.lab, podsPath(namespace))).toHaveLength(3);
      expect(await bare(stage.lab, namespace, "db")).toBe(true);
    });

    it("leaves a Lease that somebody else put in the place of its own, and takes the labels off", async () => {
      const namespace = "foreign-lease";
      const lock = await served(namespace);
      await stage.leave(instance);
      await remove(stage.lab, leasePath(namespace, "db"));
      const now = microTime(Date.now());
      const spec = { holderIdentity: "somebody", leaseDurationSeconds: 15, acquireTime: now, renewTime: now };
      const lease = await createLease(stage.lab, { namespace, name: "db", spec, manager: "somebody" });
      instance = await stage.join();
      await refused(lock, "LeaseForeign");
      await remove(stage.lab, lockPath(namespace, "db"));
      await gone(stage.lab, lockPath(namespace, "db"), EVENT_BOUND_MS);
      const after = await get(stage.lab, leasePath(namespace, "db"));
      expect(after.metadata.resourceVersion).toBe(lease.metadata.resourceVersion);
      expect(await bare(stage.lab, namespace, "db")).toBe(true);
    });

    it("does not hold up a namespace that is being deleted", async () => {
      const namespace = "going";
      await served(namespace);
      await remove(stage.lab, `/api/v1/namespaces/${namespace}`);
      expect(await gone(stage.lab, `/api/v1/namespaces/${namespace}`, NAMESPACE_BOUND_MS)).toBe(true);
    });

    it("with its finalizer stripped by force leaves remains, which the sweep ends", async () => {
      const namespace = "stripped";
      await served(namespace);
      instance.process.kill("SIGSTOP");
      await remove(stage.lab, lockPath(namespace, "db"));
      await patch(stage.lab, lockPath(namespace, "db"), { metadata: { finalizers: null } });
      await gone(stage.lab, lockPath(namespace, "db"), EVENT_BOUND_MS);
      expect(await bare(stage.lab, namespace, "db")).toBe(false);
      instance.process.kill("SIGCONT");
      await gone(stage.lab, leasePath(namespace, "db"), tickBoundMs());
      expect(await bare(stage.lab, namespace, "db")).toBe(true);
    });
  });

  describe("a StatefulSet that is replaced under a lock that stays", () => {
    const namespace = "replaced";
    const lock = lockIn(namespace);

    it("and leaves its pods running: they are elected among again once the new one has taken them", async () => {
      await createGroup(stage.lab, namespace);
      const { record } = await waitForWriter(stage.lab, lock, { deadlineMs: EVENT_BOUND_MS });
      await remove(stage.lab, setPath(namespace, "db"), { propagationPolicy: "Orphan" });
      await refused(lock, "StatefulSetNotFound");
      await createStatefulSet(stage.lab, { name: "db", namespace, replicas: 3 });
      const state = await waitForWriter(stage.lab, lock, { deadlineMs: SCALE_BOUND_MS });
      expect(state.pods).toHaveLength(3);
      expect(state.record?.epoch).toBeGreaterThan(record?.epoch ?? 0);
    });

    it("keeps its writer labelled while there is no StatefulSet, because nothing else can lead", async () => {
      const { status } = await waitForWriter(stage.lab, lock, { deadlineMs: EVENT_BOUND_MS });
      await remove(stage.lab, setPath(namespace, "db"), { propagationPolicy: "Orphan" });
      await refused(lock, "StatefulSetNotFound");
      const before = stage.calls.length;
      const sweeps = (): number =>
        stage.calls.slice(before).filter(({ path }) => path.startsWith("/api/v1/pods?")).length;
      await stage.called(() => sweeps() > 1);
      const pod = await get(stage.lab, podPath(namespace, status.writerPod ?? ""));
      expect(pod.metadata.labels?.[ROLES.roleLabel]).toBe(ROLES.leader);
    });
  });
});
