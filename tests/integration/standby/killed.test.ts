/**
 * Goal: an instance that is killed after any write of a fail-over, in either mode, leaves nothing that the next does not finish: the Service leads
 * to one pod again, and at no revision to two. On the way, pods of a StatefulSet and of a DaemonSet are led as those of a Deployment are.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startApiGate, type ApiGate, type ArrivedRequest } from "../../../infra/lab/api-gate.ts";
import { succeed } from "../../../infra/lab/api.ts";
import type { FunctionInstance } from "../../../infra/lab/function.ts";
import type { Lab } from "../../../infra/lab/lab.ts";
import { createNamespace, createStatefulSet } from "../support/fixture.ts";
import { killAfterWrite } from "../support/mortal.ts";
import { podsReady } from "../support/objects.ts";
import { startScene, TICK_BOUND_MS, type Scene } from "../support/scene.ts";
import { EVENT_BOUND_MS, SCALE_BOUND_MS } from "../support/stage.ts";
import { activePods, createDeployment, createService, MODE, until, untilExtended } from "./label-stage.ts";
import { judgeRun } from "./label-verdict.ts";
import { addSecondAddresses, ROUTE, startFamilies, type Families, type FamilyReach } from "./route-stage.ts";

const NAME = "store";
const NODES = 3;
const CUT_OVER_BOUND_MS = 2 * (EVENT_BOUND_MS + TICK_BOUND_MS);
const DUAL = { ipFamilyPolicy: "RequireDualStack", ipFamilies: ["IPv4", "IPv6"] };
/** Writes of one fail-over before any report: record, fence, promotion. */
const WRITES = [1, 2, 3];

interface Way {
  /** `v4` and `v6`, as many as the Service has. */
  readonly families: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: Readonly<Record<string, unknown>>;
  /** Resolves to the name of the active pod once the Service leads to it alone, and it is not `old`. @throws at the deadline. */
  readonly led: (namespace: string, old?: string) => Promise<string>;
}

