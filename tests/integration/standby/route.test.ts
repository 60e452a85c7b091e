/**
 * Goal: in route mode, with the real EndpointSlice and Endpoints controllers, a Service is never without a Ready endpoint while it is cut over or
 * given back, leads to one pod afterwards, and to another one write after the active pod is lost; with two families to one pod in both.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readAuditLog } from "../../../infra/lab/audit.ts";
import type { Lab } from "../../../infra/lab/lab.ts";
import { createNamespace } from "../support/fixture.ts";
import { annotate, get, podPath, podsReady, remove } from "../support/objects.ts";
import { startSceneOfTwo, TICK_BOUND_MS, type Scene } from "../support/scene.ts";
import { EVENT_BOUND_MS, SCALE_BOUND_MS } from "../support/stage.ts";
import { isOfFunction, judgeRun } from "./label-verdict.ts";
import { applyService, createDeployment, createService, routingOf, servicePath, until } from "./label-stage.ts";
import {
  addSecondAddresses,
  carried,
  doubled,
  endpointsCount,
  isOurs,
  ROUTE,
  slicesOf,
  slicesPath,
  startFamilies,
  wasEmpty,
  type Families,
  type FamilyReach,
} from "./route-stage.ts";

const FAIL_OVERS = 12;
const REPLICAS = 3;
const NAME = "store";
/** An event, the controllers, and the repetitions of a run that waits for them. */
const CUT_OVER_BOUND_MS = EVENT_BOUND_MS + TICK_BOUND_MS;
/**
 * Pods carry nothing that says whose they are: an instance knows the Service from an event of it, or from its own sweep, and each event and
 * tick goes to one of two instances.
 */
const LEARNT_BOUND_MS = TICK_BOUND_MS;
const OFF = { "qoqo.dev/service-mode": null, "bellwether.dev/route": null };
const DUAL = { ipFamilyPolicy: "RequireDualStack", ipFamilies: ["IPv4", "IPv6"] };
const HEADLESS_LABEL = "service.kubernetes.io/headless";

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

const isBoth = ({ v4, v6 }: FamilyReach): boolean => v4.length === 1 && v6.length === 1;
const isCutOver = ({ v4, exclusive }: FamilyReach): boolean => exclusive && v4.length === 1;
const isOpen = ({ v4, v6, exclusive }: FamilyReach): boolean =>
  v4.length === REPLICAS && v6.length === REPLICAS && !exclusive;

