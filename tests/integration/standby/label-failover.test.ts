/**
 * Goal: fail-overs of an annotated Service, measured: from Ready=False to the label elsewhere, and how long the Service leads to nobody; and
 * instances that are killed in the middle of a cut-over leave nothing that the next does not finish.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROLES } from "../../../functions/standby/labels.ts";
import { startApiGate, type ApiGate } from "../../../infra/lab/api-gate.ts";
import type { Lab } from "../../../infra/lab/lab.ts";
import { createNamespace } from "../support/fixture.ts";
import { killAfterWrite } from "../support/mortal.ts";
import { podsReady } from "../support/objects.ts";
import { startScene, TICK_BOUND_MS, type Scene } from "../support/scene.ts";
import { EVENT_BOUND_MS, SCALE_BOUND_MS } from "../support/stage.ts";
import {
  activePods,
  createDeployment,
  createService,
  MODE,
  startRoutes,
  untilExtended,
  wasEmpty,
  type Routes,
} from "./label-stage.ts";
import { judgeRun } from "./label-verdict.ts";

const FAIL_OVERS = 12;
/** Lets the EndpointSlice controller come to rest: it holds back changes that follow its own too soon. */
const restMs = 1_500;
const deadlineMs = EVENT_BOUND_MS + TICK_BOUND_MS;

const spreadOf = (values: readonly number[]): string => {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (index: number): string => (sorted[index] ?? 0).toFixed(0);
  return `median ${at(Math.floor(sorted.length / 2))} ms, ${at(0)} to ${at(sorted.length - 1)}`;
};

describe("an annotated Service on a real control plane", () => {
  let scene: Scene;
  let lab: Lab;
  let routes: Routes;
  let gate: ApiGate;

  beforeAll(async () => {
    scene = await startScene({ auditLog: true });
    ({ lab } = scene);
    gate = await startApiGate(lab.plane);
    routes = await startRoutes(lab);
  });

  afterAll(async () => {
    routes.stop();
    await scene.stop();
    gate.close();
  });

  it.each([1, 2, 3, 4, 5, 6])(
    "an instance is killed after write %i of the cut-over: the next one finishes it",
    async (count) => {
      const namespace = `killed-${count}`;
      await createNamespace(lab, namespace);
      await createDeployment(lab, namespace, { name: "store", replicas: 2 });
      const mortal = await scene.instance({ server: gate.url });
      scene.balancer.target([mortal.url]);
      if (count === 1) await scene.startSource();
      const applied = killAfterWrite(gate, {
        count,
        concerns: ({ path }) => path.includes(`/namespaces/${namespace}/`) && !path.includes("/events"),
        kill: () => mortal.process.kill("SIGKILL"),
      });
      await createService(lab, namespace, { name: "store", annotations: MODE });
      await mortal.process.exited;
      expect(applied()).toBe(count);
      const next = await scene.instance();
      scene.balancer.target([next.url]);
      await untilExtended(lab, namespace, { name: "store", app: "store", deadlineMs: 2 * deadlineMs });
      await routes.leads(`${namespace}/store`, { count: 1, deadlineMs: SCALE_BOUND_MS });
      expect([(await activePods(lab, namespace)).length, wasEmpty(routes.of(`${namespace}/store`))]).toEqual([
        1,
        false,
      ]);
      next.process.kill("SIGKILL");
      await next.process.exited;
    },
  );

  it("fails over: measured", async () => {
    const instance = await scene.instance();
    scene.balancer.target([instance.url]);
    await createNamespace(lab, "measured");
    await createDeployment(lab, "measured", { name: "store", replicas: 2 });
    await createService(lab, "measured", { name: "store", annotations: MODE });
    await untilExtended(lab, "measured", { name: "store", app: "store", deadlineMs: 2 * deadlineMs });
    const labelled: number[] = [];
    const empty: number[] = [];
    for (let turn = 0; turn < FAIL_OVERS; turn += 1) {
      // One after the other.
      /* oxlint-disable no-await-in-loop */
      const [before = ""] = await routes.leads("measured/store", { count: 1, deadlineMs: SCALE_BOUND_MS });
      await sleep(restMs);
      const seen = routes.of("measured/store").length;
      const since = Date.now();
      await lab.kubelet.setReady("measured", before, false);
      const acknowledged = performance.timeOrigin + performance.now();
      const [after] = await routes.leads("measured/store", {
        count: 1,
        is: (pod) => pod !== before,
        deadlineMs: SCALE_BOUND_MS,
      });
      const promotion = scene.observer.revisions.find(
        ({ object: { kind, metadata }, observedAt = 0 }) =>
          kind === "Pod" &&
          metadata.namespace === "measured" &&
          metadata.name === after &&
          metadata.labels?.[ROLES.roleLabel] === ROLES.leader &&
          observedAt >= since,
      );
      labelled.push((promotion?.observedAt ?? Number.NaN) - acknowledged);
      const reaches = routes.of("measured/store").slice(seen);
      const gone = reaches.find(({ ready }) => ready.length === 0)?.at ?? Number.NaN;
      const back = reaches.findLast(({ ready }) => ready.length === 1)?.at ?? Number.NaN;
      empty.push(back - gone);
      await lab.kubelet.setReady("measured", before, true);
      await podsReady(lab, "measured", 2);
      /* oxlint-enable no-await-in-loop */
    }
    process.stdout.write(
      `Ready=False to active elsewhere: ${spreadOf(labelled)}; without endpoint: ${spreadOf(empty)}\n`,
    );
    expect(Math.max(...labelled)).toBeLessThan(EVENT_BOUND_MS);
  });

  it("no write of ours ever made two active pods, and none was unconditional", async () => {
    const { faults, promotions } = await judgeRun(scene);
    expect(faults).toEqual([]);
    expect(promotions).toBeGreaterThanOrEqual(FAIL_OVERS + 6);
  });
});