describe("an instance is killed in the middle of a fail-over", () => {
  let scene: Scene;
  let lab: Lab;
  let families: Families;
  let gate: ApiGate;
  let instance: FunctionInstance;

  /** Another one, which the gate lets through. */
  const replace = async (): Promise<void> => {
    gate.handle((_request, forward) => forward());
    instance = await scene.instance({ server: gate.url });
    scene.balancer.target([instance.url]);
  };

  /** The last known reach is this. */
  const reachIs = async (namespace: string, is: (reach: FamilyReach) => boolean): Promise<string> => {
    const last = (): FamilyReach | undefined => families.of(`${namespace}/${NAME}`).at(-1);
    const holds = (): boolean => {
      const reach = last();
      return reach !== undefined && is(reach);
    };
    await until(`${namespace} leads to one pod`, holds, CUT_OVER_BOUND_MS);
    return last()?.v4[0] ?? "";
  };

  const label: Way = {
    families: 1,
    annotations: MODE,
    spec: {},
    led: async (namespace, old) => {
      await untilExtended(lab, namespace, { name: NAME, app: NAME, deadlineMs: CUT_OVER_BOUND_MS });
      const pod = await reachIs(namespace, ({ v4 }) => v4.length === 1 && v4[0] !== old);
      expect(await activePods(lab, namespace)).toEqual([pod]);
      return pod;
    },
  };

  const route = (count: number): Way => ({
    families: count,
    annotations: ROUTE,
    spec: count === 1 ? {} : DUAL,
    led: (namespace, old) =>
      reachIs(
        namespace,
        ({ v4, v6, exclusive }) =>
          exclusive && v4.length === 1 && v4[0] !== old && v6.join() === (count === 1 ? "" : v4.join()),
      ),
  });

  const createServed = async (namespace: string, way: Way): Promise<string> => {
    await createNamespace(lab, namespace);
    await createDeployment(lab, namespace, { name: NAME, replicas: 2 });
    if (way.families > 1) await addSecondAddresses(lab, namespace);
    await createService(lab, namespace, { name: NAME, annotations: way.annotations, spec: way.spec });
    return way.led(namespace);
  };

  /** Resolves to how many of the instance's writes were applied once another one has finished what it began. */
  const failOver = async (namespace: string, way: Way, count: number): Promise<number> => {
    const old = await createServed(namespace, way);
    const concerns = ({ path }: ArrivedRequest): boolean =>
      path.includes(`/namespaces/${namespace}/`) && !path.includes("/events");
    const applied = killAfterWrite(gate, { count, concerns, kill: () => instance.process.kill("SIGKILL") });
    await lab.kubelet.setReady(namespace, old, false);
    await instance.process.exited;
    await replace();
    await way.led(namespace, old);
    return applied();
  };

  beforeAll(async () => {
    const ranges = ["--service-cluster-ip-range=10.96.0.0/16,fd00:96::/112"];
    scene = await startScene({ auditLog: true, apiServerArgs: ranges });
    ({ lab } = scene);
    gate = await startApiGate(lab.plane);
    await replace();
    await scene.startSource();
    families = await startFamilies(lab);
  });

  afterAll(async () => {
    families.stop();
    await scene.stop();
    gate.close();
  });

  it.each(WRITES)("in label mode, after write %i", async (count) => {
    expect(await failOver(`label-${count}`, label, count)).toBe(count);
  });

  it.each([1, 2])("in route mode, after write %i", async (count) => {
    expect(await failOver(`route-${count}`, route(1), count)).toBe(count);
  });

  it.each(WRITES)("in route mode with two families, after write %i", async (count) => {
    expect(await failOver(`dual-${count}`, route(2), count)).toBe(count);
  });

  const createSet = (namespace: string): Promise<unknown> =>
    createStatefulSet(lab, { name: NAME, namespace, replicas: NODES });

  const createDaemons = (namespace: string): Promise<unknown> => {
    const labels = { app: NAME };
    const template = {
      metadata: { labels },
      spec: { containers: [{ name: "main", image: "example.invalid/main" }] },
    };
    const body = {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: { name: NAME },
      spec: { selector: { matchLabels: labels }, template },
    };
    return succeed(lab.api, "POST", `/apis/apps/v1/namespaces/${namespace}/daemonsets`, { body });
  };

  it.each([
    ["StatefulSet", createSet],
    ["DaemonSet", createDaemons],
  ])("pods of a %s are led in both modes", async (kind, create) => {
    const namespace = kind.toLowerCase();
    await createNamespace(lab, namespace);
    await create(namespace);
    await podsReady(lab, namespace, NODES);
    await createService(lab, namespace, { name: NAME, annotations: MODE, spec: { ports: [{ port: 80 }] } });
    const first = await label.led(namespace);
    await lab.kubelet.setReady(namespace, first, false);
    const second = await label.led(namespace, first);
    await lab.kubelet.setReady(namespace, first, true);
    await createService(lab, namespace, {
      name: "routed",
      selector: { app: NAME },
      annotations: ROUTE,
      spec: { ports: [{ port: 80 }] },
    });
    const routed = await families.reached(`${namespace}/routed`, {
      is: ({ exclusive, v4 }) => exclusive && v4.length === 1,
      deadlineMs: CUT_OVER_BOUND_MS,
    });
    // The pod that a label already calls active is preferred.
    expect(routed.v4).toEqual([second]);
    await lab.kubelet.setReady(namespace, second, false);
    await families.reached(`${namespace}/routed`, {
      is: ({ exclusive, v4 }) => exclusive && v4.length === 1 && v4[0] !== second,
      deadlineMs: SCALE_BOUND_MS,
    });
  });

  it("no Service led to two pods, no write of ours made two active ones, and none was unconditional", async () => {
    const { faults, promotions } = await judgeRun(scene);
    expect(faults).toEqual([]);
    expect(promotions).toBeGreaterThanOrEqual(2 * WRITES.length);
  });
});
