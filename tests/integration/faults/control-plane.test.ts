/**
 * Goal: whatever the control plane itself goes through in the middle of a hand-over (an API server that dies, an etcd that
 * hangs, two API servers of which each request meets another one), no revision has two writers, and all goes on afterwards.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isWrite, startApiGate, type ApiGate, type ArrivedRequest } from "../../../infra/lab/api-gate.ts";
import type { FunctionInstance } from "../../../infra/lab/function.ts";
import type { GroupState } from "../../../infra/lab/group.ts";
import { epochsBetween, failsOverTimes, settles } from "../support/hand-overs.ts";
import { annotate, createGroup, lockPath } from "../support/objects.ts";
import { onPod, promotes } from "../support/requests.ts";
import { startScene, TICK_BOUND_MS, type Scene } from "../support/scene.ts";
import { createBystanders, judgeRun } from "../support/sound-run.ts";

const NAMESPACE = "data";
const ALTERNATING_FAIL_OVERS = 6;
const DEAD_MS = 8_000;
const ETCD_FROZEN_MS = 15_000;
/** Backoff of the function and of the clients that tell it, a tick, and a slow machine. */
const RECOVERY_BOUND_MS: number = TICK_BOUND_MS + 15_000;

interface Trouble {
  readonly begin: () => void;
  readonly lastsMs: number;
  readonly end: () => Promise<void>;
}

interface HandedOver {
  /** Promotions that the function asked for while no fence could be answered. */
  readonly promotionsMeanwhile: number;
  readonly epochs: number;
}

describe("the control plane in trouble, in the middle of hand-overs", () => {
  let scene: Scene;
  let gate: ApiGate;
  let instances: readonly FunctionInstance[] = [];

  const settled = (is?: (writer: string) => boolean): Promise<GroupState> =>
    settles(scene.lab, NAMESPACE, { ...(is === undefined ? {} : { is }), deadlineMs: RECOVERY_BOUND_MS });

  const failOver = (times: number): Promise<number> =>
    failsOverTimes(scene, NAMESPACE, { times, deadlineMs: RECOVERY_BOUND_MS });

  /** Instances that find the API server at that address; others leave. */
  const serveFrom = async (server: string): Promise<void> => {
    for (const { process } of instances) process.kill("SIGKILL");
    instances = await Promise.all([scene.instance({ server }), scene.instance({ server })]);
    scene.balancer.target(instances.map(({ url }) => url));
  };

  /** The writer is lost; trouble begins once the record names the next one and the first fence is on its way, and ends in time. */
  const handOverThrough = async ({ begin, lastsMs, end }: Trouble): Promise<HandedOver> => {
    const from = await settled();
    const lost = from.status.writerPod ?? "";
    const fencing = Promise.withResolvers<void>();
    const asked: ArrivedRequest[] = [];
    gate.handle((request, forward) => {
      if (isWrite(request) && onPod(request)) {
        if (asked.length === 0) begin();
        asked.push(request);
        fencing.resolve();
      }
      return forward();
    });
    await scene.lab.kubelet.setReady(NAMESPACE, lost, false);
    await fencing.promise;
    await sleep(lastsMs);
    const promotionsMeanwhile = asked.filter(promotes).length;
    await end();
    const to = await settled((name) => name !== lost);
    await scene.lab.kubelet.setReady(NAMESPACE, lost, true);
    return { promotionsMeanwhile, epochs: await epochsBetween(scene, NAMESPACE, { from, to }) };
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

  it(`an API server that is killed between record and fence, for ${DEAD_MS / 1000} s: then the epoch is finished, once`, async () => {
    const { plane } = scene.lab;
    const handedOver = await handOverThrough({
      begin: () => plane.kill("kube-apiserver", "SIGKILL"),
      lastsMs: DEAD_MS,
      end: () => plane.restart("kube-apiserver"),
    });
    expect(handedOver).toEqual({ promotionsMeanwhile: 0, epochs: 1 });
    expect(await failOver(1)).toBe(1);
    expect(instances.map(({ process }) => process.failure())).toEqual([undefined, undefined]);
  });

  it(`an etcd that is frozen for ${ETCD_FROZEN_MS / 1000} s between record and fence: nobody asks for a promotion meanwhile`, async () => {
    const { plane } = scene.lab;
    const handedOver = await handOverThrough({
      begin: () => plane.kill("etcd", "SIGSTOP"),
      lastsMs: ETCD_FROZEN_MS,
      end: async () => plane.kill("etcd", "SIGCONT"),
    });
    expect(handedOver).toEqual({ promotionsMeanwhile: 0, epochs: 1 });
    expect(await failOver(1)).toBe(1);
    expect(instances.map(({ process }) => process.failure())).toEqual([undefined, undefined]);
  });

  it("two API servers on one etcd, each request to the other one: a write is conditional on what either has read", async () => {
    const alternating = await startApiGate(scene.lab.plane, { others: [scene.secondServer ?? ""] });
    await serveFrom(alternating.url);
    expect(await failOver(ALTERNATING_FAIL_OVERS)).toBe(ALTERNATING_FAIL_OVERS);
    const from = await settled();
    const wanted = from.status.writerPod === "db-2" ? "db-1" : "db-2";
    await annotate(scene.lab, lockPath(NAMESPACE, "db"), { "bellwether.dev/switchover-to": wanted });
    const to = await settled((name) => name === wanted);
    expect(await epochsBetween(scene, NAMESPACE, { from, to })).toBe(1);
    for (const { process } of instances) process.kill("SIGKILL");
    alternating.close();
  });

  it("at no revision of all this were there two writers, and no write of ours was without its conditions", async () => {
    const { faults, promotions } = await judgeRun(scene, [NAMESPACE]);
    expect(faults).toEqual([]);
    expect(promotions).toBeGreaterThanOrEqual(ALTERNATING_FAIL_OVERS + 6);
  });
});
