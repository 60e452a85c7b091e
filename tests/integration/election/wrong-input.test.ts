/**
 * Goal: whatever wrong thing a person, another program or an administrator does, the message says which field, what it got
 * and what it accepts; the lock goes on as far as it can, and a neighbour in the same namespace does not notice.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createLock, createNamespace, createStatefulSet } from "../support/fixture.ts";
import type { FunctionInstance } from "../../../infra/lab/function.ts";
import { disagreement, waitForGroup, writersOf, type GroupState, type LockName } from "../../../infra/lab/group.ts";
import {
  annotate,
  eventRecorded,
  leasePath,
  lockPath,
  locksPath,
  patch,
  podPath,
  podsReady,
} from "../support/objects.ts";
import { EVENT_BOUND_MS, ofSet, SCALE_BOUND_MS, startStage, tickBoundMs, type Stage } from "../support/stage.ts";

const NAMESPACE = "data";
const LOCK: LockName = { namespace: NAMESPACE, name: "db", leaseName: "db" };
const NEIGHBOUR: LockName = { namespace: NAMESPACE, name: "nb", leaseName: "nb" };
/** A group whose write was refused is tried again after five seconds. */
const REFUSED_BOUND_MS = 5_000 + EVENT_BOUND_MS;
const ROLE_PATH = "/apis/rbac.authorization.k8s.io/v1/clusterroles/bellwether";
const samples = join(import.meta.dirname, "../../../events/samples");

type Condition = NonNullable<GroupState["status"]["conditions"]>[number];
const conditionOf = ({ status }: GroupState, type: string): Condition | undefined =>
  status.conditions?.find((condition) => condition.type === type);

