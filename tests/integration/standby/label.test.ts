/**
 * Goal: an annotated Service leads to one pod, the same for all who share the pods; opting in or out never empties it; whatever happens to pods,
 * Service and function, there is one active pod again within the stated time, and no write of ours ever makes two.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Lab } from "../../../infra/lab/lab.ts";
import { createNamespace } from "../support/fixture.ts";
import {
  annotate,
  eventRecorded,
  patch,
  podPath,
  podsReady,
  remove,
  versions,
  podsPath,
  leasesPath,
} from "../support/objects.ts";
import { startSceneOfTwo, TICK_BOUND_MS, type Scene } from "../support/scene.ts";
import { EVENT_BOUND_MS, SCALE_BOUND_MS } from "../support/stage.ts";
import { judgeRun } from "./label-verdict.ts";
import {
  ACTIVE,
  activePods,
  annotateMode,
  applyService,
  bare,
  createDeployment,
  createPod,
  createService,
  MODE,
  routingOf,
  servicePath,
  servicesPath,
  startRoutes,
  until,
  untilExtended,
  wasEmpty,
  type Routes,
} from "./label-stage.ts";

/** A pause of a second lies between the label and the selector. */
const CUT_OVER_BOUND_MS = EVENT_BOUND_MS + 1_000;

