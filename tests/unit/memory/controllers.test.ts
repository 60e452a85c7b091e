import { describe, expect, it } from "vitest";
import type { KubeList, KubeObject } from "../../../functions/kit/kube/object.ts";
import type { Stepper } from "../../../infra/lab/memory/collector.ts";
import { createCollector } from "../../../infra/lab/memory/collector.ts";
import type { MemoryKubelet } from "../../../infra/lab/memory/pods.ts";
import { createMemoryKubelet } from "../../../infra/lab/memory/pods.ts";
import { createStatefulSetController } from "../../../infra/lab/memory/stateful-set.ts";
import type { Cluster } from "./support.ts";
import { createCluster, lock, LOCKS_PATH, PODS_PATH, SETS_PATH } from "./support.ts";

interface Running extends Cluster {
  readonly controller: Stepper;
  readonly kubelet: MemoryKubelet;
  readonly collector: Stepper;
  readonly pods: () => readonly KubeObject[];
  readonly names: () => readonly string[];
  /** Steps all controllers until none has anything to do. */
  readonly settle: () => void;
}

const running = (spec: Readonly<Record<string, unknown>>): Running => {
  const cluster = createCluster();
  const controller = createStatefulSetController(cluster.api);
  const kubelet = createMemoryKubelet(cluster.api);
  const collector = createCollector(cluster.api);
  const template = { metadata: { labels: { app: "s" } }, spec: { containers: [{ name: "main", image: "image" }] } };
  const set = { serviceName: "s", selector: { matchLabels: { app: "s" } }, template, ...spec };
  cluster.object("POST", SETS_PATH, { metadata: { name: "s" }, spec: set });
  const pods = (): readonly KubeObject[] => (cluster.send("GET", PODS_PATH).body as KubeList).items;
  return {
    ...cluster,
    controller,
    kubelet,
    collector,
    pods,
    names: () => pods().map(({ metadata }) => metadata.name),
    settle: () => {
      while ([collector.step(), controller.step(), kubelet.step()].includes(true));
    },
  };
};

describe("the StatefulSet controller", () => {
  it("makes the next pod only when those before it are ready", () => {
    const { controller, kubelet, names } = running({ replicas: 3 });
    controller.step();
    controller.step();
    expect(names()).toEqual(["s-0"]);
    kubelet.setReady("default", "s-0", true);
    controller.step();
    expect(names()).toEqual(["s-0", "s-1"]);
    kubelet.setReady("default", "s-0", false);
    kubelet.setReady("default", "s-1", true);
    controller.step();
    expect(names()).toEqual(["s-0", "s-1"]);
  });

  it("makes all pods at once when the policy is Parallel", () => {
    const { controller, names } = running({ replicas: 3, podManagementPolicy: "Parallel" });
    controller.step();
    expect(names()).toEqual(["s-0", "s-1", "s-2"]);
  });

  it("gives pods the labels and the owner that members are recognised by", () => {
    const { settle, pods, object } = running({ replicas: 1 });
    settle();
    const { uid } = object("GET", `${SETS_PATH}/s`).metadata;
    expect(pods().at(0)?.metadata).toMatchObject({
      generateName: "s-",
      labels: { app: "s", "statefulset.kubernetes.io/pod-name": "s-0", "apps.kubernetes.io/pod-index": "0" },
      ownerReferences: [{ kind: "StatefulSet", name: "s", uid, controller: true }],
    });
  });

  it("replaces a deleted pod by one of the same name and another uid, once it is gone", () => {
    const { settle, send, object, controller, kubelet } = running({ replicas: 2 });
    settle();
    const { uid } = object("GET", `${PODS_PATH}/s-0`).metadata;
    send("DELETE", `${PODS_PATH}/s-0`);
    controller.step();
    expect(object("GET", `${PODS_PATH}/s-0`).metadata.uid).toBe(uid);
    kubelet.finish("default", "s-0");
    settle();
    expect(object("GET", `${PODS_PATH}/s-0`).metadata.uid).not.toBe(uid);
  });

  it("scales down from the top and reports what is there", () => {
    const { settle, object, names } = running({ replicas: 3 });
    settle();
    expect(object("GET", `${SETS_PATH}/s`).status).toMatchObject({
      replicas: 3,
      readyReplicas: 3,
      observedGeneration: 1,
    });
    object("PATCH", `${SETS_PATH}/s`, { spec: { replicas: 1 } });
    settle();
    expect(names()).toEqual(["s-0"]);
    expect(object("GET", `${SETS_PATH}/s`).status).toMatchObject({
      replicas: 1,
      readyReplicas: 1,
      observedGeneration: 2,
    });
  });
});

describe("the kubelet", () => {
  it("counts restarts and keeps the pod, its node and its address through a crash", () => {
    const { settle, kubelet, object } = running({ replicas: 1 });
    settle();
    const before = object("GET", `${PODS_PATH}/s-0`);
    const version = kubelet.crash("default", "s-0");
    const after = object("GET", `${PODS_PATH}/s-0`);
    expect(after.metadata).toMatchObject({ uid: before.metadata.uid, resourceVersion: version });
    expect(after.status).toMatchObject({
      podIP: (before.status as { readonly podIP: string }).podIP,
      containerStatuses: [{ ready: false, restartCount: 1 }],
    });
    const conditions = (after.status as { conditions: readonly { type: string; status: string }[] }).conditions;
    expect(conditions.find(({ type }) => type === "Ready")?.status).toBe("False");
  });

  it("names the pod that it was asked about when there is none", () => {
    const { kubelet } = running({ replicas: 0 });
    expect(() => kubelet.crash("default", "none")).toThrow(/default\/none/);
  });
});

describe("the garbage collector", () => {
  it.each([
    ["Background", 0],
    ["Foreground", 0],
    ["Orphan", 2],
  ])("after a deletion with %s leaves %i pods", (propagationPolicy, left) => {
    const { settle, send, collector, kubelet, pods } = running({ replicas: 2 });
    settle();
    send("DELETE", `${SETS_PATH}/s`, { propagationPolicy });
    while ([collector.step(), kubelet.step()].includes(true));
    expect(send("GET", `${SETS_PATH}/s`).status).toBe(404);
    expect(pods().map(({ metadata }) => metadata.ownerReferences)).toEqual(
      Array.from({ length: left }, () => undefined),
    );
  });

  it("empties a namespace that ends, and waits for finalizers in it", () => {
    const { settle, send, object } = running({ replicas: 1 });
    object("POST", LOCKS_PATH, lock("k", { finalizers: ["x.y/z"] }));
    settle();
    send("DELETE", "/api/v1/namespaces/default");
    settle();
    expect(send("GET", `${PODS_PATH}/s-0`).status).toBe(404);
    expect(send("POST", LOCKS_PATH, lock("late")).status).toBe(403);
    object("PATCH", `${LOCKS_PATH}/k`, { metadata: { finalizers: null } });
    settle();
    expect(send("GET", "/api/v1/namespaces/default").status).toBe(404);
  });
});