describe("route mode on a real control plane, both adapters, two instances", () => {
  let scene: Scene;
  let lab: Lab;
  let families: Families;

  /** A Deployment and a plain Service that leads to all of its pods. */
  const createPlain = async (namespace: string, spec: Readonly<Record<string, unknown>> = {}): Promise<void> => {
    await createNamespace(lab, namespace);
    await createDeployment(lab, namespace, { name: NAME, replicas: REPLICAS });
    await addSecondAddresses(lab, namespace);
    await createService(lab, namespace, { name: NAME, spec });
    const isWhole = ({ v4, v6 }: FamilyReach): boolean =>
      v4.length === REPLICAS && v6.length === ("ipFamilies" in spec ? REPLICAS : 0);
    await families.reached(`${namespace}/${NAME}`, { is: isWhole, deadlineMs: SCALE_BOUND_MS });
  };

  const cutOver = (namespace: string): Promise<FamilyReach> =>
    families.reached(`${namespace}/${NAME}`, {
      is: isCutOver,
      deadlineMs: CUT_OVER_BOUND_MS,
    });

  /** The same after the cut-over; the name of the active pod. */
  const createRouted = async (namespace: string, spec: Readonly<Record<string, unknown>> = {}): Promise<string> => {
    await createPlain(namespace, spec);
    await annotate(lab, servicePath(namespace, NAME), ROUTE);
    return (await cutOver(namespace)).v4[0] ?? "";
  };

  const reaches = (namespace: string): readonly FamilyReach[] => families.of(`${namespace}/${NAME}`);

  beforeAll(async () => {
    const ranges = ["--service-cluster-ip-range=10.96.0.0/16,fd00:96::/112"];
    scene = await startSceneOfTwo({ auditLog: true, apiServerArgs: ranges });
    ({ lab } = scene);
    families = await startFamilies(lab);
  });

  afterAll(async () => {
    families.stop();
    await scene.stop();
  });

  it("a cut-over never leaves the Service without a Ready endpoint, and ends with one; the pods carry nothing", async () => {
    const namespace = "cut-over";
    const active = await createRouted(namespace);
    expect(wasEmpty(reaches(namespace))).toBe(false);
    const slices = await slicesOf(lab, namespace, NAME);
    const named = slices.flatMap(({ endpoints }) => endpoints ?? []).map(({ targetRef }) => targetRef?.name);
    expect(named).toEqual([active]);
    await until("Endpoints are empty", async () => (await endpointsCount(lab, namespace, NAME)) === 0, EVENT_BOUND_MS);
    expect((await routingOf(lab, namespace, NAME)).selector).toEqual({ app: NAME, "bellwether.dev/routed": "slice" });
    expect(await carried(lab, namespace)).toEqual([]);
  });

  it("our endpoint is what the controller's was, but for whose slice it is in", async () => {
    const namespace = "same";
    await createPlain(namespace);
    const before = (await slicesOf(lab, namespace, NAME)).flatMap(({ endpoints }) => endpoints ?? []);
    await annotate(lab, servicePath(namespace, NAME), ROUTE);
    const { v4 } = await cutOver(namespace);
    const ours = (await slicesOf(lab, namespace, NAME)).find(isOurs);
    const theirs = before.find(({ targetRef }) => targetRef?.name === v4[0]);
    expect(ours?.endpoints).toEqual([theirs]);
  });

  it(`a fail-over is one write of the slice, ${FAIL_OVERS} times`, async () => {
    const namespace = "fail-over";
    let active = await createRouted(namespace);
    const took: number[] = [];
    for (let count = 0; count < FAIL_OVERS; count += 1) {
      const [old, since] = [active, performance.now()];
      // oxlint-disable-next-line no-await-in-loop
      await lab.kubelet.setReady(namespace, old, false);
      const acknowledged = performance.now();
      const is = ({ v4 }: FamilyReach): boolean => v4.length === 1 && v4[0] !== old;
      // oxlint-disable-next-line no-await-in-loop
      const reach = await families.reached(`${namespace}/${NAME}`, {
        is,
        since,
        deadlineMs: CUT_OVER_BOUND_MS,
      });
      took.push(reach.at - acknowledged);
      active = reach.v4[0] ?? "";
      // oxlint-disable-next-line no-await-in-loop
      await lab.kubelet.setReady(namespace, old, true);
    }
    const shown = took.map((milliseconds) => milliseconds.toFixed(1)).join(" ");
    process.stdout.write(`Ready=False to the other endpoint, ms: median ${median(took).toFixed(1)} of ${shown}\n`);
    expect(doubled(reaches(namespace))).toEqual([]);
    expect(median(took)).toBeLessThan(EVENT_BOUND_MS);
  });

  it("a deleted active pod is replaced; a slice that somebody deletes comes back", async () => {
    const namespace = "deleted";
    const active = await createRouted(namespace);
    await remove(lab, podPath(namespace, active));
    const key = `${namespace}/${NAME}`;
    const is = ({ v4 }: FamilyReach): boolean => v4.length === 1 && v4[0] !== active;
    const { v4 } = await families.reached(key, { is, deadlineMs: LEARNT_BOUND_MS });
    await podsReady(lab, namespace, REPLICAS);
    // The record goes with the slice, and with that who was active: the pod that replaces the deleted one may be as old.
    await annotate(lab, podPath(namespace, v4[0] ?? ""), { "bellwether.dev/priority": "1" });
    const since = performance.now();
    await remove(lab, `${slicesPath(namespace)}/${NAME}-bellwether-ipv4`);
    await families.reached(key, { is: ({ v4: now }) => now.length === 0, since, deadlineMs: LEARNT_BOUND_MS });
    const back = ({ v4: now }: FamilyReach): boolean => now.length === 1 && now[0] === v4[0];
    await families.reached(key, { is: back, since, deadlineMs: TICK_BOUND_MS });
    expect(doubled(reaches(namespace))).toEqual([]);
  });

  it("nobody eligible: the active pod stays, and its endpoint says that it is not Ready", async () => {
    const namespace = "nobody";
    const active = await createRouted(namespace);
    const others =
      reaches(namespace)
        .find(({ v4 }) => v4.length === REPLICAS)
        ?.v4.filter((name) => name !== active) ?? [];
    await Promise.all(others.map((name) => lab.kubelet.setReady(namespace, name, false)));
    const since = performance.now();
    await lab.kubelet.setReady(namespace, active, false);
    const key = `${namespace}/${NAME}`;
    await families.reached(key, { is: ({ v4 }) => v4.length === 0, since, deadlineMs: LEARNT_BOUND_MS });
    const ours = (await slicesOf(lab, namespace, NAME)).filter(isOurs).flatMap(({ endpoints }) => endpoints ?? []);
    const conditions = { ready: false, serving: false, terminating: false };
    expect(ours).toMatchObject([{ targetRef: { name: active }, conditions }]);
    const [next = ""] = others;
    await lab.kubelet.setReady(namespace, next, true);
    await families.reached(key, { is: ({ v4 }) => v4.length === 1 && v4[0] === next, deadlineMs: LEARNT_BOUND_MS });
  });

  it("a headless Service has one address, in a slice that proxies pass over", async () => {
    const namespace = "headless";
    await createRouted(namespace, { clusterIP: "None" });
    const slices = await slicesOf(lab, namespace, NAME);
    expect(slices.flatMap(({ endpoints }) => endpoints ?? []).flatMap(({ addresses }) => addresses)).toHaveLength(1);
    expect(slices.filter(isOurs).map(({ metadata }) => metadata.labels?.[HEADLESS_LABEL])).toEqual([""]);
  });

  it("two families lead to one pod, at every revision of every fail-over", async () => {
    const namespace = "dual";
    const key = `${namespace}/${NAME}`;
    let active = await createRouted(namespace, DUAL);
    for (let count = 0; count < 4; count += 1) {
      const [old, since] = [active, performance.now()];
      // oxlint-disable-next-line no-await-in-loop
      await lab.kubelet.setReady(namespace, old, false);
      const is = (reach: FamilyReach): boolean => isBoth(reach) && reach.v4[0] !== old;
      // oxlint-disable-next-line no-await-in-loop
      const reach = await families.reached(key, { is, since, deadlineMs: CUT_OVER_BOUND_MS });
      active = reach.v4[0] ?? "";
      // oxlint-disable-next-line no-await-in-loop
      await lab.kubelet.setReady(namespace, old, true);
    }
    expect(doubled(reaches(namespace))).toEqual([]);
    expect(
      wasEmpty(
        reaches(namespace).slice(
          0,
          reaches(namespace).findIndex((reach) => reach.exclusive),
        ),
      ),
    ).toBe(false);
  });

  it("a selector that is applied again gets our key back", async () => {
    const namespace = "applied";
    await createRouted(namespace);
    await applyService(lab, namespace, { name: NAME, annotations: ROUTE });
    const isNarrowed = async (): Promise<boolean> =>
      (await routingOf(lab, namespace, NAME)).selector["bellwether.dev/routed"] === "slice";
    await until("the selector is narrowed again", isNarrowed, EVENT_BOUND_MS);
    await until("one pod again", () => reaches(namespace).at(-1)?.v4.length === 1, CUT_OVER_BOUND_MS);
    expect(wasEmpty(reaches(namespace))).toBe(false);
  });

  it("the annotations removed: the Service is as before, and was never without a Ready endpoint", async () => {
    const namespace = "back";
    await createRouted(namespace, DUAL);
    await annotate(lab, servicePath(namespace, NAME), OFF);
    const since = performance.now();
    await families.reached(`${namespace}/${NAME}`, { is: isOpen, since, deadlineMs: CUT_OVER_BOUND_MS });
    await until(
      "nothing of ours is left",
      async () => {
        const { metadata } = await get(lab, servicePath(namespace, NAME));
        const slices = await slicesOf(lab, namespace, NAME);
        return !slices.some(isOurs) && Object.keys(metadata.annotations ?? {}).length === 0;
      },
      CUT_OVER_BOUND_MS,
    );
    expect((await routingOf(lab, namespace, NAME)).selector).toEqual({ app: NAME });
    expect(wasEmpty(reaches(namespace))).toBe(false);
  });

  it("label mode takes over when only the route is switched off, and gives back to it", async () => {
    const namespace = "modes";
    await createRouted(namespace);
    await annotate(lab, servicePath(namespace, NAME), { "bellwether.dev/route": null });
    const isLabelled = async (): Promise<boolean> =>
      (await routingOf(lab, namespace, NAME)).selector["qoqo.dev/pod-designation"] === "active";
    await until("label mode serves it", isLabelled, 2 * CUT_OVER_BOUND_MS);
    expect((await slicesOf(lab, namespace, NAME)).some(isOurs)).toBe(false);
    const since = performance.now();
    await annotate(lab, servicePath(namespace, NAME), ROUTE);
    await families.reached(`${namespace}/${NAME}`, { is: isCutOver, since, deadlineMs: 2 * CUT_OVER_BOUND_MS });
    expect(wasEmpty(reaches(namespace))).toBe(false);
    await until(
      "the pods carry no label",
      async () => {
        const keys = await carried(lab, namespace);
        return !keys.includes("qoqo.dev/pod-designation");
      },
      CUT_OVER_BOUND_MS,
    );
  });

  it("a deleted Service leaves no slice", async () => {
    const namespace = "gone";
    await createRouted(namespace);
    await remove(lab, servicePath(namespace, NAME));
    const isBare = async (): Promise<boolean> => (await slicesOf(lab, namespace, NAME)).length === 0;
    expect(await until("no slice", isBare, TICK_BOUND_MS)).toBe(true);
  });

  it("no Service led to two pods after its cut-over; every write had its preconditions, and permission", async () => {
    const { faults, kinds } = await judgeRun(scene);
    expect(faults).toEqual([]);
    expect(kinds).toEqual(expect.arrayContaining(["create endpointslices", "delete endpointslices", "patch services"]));
    const ours = scene.auditLogFiles.flatMap((file) => readAuditLog(file)).filter(isOfFunction);
    const swaps = ours.filter(({ verb, objectRef }) => verb === "patch" && objectRef?.resource === "endpointslices");
    expect(swaps.length).toBeGreaterThan(FAIL_OVERS);
    expect(ours.filter(({ responseStatus }) => responseStatus?.code === 403)).toEqual([]);
  });
});