describe("wrong input, beside a neighbour that keeps working", () => {
  let stage: Stage;
  let instance: FunctionInstance;

  const settled = (lock: LockName, deadlineMs: number = EVENT_BOUND_MS): Promise<GroupState> =>
    waitForGroup(stage.lab, lock, {
      until: (state) => disagreement(ofSet(state, lock.name)) === undefined,
      deadlineMs,
    });

  const shows = (type: string, message: string | RegExp, lock: LockName = LOCK): Promise<GroupState> =>
    waitForGroup(stage.lab, lock, {
      until: (state) => {
        const got = conditionOf(state, type)?.message ?? "";
        return typeof message === "string" ? got === message : message.test(got);
      },
      deadlineMs: REFUSED_BOUND_MS,
    });

  const writerOf = async (lock: LockName): Promise<string> => {
    const state = await settled(lock, tickBoundMs());
    return writersOf(ofSet(state, lock.name))[0]?.name ?? "";
  };

  const neighbourFailsOver = async (): Promise<void> => {
    const before = await writerOf(NEIGHBOUR);
    await stage.lab.kubelet.setReady(NAMESPACE, before, false);
    await waitForGroup(stage.lab, NEIGHBOUR, {
      until: (state) => {
        const own = ofSet(state, "nb");
        return disagreement(own) === undefined && writersOf(own)[0]?.name !== before;
      },
      deadlineMs: EVENT_BOUND_MS,
    });
    await stage.lab.kubelet.setReady(NAMESPACE, before, true);
  };

  beforeAll(async () => {
    stage = await startStage();
    instance = await stage.join();
    await stage.startSources();
    await createNamespace(stage.lab, NAMESPACE);
    await Promise.all(
      ["db", "nb"].map((name) => createStatefulSet(stage.lab, { name, namespace: NAMESPACE, replicas: 3 })),
    );
    await createLock(stage.lab, { ...LOCK, statefulSetName: "db" });
    await createLock(stage.lab, { ...NEIGHBOUR, statefulSetName: "nb" });
    await podsReady(stage.lab, NAMESPACE, 6);
    await Promise.all([settled(LOCK, SCALE_BOUND_MS), settled(NEIGHBOUR, SCALE_BOUND_MS)]);
  });

  afterEach(async () => {
    await neighbourFailsOver();
  });

  afterAll(async () => {
    await stage.stop();
  });

  const VALID = { statefulSetName: "db", leaseName: "db", leaseDurationSeconds: 30 };
  it.each([
    [{ ...VALID, leaseDurationSeconds: 0 }, "spec.leaseDurationSeconds", "greater than or equal to 1"],
    [{ ...VALID, leaseDurationSeconds: 3601 }, "spec.leaseDurationSeconds", "less than or equal to 3600"],
    [{ ...VALID, leaseDurationSeconds: 1.5 }, "spec.leaseDurationSeconds", "integer"],
    [{ ...VALID, statefulSetName: "" }, "spec.statefulSetName", "at least 1"],
    [{ ...VALID, leaseName: "" }, "spec.leaseName", "at least 1"],
    [{ ...VALID, paused: "yes" }, "spec.paused", "boolean"],
    [{ leaseName: "db", leaseDurationSeconds: 30 }, "spec.statefulSetName", "Required"],
  ])("a spec %o is refused by the API server, naming %s", async (spec, field, accepts) => {
    const body = { apiVersion: "app.anukkrit.me/v1", kind: "StatefulSetLock", metadata: { name: "wrong" }, spec };
    const answer = await stage.lab.api.call<{ message: string }>("POST", locksPath(NAMESPACE), { body });
    expect(answer.status).toBe(422);
    expect(answer.body.message).toContain(field);
    expect(answer.body.message).toContain(accepts);
  });

  it("a name that no object can have passes the API server, and gets a condition", async () => {
    const wrong: LockName = { namespace: NAMESPACE, name: "wrong", leaseName: "wrong" };
    await createLock(stage.lab, { ...wrong, statefulSetName: "Not_A_Name" });
    const accepted = "accepted is the name of an object (lower-case DNS subdomain, 1 to 253 characters)";
    const message = `spec.statefulSetName: got "Not_A_Name", ${accepted}`;
    const state = await shows("Available", message, wrong);
    expect(conditionOf(state, "Available")).toMatchObject({ status: "False", reason: "ValidationError" });
    await stage.lab.api.call("DELETE", lockPath(NAMESPACE, "wrong"));
  });

  it("a lock without its StatefulSet says so, and elects as soon as the set is there", async () => {
    const early: LockName = { namespace: NAMESPACE, name: "early", leaseName: "early" };
    await createLock(stage.lab, { ...early, statefulSetName: "early" });
    const state = await shows("Available", "StatefulSet early does not exist in this namespace", early);
    expect(conditionOf(state, "Available")?.reason).toBe("StatefulSetNotFound");
    await createStatefulSet(stage.lab, { name: "early", namespace: NAMESPACE, replicas: 1 });
    const elected = await settled(early);
    expect(elected.status.writerPod).toBe("early-0");
  });

  it("a priority that is no number is named with its pod, and counts as 0", async () => {
    const path = podPath(NAMESPACE, "db-1");
    await annotate(stage.lab, path, { "bellwether.dev/priority": "high" });
    const accepted = "accepted is a whole number of at most nine digits; 0 is used";
    const message = `pod db-1: annotation bellwether.dev/priority: got "high", ${accepted}`;
    const state = await shows("InvalidAnnotation", message);
    expect(disagreement(ofSet(state, "db"))).toBeUndefined();
    await eventRecorded(stage.lab, NAMESPACE, { matches: ({ note }) => note === message, deadlineMs: EVENT_BOUND_MS });
    await annotate(stage.lab, path, { "bellwether.dev/priority": null });
    await shows("InvalidAnnotation", "");
  });

  it("a switchover to a pod that is not there is refused, and moves nothing", async () => {
    const before = await writerOf(LOCK);
    await annotate(stage.lab, lockPath(NAMESPACE, "db"), { "bellwether.dev/switchover-to": "db-7" });
    const state = await shows(
      "SwitchoverRefused",
      'switchover to "db-7" refused: the pod is not a pod of the StatefulSet',
    );
    expect(writersOf(ofSet(state, "db")).map(({ name }) => name)).toEqual([before]);
    await annotate(stage.lab, lockPath(NAMESPACE, "db"), { "bellwether.dev/switchover-to": null });
    await shows("SwitchoverRefused", "");
  });

  /** Resolves to the group before and after it came to rest again. */
  const tampered = async (tamper: () => Promise<unknown>): Promise<{ before: GroupState; after: GroupState }> => {
    const before = await settled(LOCK, tickBoundMs());
    await tamper();
    const after = await waitForGroup(stage.lab, LOCK, {
      until: (seen) => disagreement(ofSet(seen, "db")) === undefined && seen.record?.epoch !== undefined,
      deadlineMs: tickBoundMs(),
    });
    return { before, after };
  };

  describe.each(["garbage", "-1", "0", "9999999999"])("an epoch of %j", (wrong) => {
    it("on a pod is reported, and written over", async () => {
      const writer = await writerOf(LOCK);
      const reader = writer === "db-0" ? "db-1" : "db-0";
      const stamp = { "bellwether.dev/election.epoch": wrong };
      const { before, after } = await tampered(() => annotate(stage.lab, podPath(NAMESPACE, reader), stamp));
      expect(after.status.writerPod).toBe(writer);
      expect(after.record?.epoch).toBe(before.record?.epoch);
      await eventRecorded(stage.lab, NAMESPACE, {
        matches: ({ reason, note }) => reason === "StampUnreadable" && note.includes(reader),
        deadlineMs: EVENT_BOUND_MS,
      });
    });

    it("on the Lease is written over by a higher one than all before", async () => {
      const annotation = { "bellwether.dev/epoch": wrong };
      const { before, after } = await tampered(() => annotate(stage.lab, leasePath(NAMESPACE, "db"), annotation));
      expect(after.status.writerPod).toBe(before.status.writerPod);
      expect(after.record?.epoch).toBeGreaterThan(before.record?.epoch ?? 0);
    });
  });

  it("an epoch on the Lease that cannot be read is reported", async () => {
    await settled(LOCK, tickBoundMs());
    await annotate(stage.lab, leasePath(NAMESPACE, "db"), { "bellwether.dev/epoch": "garbage" });
    const event = await eventRecorded(stage.lab, NAMESPACE, {
      matches: ({ reason }) => reason === "EpochUnreadable",
      deadlineMs: tickBoundMs(),
    });
    expect(event).toMatchObject({ type: "Warning", regarding: { name: "db" } });
  });

  it("a holder whose name and uid disagree is reported, and put right under a new epoch", async () => {
    const before = await settled(LOCK, tickBoundMs());
    const writer = before.status.writerPod ?? "";
    await patch(stage.lab, leasePath(NAMESPACE, "db"), { spec: { holderIdentity: "somebody" } });
    await eventRecorded(stage.lab, NAMESPACE, {
      matches: ({ note }) => note === `the Lease names holder "somebody", but its holder-uid is that of ${writer}`,
      deadlineMs: tickBoundMs(),
    });
    const state = await settled(LOCK);
    expect(state.status.writerPod).toBe(writer);
    expect(state.record?.epoch).toBeGreaterThan(before.record?.epoch ?? 0);
  });

  describe("an event that is none", () => {
    const pod = JSON.parse(readFileSync(join(samples, "pod-update.json"), "utf8")) as { body: unknown };
    const valid = {
      "content-type": "application/json",
      "ce-specversion": "1.0",
      "ce-id": "1",
      "ce-source": "https://10.96.0.1:443",
      "ce-type": "dev.knative.apiserver.resource.update",
      "ce-apiversion": "v1",
      "ce-kind": "Pod",
      "ce-namespace": "data",
      "ce-name": "db-1",
    };
    const { "ce-name": _name, ...nameless } = valid;
    const { "ce-id": _id, ...idless } = valid;
    const object = JSON.stringify(pod.body);

    it.each([
      ["a batch", { "content-type": "application/cloudevents-batch+json" }, "[]", "no batches"],
      [
        "another specversion",
        { ...valid, "ce-specversion": "0.3" },
        object,
        'ce-specversion: got "0.3", accepts "1.0"',
      ],
      ["no CloudEvent at all", { "content-type": "application/json" }, "{}", "ce-specversion: got nothing"],
      ["no id", idless, object, "ce-id: got nothing, accepts a non-empty string"],
      ["no name of the object", nameless, object, "ce-name: got nothing, accepts a non-empty string"],
      ["a foreign type", { ...valid, "ce-type": "com.example.order" }, object, 'ce-type: got "com.example.order"'],
      ["a body that is not JSON", valid, "not JSON", 'data: got "not JSON", accepts JSON'],
      ["an object of another kind", { ...valid, "ce-kind": "Node" }, object, 'data.kind: got "Pod"'],
      ["another media type", { ...valid, "content-type": "text/plain" }, object, "datacontenttype: got"],
      ["nothing", {}, "", "ce-specversion: got nothing"],
    ] as const)("(%s) is answered with 400 and says why", async (_what, headers, body, message) => {
      const answer = await fetch(instance.url, { method: "POST", headers: { ...headers }, body });
      expect(answer.status).toBe(400);
      expect(await answer.text()).toContain(message);
    });
  });

  it("a permission that is taken away is named in a condition; given back, the hand-over is finished", async () => {
    const before = await writerOf(LOCK);
    const role = await stage.lab.api.call<{
      rules: readonly { resources: readonly string[]; verbs: readonly string[] }[];
    }>("GET", ROLE_PATH);
    const { rules } = role.body;
    const weaker = rules.map((rule) => (rule.resources[0] === "pods" ? { ...rule, verbs: ["get", "list"] } : rule));
    await patch(stage.lab, ROLE_PATH, { rules: weaker });
    await stage.lab.kubelet.setReady(NAMESPACE, before, false);
    const state = await shows("Available", /^fence pod db-\d: 403 Forbidden: pods "db-\d" is forbidden/);
    expect(conditionOf(state, "Available")).toMatchObject({ status: "False", reason: "WriteRefused" });
    expect(conditionOf(state, "Progressing")?.status).toBe("True");
    expect(writersOf(ofSet(state, "db")).length).toBeLessThanOrEqual(1);
    await patch(stage.lab, ROLE_PATH, { rules });
    const after = await settled(LOCK, REFUSED_BOUND_MS);
    expect(after.status.writerPod).not.toBe(before);
    await stage.lab.kubelet.setReady(NAMESPACE, before, true);
  });
});

describe("an environment that is wrong", () => {
  it("is named variable by variable before the process ends", async () => {
    const stage = await startStage();
    try {
      const wrong = { BELLWETHER_MODE: "watch", BELLWETHER_NAMESPACES: "A b", BELLWETHER_TICK_SECONDS: "0" };
      const start = stage.join(wrong);
      await expect(start).rejects.toThrow(/ended with 1/);
      await expect(start).rejects.toThrow(/BELLWETHER_MODE is \\+"watch\\+"; accepted: active, observe/);
      await expect(start).rejects.toThrow(/BELLWETHER_NAMESPACES is \\+"A b\\+"; accepted: names of namespaces/);
      await expect(start).rejects.toThrow(/BELLWETHER_TICK_SECONDS is \\+"0\\+"; accepted: a whole number from 1/);
    } finally {
      await stage.stop();
    }
  });
});
