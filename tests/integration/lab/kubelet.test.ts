/** The stand-in kubelet makes real controllers see what they would see in a cluster. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { succeed } from "../../../infra/lab/api.ts";
import type { Pod } from "../../../infra/lab/kubelet-pod.ts";
import { startLab, type Lab } from "../../../infra/lab/lab.ts";
import { isReady } from "../../../infra/lab/workload.ts";
import { createNamespace, createStatefulSet, waitFor } from "../support/fixture.ts";

const deadlineMs = 20_000;

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ terminationMs: 300, controllerManagerArgs: ["--node-monitor-grace-period=8s"] });
});
afterAll(() => lab.stop());

const podsPath = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;

const waitForPods = (namespace: string, until: (pods: readonly Pod[]) => boolean): Promise<readonly Pod[]> =>
  waitFor<Pod>(lab, { path: podsPath(namespace), until, deadlineMs });

/** A namespace with a StatefulSet `db` whose pods are all Ready. */
const scene = async (namespace: string, replicas: number): Promise<readonly Pod[]> => {
  await createNamespace(lab, namespace);
  await createStatefulSet(lab, { name: "db", namespace, replicas });
  return waitForPods(namespace, (pods) => pods.length === replicas && pods.every(isReady));
};

const named = (pods: readonly Pod[], name: string): Pod | undefined => pods.find((pod) => pod.metadata.name === name);

it("a StatefulSet of three becomes Ready, on different addresses and nodes", async () => {
  const pods = await scene("three", 3);
  const addresses = pods.map(({ status }) => status?.podIP);
  expect(new Set(addresses).size).toBe(3);
  expect(new Set(pods.map(({ spec }) => spec.nodeName))).toEqual(new Set(["node-1", "node-2", "node-3"]));
});

it("a pod runs on the node that its selector names, and stays Pending when none fits", async () => {
  await createNamespace(lab, "selected");
  const create = (name: string, nodeSelector: Readonly<Record<string, string>>): Promise<unknown> => {
    const spec = { nodeSelector, containers: [{ name: "c", image: "i" }] };
    return succeed(lab.api, "POST", podsPath("selected"), { body: { metadata: { name }, spec } });
  };
  await create("nowhere", { none: "fits" });
  await create("somewhere", { "kubernetes.io/hostname": "node-2" });
  const pods = await waitForPods("selected", (seen) => seen.some(isReady));
  expect(pods.map(({ metadata, spec, status }) => [metadata.name, spec.nodeName, status?.phase])).toEqual([
    ["nowhere", undefined, "Pending"],
    ["somewhere", "node-2", "Running"],
  ]);
});

it("a deleted pod terminates gracefully, and its successor is another pod", async () => {
  const [before] = await scene("graceful", 1);
  const { metadata } = await succeed<KubeObject>(lab.api, "DELETE", `${podsPath("graceful")}/db-0`);
  expect(metadata.deletionTimestamp).toBeDefined();
  const still = await succeed<KubeObject>(lab.api, "GET", `${podsPath("graceful")}/db-0`);
  expect(still.metadata.uid).toBe(before?.metadata.uid);
  const [after] = await waitForPods("graceful", ([pod]) => {
    return pod !== undefined && pod.metadata.uid !== before?.metadata.uid && isReady(pod);
  });
  expect(after?.metadata.name).toBe("db-0");
});

it("setReady answers with the version at which the pod is not Ready", async () => {
  await scene("readiness", 1);
  const version = await lab.kubelet.setReady("readiness", "db-0", false);
  const pod = await succeed<KubeObject>(lab.api, "GET", `${podsPath("readiness")}/db-0`);
  expect([pod.metadata.resourceVersion, isReady(pod)]).toEqual([version, false]);
  await lab.kubelet.setReady("readiness", "db-0", true);
  await waitForPods("readiness", (pods) => pods.every(isReady));
});

it("a crash counts a restart and takes readiness away", async () => {
  await scene("crash", 1);
  await lab.kubelet.crash("crash", "db-0");
  await lab.kubelet.crash("crash", "db-0");
  const pod = await succeed<Pod>(lab.api, "GET", `${podsPath("crash")}/db-0`);
  expect([isReady(pod), pod.status?.containerStatuses?.[0]?.restartCount]).toEqual([false, 2]);
});

it("held pods run without being Ready until they are released", async () => {
  await lab.kubelet.holdReady("held", /^db-1$/, true);
  await createNamespace(lab, "held");
  await createStatefulSet(lab, { name: "db", namespace: "held", replicas: 2 });
  const pods = await waitForPods("held", (seen) => named(seen, "db-1")?.status?.phase === "Running");
  expect(pods.map((pod) => [pod.metadata.name, isReady(pod)])).toEqual([
    ["db-0", true],
    ["db-1", false],
  ]);
  await lab.kubelet.holdReady("held", /^db-1$/, false);
  await waitForPods("held", (seen) => seen.every(isReady));
});

it("a frozen node ends no deletion until it thaws, and the node controller notices its silence", async () => {
  const [pod] = await scene("frozen", 1);
  const node = pod?.spec.nodeName ?? "";
  lab.kubelet.freezeNode(node);
  await succeed(lab.api, "DELETE", `${podsPath("frozen")}/db-0`);
  await waitFor(lab, {
    path: "/api/v1/nodes",
    until: (nodes) => nodes.some((seen) => seen.metadata.name === node && !isReady(seen)),
    deadlineMs: 60_000,
  });
  const still = await succeed<KubeObject>(lab.api, "GET", `${podsPath("frozen")}/db-0`);
  expect(still.metadata.uid).toBe(pod?.metadata.uid);
  lab.kubelet.thawNode(node);
  await waitForPods("frozen", (pods) => pods.length === 1 && pods[0]?.metadata.uid !== pod?.metadata.uid);
});
