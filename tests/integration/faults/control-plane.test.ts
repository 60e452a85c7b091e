/**
 * Goal: whatever the control plane itself goes through in the middle of a hand-over (an API server that dies, an etcd that
 * hangs, two API servers of which each request meets another one), no revision has two writers, and all goes on afterwards.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isWrite, startApiGate, type ApiGate } from "../../../infra/lab/api-gate.ts";
import type { FunctionInstance } from "../../../infra/lab/function.ts";
import type { GroupState } from "../../../infra/lab/group.ts";
import { failsOverTimes, settles } from "../support/hand-overs.ts";
import { annotate, createGroup, lockPath } from "../support/objects.ts";
import { startScene, TICK_BOUND_MS, type Scene } from "../support/scene.ts";
import { createBystanders, judgeRun } from "../support/sound-run.ts";
import { startTrace, writersSeen } from "../support/trace.ts";

const NAMESPACE = "data";
const ALTERNATING_FAIL_OVERS = 6;
const DEAD_MS = 8_000;
const ETCD_FROZEN_MS = 15_000;
/** Backoff of the function and of the clients that tell it, a tick, and a slow machine. */
const RECOVERY_BOUND_MS: number = TICK_BOUND_MS + 15_000;

describe("the control plane in trouble, in the middle of hand-overs", () => {
  let scene: Scene;
  let gate: ApiGate;
  let instances: readonly FunctionInstance[] = [];

  const settled = (is?: (writer: string) => boolean): Promise<GroupState> =>
    settles(scene.lab, NAMESPACE, { ...(is === undefined ? {} : { is }), deadlineMs: RECOVERY_BOUND_MS });

  const failOver = (times: number): Promise<number> =>
    failsOverTimes(scene.lab, NAMESPACE, { times, deadlineMs: RECOVERY_BOUND_MS });

  /** Instances that find the API server at that address; others leave. */
  const serveFrom = async (server: string): Promise<void> => {
    for (const { process } of instances) process.kill("SIGKILL");
    instances = await Promise.all([scene.instance({ server }), scene.instance({ server })]);
    scene.balancer.target(instances.map(({ url }) => url));
  };

  /** The writer, which resolves to its name, is lost; once the record names the next one, and before a pod is fenced, trouble begins. */
  const inMidHandOver = async (begin: () => void): Promise<string> => {
    const { status } = await settled();
    const name = status.writerPod ?? "";
    const fencing = Promise.withResolvers<void>();
    let isBegun = false;
    gate.handle(async (request, forward) => {
      if (!isBegun && isWrite(request) && request.path.includes("/pods/")) {
        isBegun = true;
        begin();
        fencing.resolve();
      }
      return forward();
    });
    await scene.lab.kubelet.setReady(NAMESPACE, name, false);
    await fencing.promise;
    return name;
  };

  beforeAll(async () => {
    scene = await startScene({ auditLog: true, hasSecondServer: true });
    gate = await startApiGate(scene.lab.plane);
    await serveFrom(gate.url);
    await scene.startSource();
    await createBystanders(scene.lab);
    await createGroup(scene.lab, NAMESPACE);
    await settled();
  });

  afterAll(async () => {
    await scene.stop();
    gate.close();
  });

  it(`an API server that is killed between record and fence, for ${DEAD_MS / 1000} s: then another pod leads`, async () => {
    const name = await inMidHandOver(() => scene.lab.plane.kill("kube-apiserver", "SIGKILL"));
    await sleep(DEAD_MS);
    await scene.lab.plane.restart("kube-apiserver");
    await settled((other) => other !== name);
    await scene.lab.kubelet.setReady(NAMESPACE, name, true);
    expect(await failOver(1)).toBe(1);
    expect(instances.map(({ process }) => process.failure())).toEqual([undefined, undefined]);
  });

  it(`an etcd that is frozen for ${ETCD_FROZEN_MS / 1000} s between record and fence: nobody is promoted meanwhile`, async () => {
    const trace = await startTrace(scene.lab);
    const name = await inMidHandOver(() => scene.lab.plane.kill("etcd", "SIGSTOP"));
    await sleep(ETCD_FROZEN_MS);
    expect(writersSeen(trace, NAMESPACE)).toEqual([name]);
    scene.lab.plane.kill("etcd", "SIGCONT");
    await settled((other) => other !== name);
    trace.stop();
    await scene.lab.kubelet.setReady(NAMESPACE, name, true);
    expect(await failOver(1)).toBe(1);
    expect(instances.map(({ process }) => process.failure())).toEqual([undefined, undefined]);
  });

  it("two API servers on one etcd, each request to the other one: a write is conditional on what either has read", async () => {
    const alternating = await startApiGate(scene.lab.plane, { others: [scene.secondServer ?? ""] });
    await serveFrom(alternating.url);
    expect(await failOver(ALTERNATING_FAIL_OVERS)).toBe(ALTERNATING_FAIL_OVERS);
    const { status } = await settled();
    const to = status.writerPod === "db-2" ? "db-1" : "db-2";
    await annotate(scene.lab, lockPath(NAMESPACE, "db"), { "bellwether.dev/switchover-to": to });
    await settled((name) => name === to);
    for (const { process } of instances) process.kill("SIGKILL");
    alternating.close();
  });

  it("at no revision of all this were there two writers, and no write of ours was without its conditions", async () => {
    const { faults, promotions } = await judgeRun(scene, [NAMESPACE]);
    expect(faults).toEqual([]);
    expect(promotions).toBeGreaterThanOrEqual(ALTERNATING_FAIL_OVERS + 6);
  });
});