describe("annotated Services on a real control plane, both adapters, two instances", () => {
  let scene: Scene;
  let lab: Lab;
  let routes: Routes;

  const extended = (namespace: string, name: string, app: string = name): Promise<true> =>
    untilExtended(lab, namespace, { name, app, deadlineMs: CUT_OVER_BOUND_MS + TICK_BOUND_MS });

  /** A Deployment `store` and an annotated Service `store` that leads to its active pod. */
  const createServed = async (namespace: string, replicas = 2): Promise<string> => {
    await createNamespace(lab, namespace);
    await createDeployment(lab, namespace, { name: "store", replicas });
    await createService(lab, namespace, { name: "store", annotations: MODE });
    await extended(namespace, "store");
    const [pod = ""] = await routes.leads(`${namespace}/store`, { count: 1, deadlineMs: SCALE_BOUND_MS });
    return pod;
  };

  beforeAll(async () => {
    scene = await startSceneOfTwo({ auditLog: true });
    ({ lab } = scene);
    routes = await startRoutes(lab);
  });

  afterAll(async () => {
    routes.stop();
    await scene.stop();
  });

  it("AS-1: a plain Service leads to both pods of a Deployment, an annotated one to one of them", async () => {
    await createNamespace(lab, "plain");
    await createDeployment(lab, "plain", { name: "store", replicas: 2 });
    await createService(lab, "plain", { name: "all", selector: { app: "store" } });
    await createService(lab, "plain", { name: "store", annotations: MODE });
    await extended("plain", "store");
    const [active = ""] = await routes.leads("plain/store", { count: 1, deadlineMs: SCALE_BOUND_MS });
    expect(await activePods(lab, "plain")).toEqual([active]);
    expect(await routes.leads("plain/all", { count: 2, deadlineMs: SCALE_BOUND_MS })).toContain(active);
  });

  it("AS-4: eight Services in use opt in at once: each leads to one pod, and none was empty on the way", async () => {
    await createNamespace(lab, "adopted");
    const names = Array.from({ length: 8 }, (_, index) => `store-${index}`);
    for (const name of names) {
      // oxlint-disable-next-line no-await-in-loop
      await createDeployment(lab, "adopted", { name, replicas: 2 });
    }
    await Promise.all(names.map((name) => createService(lab, "adopted", { name })));
    await Promise.all(names.map((name) => routes.leads(`adopted/${name}`, { count: 2, deadlineMs: SCALE_BOUND_MS })));
    await Promise.all(names.map((name) => annotateMode(lab, "adopted", name, "active-standby")));
    await Promise.all(names.map((name) => extended("adopted", name)));
    await Promise.all(names.map((name) => routes.leads(`adopted/${name}`, { count: 1, deadlineMs: SCALE_BOUND_MS })));
    expect(names.filter((name) => wasEmpty(routes.of(`adopted/${name}`)))).toEqual([]);
    expect(await activePods(lab, "adopted")).toHaveLength(8);
  });

  it("AS-7: they opt out, each in its own way: selectors restored, nothing left, and again none was empty", async () => {
    const [first = "", second = "", ...others] = Array.from({ length: 8 }, (_, index) => `store-${index}`);
    await annotateMode(lab, "adopted", first, null);
    await annotateMode(lab, "adopted", second, "off");
    await Promise.all(others.map((name) => annotateMode(lab, "adopted", name, null)));
    await until("nothing is left in adopted", () => bare(lab, "adopted"), CUT_OVER_BOUND_MS + TICK_BOUND_MS);
    const all = [first, second, ...others];
    expect(await Promise.all(all.map((name) => routingOf(lab, "adopted", name)))).toEqual(
      all.map((app) => ({ selector: { app }, kept: undefined })),
    );
    await Promise.all(all.map((name) => routes.leads(`adopted/${name}`, { count: 2, deadlineMs: SCALE_BOUND_MS })));
    expect(all.filter((name) => wasEmpty(routes.of(`adopted/${name}`)))).toEqual([]);
    const told = await eventRecorded(lab, "adopted", {
      matches: ({ reason, regarding }) => reason === "NotServed" && regarding.name === second,
      deadlineMs: EVENT_BOUND_MS,
    });
    expect(told.note).toContain('got "off", accepted is "active-standby"');
  });

  it("AS-7, defect A3: a Service that is deleted leaves nothing behind", async () => {
    await createServed("deleted");
    await remove(lab, servicePath("deleted", "store"));
    await until("nothing is left in deleted", () => bare(lab, "deleted"), CUT_OVER_BOUND_MS);
    expect(await activePods(lab, "deleted")).toEqual([]);
  });

  it("AS-2, AS-11: an active pod that is deleted is replaced while it terminates, not after its grace period", async () => {
    const before = await createServed("terminating");
    await remove(lab, podPath("terminating", before), { gracePeriodSeconds: 20 });
    const [after] = await routes.leads("terminating/store", {
      count: 1,
      is: (pod) => pod !== before,
      deadlineMs: SCALE_BOUND_MS,
    });
    expect(await activePods(lab, "terminating")).toEqual([after]);
  });

  it("AS-3: a headless Service has exactly one address, after a fail-over that of the other pod", async () => {
    await createNamespace(lab, "headless");
    await createDeployment(lab, "headless", { name: "store", replicas: 2 });
    await createService(lab, "headless", { name: "store", annotations: MODE, spec: { clusterIP: "None" } });
    await extended("headless", "store");
    const [before = ""] = await routes.leads("headless/store", { count: 1, deadlineMs: SCALE_BOUND_MS });
    await lab.kubelet.setReady("headless", before, false);
    await routes.leads("headless/store", { count: 1, is: (pod) => pod !== before, deadlineMs: SCALE_BOUND_MS });
    await lab.kubelet.setReady("headless", before, true);
    const [after = ""] = await activePods(lab, "headless");
    await remove(lab, podPath("headless", after), { gracePeriodSeconds: 0 });
    expect(
      await routes.leads("headless/store", { count: 1, is: (pod) => pod !== after, deadlineMs: SCALE_BOUND_MS }),
    ).toEqual([before]);
  });

  it("a selector that is applied again by the server gets our key back, and one that was edited is the new original", async () => {
    const active = await createServed("applied");
    const { resourceVersion } = (await applyService(lab, "applied", { name: "store", annotations: MODE })).metadata;
    await extended("applied", "store");
    expect(await activePods(lab, "applied")).toEqual([active]);
    expect(resourceVersion).toBeDefined();
    await createDeployment(lab, "applied", { name: "shop", replicas: 2 });
    await applyService(lab, "applied", { name: "store", selector: { app: "shop" }, annotations: MODE });
    await extended("applied", "store", "shop");
    await routes.leads("applied/store", { count: 1, is: (pod) => pod.startsWith("shop-"), deadlineMs: SCALE_BOUND_MS });
    await until(
      "the old group is gone",
      async () => (await activePods(lab, "applied")).length === 1,
      CUT_OVER_BOUND_MS,
    );
  });

  it("a selector that is edited around our key and finds the same pods never leads nowhere on the way to its new active pod", async () => {
    await createNamespace(lab, "edited");
    await createDeployment(lab, "edited", { name: "store", replicas: 3, labels: { app: "store", tier: "front" } });
    await createService(lab, "edited", { name: "store", annotations: MODE });
    await extended("edited", "store");
    await routes.leads("edited/store", { count: 1, deadlineMs: SCALE_BOUND_MS });
    const before = routes.of("edited/store").length;
    await patch(lab, servicePath("edited", "store"), { spec: { selector: { app: null, tier: "front" } } });
    const isTaken = async (): Promise<boolean> => (await routingOf(lab, "edited", "store")).kept === '{"tier":"front"}';
    await until("the selector is extended again", isTaken, CUT_OVER_BOUND_MS + TICK_BOUND_MS);
    await routes.leads("edited/store", { count: 1, deadlineMs: SCALE_BOUND_MS });
    expect(wasEmpty(routes.of("edited/store").slice(before - 1))).toBe(false);
  });

  it("Services of one selector share the active pod; an overlap with another selector is refused, and told", async () => {
    const active = await createServed("shared");
    await createService(lab, "shared", { name: "too", selector: { app: "store" }, annotations: MODE });
    await until(
      "the second is extended",
      async () => (await routingOf(lab, "shared", "too")).kept === '{"app":"store"}',
      CUT_OVER_BOUND_MS,
    );
    expect(await routes.leads("shared/too", { count: 1, deadlineMs: SCALE_BOUND_MS })).toEqual([active]);
    await createPod(lab, "shared", "both", { app: "store", tier: "front" });
    await podsReady(lab, "shared", 3);
    await createService(lab, "shared", { name: "front", selector: { tier: "front" }, annotations: MODE });
    const told = await eventRecorded(lab, "shared", {
      matches: ({ reason }) => reason === "PodsShared",
      deadlineMs: EVENT_BOUND_MS,
    });
    expect([told.regarding.name, told.note]).toEqual([
      "front",
      expect.stringContaining("active/standby Service store"),
    ]);
    expect(await routingOf(lab, "shared", "front")).toEqual({ selector: { tier: "front" }, kept: undefined });
    expect(await activePods(lab, "shared")).toEqual([active]);
  });

  it("AS-9: odd Services are told what is wrong, and the function lives", async () => {
    await createNamespace(lab, "odd");
    await createService(lab, "odd", { name: "podless", annotations: MODE });
    await createService(lab, "odd", { name: "bare", annotations: MODE, selector: {} });
    await createService(lab, "odd", {
      name: "away",
      annotations: MODE,
      spec: { type: "ExternalName", externalName: "example.com" },
    });
    for (const [name, reason] of [
      ["podless", "NoEligiblePod"],
      ["bare", "NotServed"],
      ["away", "NotServed"],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      await eventRecorded(lab, "odd", {
        matches: (event) => event.regarding.name === name && event.reason === reason,
        deadlineMs: TICK_BOUND_MS,
      });
    }
    expect(await routingOf(lab, "odd", "podless")).toEqual({ selector: { app: "podless" }, kept: undefined });
  });

  it("pods that nothing owns are served; priority decides; a label that was copied by hand is taken back", async () => {
    await createNamespace(lab, "owned");
    for (const name of ["one", "two", "three"]) {
      // oxlint-disable-next-line no-await-in-loop
      await createPod(lab, "owned", name, { app: "store" });
    }
    await podsReady(lab, "owned", 3);
    await annotate(lab, podPath("owned", "two"), { "bellwether.dev/priority": "10" });
    await createService(lab, "owned", { name: "store", annotations: MODE });
    await extended("owned", "store");
    expect(await routes.leads("owned/store", { count: 1, deadlineMs: SCALE_BOUND_MS })).toEqual(["two"]);
    await patch(lab, podPath("owned", "three"), { metadata: { labels: ACTIVE } });
    await until("it is taken back", async () => (await activePods(lab, "owned")).length === 1, EVENT_BOUND_MS);
    expect(await activePods(lab, "owned")).toEqual(["two"]);
  });

  it("nothing eligible: everything stays as it is; nothing to do: nothing is written", async () => {
    await createServed("idle");
    const paths = [podsPath("idle"), servicesPath("idle")];
    const [active = ""] = await activePods(lab, "plain");
    const both = await routes.leads("plain/all", { count: 2, deadlineMs: SCALE_BOUND_MS });
    // The active one last: a fail-over that has begun would leave its record, and no label, to the pod that fails then.
    for (const pod of both.toSorted((one) => (one === active ? 1 : -1))) {
      // oxlint-disable-next-line no-await-in-loop
      await lab.kubelet.setReady("plain", pod, false);
    }
    await eventRecorded(lab, "plain", {
      matches: ({ reason }) => reason === "NoEligiblePod",
      deadlineMs: TICK_BOUND_MS,
    });
    expect([await activePods(lab, "plain"), (await routingOf(lab, "plain", "store")).kept]).toEqual([
      [active],
      '{"app":"store"}',
    ]);
    const before = await versions(lab, ...paths);
    await new Promise((resolve) => {
      setTimeout(resolve, TICK_BOUND_MS);
    });
    expect(await versions(lab, ...paths)).toEqual(before);
    expect(await versions(lab, leasesPath("idle"))).toHaveLength(1);
  });

  it("no write of ours ever made two active pods, none was unconditional, and none went elsewhere", async () => {
    const { faults, promotions, kinds } = await judgeRun(scene);
    expect(faults).toEqual([]);
    expect(promotions).toBeGreaterThanOrEqual(20);
    expect(kinds).toEqual([
      "create events",
      "create leases",
      "delete leases",
      "patch leases",
      "patch pods",
      "patch services",
    ]);
  });
});
