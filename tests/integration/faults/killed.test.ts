/**
 * Goal: an instance may die between any two writes of everything that it does: another one finishes what it began, and at no
 * revision are there two writers (L3, S1 to S4).
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startApiGate, type ApiGate } from "../../../infra/lab/api-gate.ts";
import type { FunctionInstance } from "../../../infra/lab/function.ts";
import { disagreement, waitForGroup, writersOf, type GroupState } from "../../../infra/lab/group.ts";
import {
  annotate,
  bare,
  createGroup,
  createPods,
  gone,
  leasePath,
  lockIn,
  lockPath,
  remove,
} from "../support/objects.ts";
import { createLock } from "../support/fixture.ts";
import { killAfterWrite } from "../support/mortal.ts";
import { startScene, type Scene } from "../support/scene.ts";
import { createBystanders, judgeRun } from "../support/sound-run.ts";
import { SCALE_BOUND_MS } from "../support/stage.ts";

/** No renewal comes between the writes that are counted. */
const LEASE_SECONDS = 3600;
const EVERY_KILL_MS = 240_000;

/** One thing that a group goes through, in a namespace of its own each time it is done. */
interface Operation {
  /** Brings the group where it begins, while nobody is killed. */
  readonly prepare: (namespace: string) => Promise<void>;
  readonly begin: (namespace: string) => Promise<unknown>;
  /** Resolves when it has been done. */
  readonly ended: (namespace: string) => Promise<unknown>;
}

describe("killed after each write in turn, alone, while another one comes up", () => {
  let scene: Scene;
  let gate: ApiGate;
  let instance: FunctionInstance;
  const namespaces: string[] = [];

  const replace = async (): Promise<void> => {
    instance.process.kill("SIGKILL");
    await instance.process.exited;
    gate.handle((_request, forward) => forward());
    instance = await scene.instance({ server: gate.url });
    scene.balancer.target([instance.url]);
  };

  const reaches = (namespace: string, until: (state: GroupState) => boolean): Promise<GroupState> =>
    waitForGroup(scene.lab, lockIn(namespace), { until, deadlineMs: SCALE_BOUND_MS });

  const leads = (namespace: string, is: (name: string) => boolean): Promise<GroupState> =>
    reaches(namespace, (state) => disagreement(state) === undefined && writersOf(state).every(({ name }) => is(name)));

  const elected = async (namespace: string): Promise<void> => {
    await createGroup(scene.lab, namespace, { leaseDurationSeconds: LEASE_SECONDS });
    await leads(namespace, (name) => name === "db-0");
  };

  const operations: Readonly<Record<string, Operation>> = {
    "first election": {
      prepare: (namespace) => createPods(scene.lab, namespace),
      begin: (namespace) =>
        createLock(scene.lab, {
          ...lockIn(namespace),
          statefulSetName: "db",
          leaseDurationSeconds: LEASE_SECONDS,
        }),
      ended: (namespace) => leads(namespace, (name) => name === "db-0"),
    },
    "fail-over": {
      prepare: elected,
      begin: (namespace) => scene.lab.kubelet.setReady(namespace, "db-0", false),
      ended: (namespace) => leads(namespace, (name) => name === "db-1"),
    },
    switchover: {
      prepare: elected,
      begin: (namespace) => annotate(scene.lab, lockPath(namespace, "db"), { "bellwether.dev/switchover-to": "db-2" }),
      ended: (namespace) =>
        reaches(
          namespace,
          (state) =>
            disagreement(state) === undefined &&
            writersOf(state)[0]?.name === "db-2" &&
            state.lock?.metadata.annotations?.["bellwether.dev/switchover-to"] === undefined,
        ),
    },
    "clean-up": {
      prepare: elected,
      begin: (namespace) => remove(scene.lab, lockPath(namespace, "db")),
      ended: async (namespace) => {
        await gone(scene.lab, lockPath(namespace, "db"), SCALE_BOUND_MS);
        await gone(scene.lab, leasePath(namespace, "db"), SCALE_BOUND_MS);
        expect(await bare(scene.lab, namespace, "db")).toBe(true);
      },
    },
  };

  /** Whether the operation had that many writes. */
  const killedAfter = async (count: number, namespace: string, operation: Operation): Promise<boolean> => {
    namespaces.push(namespace);
    await operation.prepare(namespace);
    const concerns = ({ path }: { path: string }): boolean => path.includes(`/namespaces/${namespace}/`);
    const applied = killAfterWrite(gate, { count, concerns, kill: () => instance.process.kill("SIGKILL") });
    await operation.begin(namespace);
    await Promise.race([instance.process.exited, operation.ended(namespace)]);
    // What is still under way at the end, such as an Event, comes through while the instance drains.
    instance.process.kill("SIGTERM");
    await instance.process.exited;
    await replace();
    await operation.ended(namespace);
    return applied() >= count;
  };

  beforeAll(async () => {
    scene = await startScene({ auditLog: true });
    gate = await startApiGate(scene.lab.plane);
    instance = await scene.instance({ server: gate.url });
    scene.balancer.target([instance.url]);
    await scene.startSource();
    await createBystanders(scene.lab);
  });

  afterAll(async () => {
    await scene.stop();
    gate.close();
  });

  // Three pods. Finalizer, enrolments, Lease, fences, promotion, status, Event; Lease, fences, promotion, status, Event; the same and
  // the annotation; Lease, fences, labels off, Lease deleted, finalizer.
  it.each([
    ["first election", 10],
    ["fail-over", 6],
    ["switchover", 7],
    ["clean-up", 9],
  ] as const)(
    "%s: another one finishes it, after each of its %i writes",
    { timeout: EVERY_KILL_MS },
    async (what, least) => {
      const operation = operations[what];
      if (operation === undefined) throw new Error(`no operation ${what}`);
      let writes = 0;
      // oxlint-disable-next-line no-await-in-loop -- one kill after the other
      while (await killedAfter(writes + 1, `${what.replace(" ", "-")}-${writes + 1}`, operation)) writes += 1;
      process.stdout.write(`${what}: killed after each of ${writes} writes\n`);
      expect(writes).toBeGreaterThanOrEqual(least);
    },
  );

  it("at no revision of all this were there two writers, and no write of ours was without its conditions", async () => {
    const { faults, promotions } = await judgeRun(scene, namespaces);
    expect(faults).toEqual([]);
    expect(promotions).toBeGreaterThanOrEqual(namespaces.length);
  });
});
