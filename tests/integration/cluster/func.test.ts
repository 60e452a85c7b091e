/**
 * The real func CLI puts the image that we built on a real cluster, in the place that the documentation gives it; a lock is served by it; and
 * when everything has been taken away as documented, the cluster holds what it held before.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { judge, renderVerdict } from "../../../functions/kit/history/judge.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { succeed } from "../../../infra/lab/api.ts";
import { openNode, type ClusterNode } from "../../../infra/lab/node/cluster-node.ts";
import { runningSite } from "../../../infra/lab/node/up.ts";
import { runFunc } from "../../../infra/lab/platform/func.ts";
import { ELECTION } from "../../../infra/observe/scope.ts";
import { folderOf, objectsOf } from "../platform/golden/overlays.ts";
import { EVENT_BOUND_MS } from "../support/stage.ts";
import { deletePod } from "./support/faults.ts";
import { added, takeInventory, type Inventory } from "./support/func-inventory.ts";
import { installOverlay, isReady, functionPods, killEnding } from "./support/function.ts";
import { tokenOf } from "./support/group.ts";
import { addGroup, settled, strikeGroup, type Watched } from "./support/groups.ts";
import { BELLWETHER_IMAGE } from "./support/images.ts";
import { kubectlOn } from "./support/kubectl-on.ts";
import { createNamespaces, FUNCTION_NAMESPACE, namespacesEnded } from "./support/namespaces.ts";

const NAMESPACE = "func";
const OVERLAY = "knative-warm";
const FUNC_YAML = join(import.meta.dirname, "../../../func.yaml");

const openDeadlineMs = 300_000;
const closeDeadlineMs = 180_000;
const BOUNDED = ["--ignore-not-found", "--timeout=60s"];
/** Longer than a pod of the function may take to end. */
const gone = { timeout: 120_000, interval: 250 };

/** Lines of an inventory that speak of the Service, or of a revision of it. */
const OF_THE_SERVICE =
  /\.(?:serving|(?:networking|autoscaling|caching)\.internal)\.knative\.dev\/|\/bellwether-\d{5}|^services\.v1 \S+\/bellwether$/;

const A_SOURCE = /\.sources\.knative\.dev\//;

const linesOf = (inventory: Inventory, pattern: RegExp): readonly string[] =>
  [...inventory].filter((line) => pattern.test(line)).toSorted();

interface Service extends KubeObject {
  readonly status: { readonly latestReadyRevisionName?: string };
}

interface Notice extends KubeObject {
  readonly reportingInstance: string;
  readonly reason: string;
}

interface Shipped {
  readonly spec: { readonly template: { readonly metadata: { readonly labels: object } } };
}

/** What the overlay puts on pods of the function, by which sources and network policies know them. */
const ourLabels = (): object => {
  const shipped = objectsOf(OVERLAY).find(
    ({ kind, apiVersion }) => kind === "Service" && apiVersion.includes("knative"),
  );
  return (shipped as unknown as Shipped).spec.template.metadata.labels;
};

describe.skipIf(inject("missing").length > 0)("the func CLI on a real cluster", () => {
  const folder = mkdtempSync(join(tmpdir(), "bellwether-func-"));
  let node: ClusterNode;
  let group: Watched;
  let empty: Inventory;
  let withOverlay: Inventory;
  let overlaysRevision: string | undefined;
  let funcsRevision: string;

  /** In the same folder, whose func.yaml remembers what was deployed. */
  const func = (funcYaml: string, ...args: readonly string[]): Promise<string> =>
    runFunc({ path: folder, funcYaml, kubeconfig: node.site.kubeconfigFile }, ...args);

  const service = (): Promise<Service> =>
    succeed(node.api, "GET", `/apis/serving.knative.dev/v1/namespaces/${FUNCTION_NAMESPACE}/services/bellwether`);

  /** What is there and was not before; what ends is helped to. */
  const left = async (before: Inventory, namespace?: string): Promise<readonly string[]> => {
    await killEnding(node);
    return added(await takeInventory(node.api, namespace), before);
  };

  beforeAll(async () => {
    const site = runningSite();
    if (site === undefined) throw new Error("no node runs");
    node = openNode(site);
    await namespacesEnded(node);
    empty = await takeInventory(node.api);
    await createNamespaces(node, [NAMESPACE]);
    await installOverlay(node, OVERLAY);
    overlaysRevision = (await service()).status.latestReadyRevisionName;
    withOverlay = await takeInventory(node.api, FUNCTION_NAMESPACE);
  }, openDeadlineMs);

  afterAll(async () => {
    rmSync(folder, { recursive: true });
    if (node === undefined) return;
    // What a test that failed has left. Locks first: their finalizers need the function, and without failure not even their kind is there.
    await kubectlOn(node, "delete", "ssl", "--all", "-A", ...BOUNDED).catch(() => undefined);
    await kubectlOn(node, "delete", ...BOUNDED, "-k", folderOf(OVERLAY));
    await kubectlOn(node, "delete", ...BOUNDED, "namespace", NAMESPACE);
    node.close();
  }, closeDeadlineMs);

  test("func deploy replaces the Service of the overlay by one with the same image", async () => {
    const how = ["--build=false", "--push=false", "--remote=false", `--image=${BELLWETHER_IMAGE}`];
    await func(readFileSync(FUNC_YAML, "utf8"), "deploy", ...how);
    const { metadata, status } = await service();
    funcsRevision = status.latestReadyRevisionName ?? "";
    expect(funcsRevision).not.toBe(overlaysRevision);
    expect(metadata.labels).toMatchObject({ "function.knative.dev/name": "bellwether" });
    const running = (await functionPods(node)).filter(isReady).map(({ metadata: { name } }) => name);
    expect(running).toContainEqual(expect.stringContaining(funcsRevision));
  });

  test("its pods are those that sources leave out and network policies let in", async () => {
    const pods = await functionPods(node);
    for (const { metadata } of pods) expect(metadata.labels).toMatchObject(ourLabels());
  });

  test("serves a lock: real pods have a writer, and another one when it is deleted", async () => {
    group = await addGroup({ node }, NAMESPACE);
    const before = await settled(group);
    const { recovered, newWriters } = await strikeGroup(group, before, deletePod);
    const { after, labelledAfterMs } = await recovered(EVENT_BOUND_MS);
    process.stdout.write(`put there by func: a new writer after ${labelledAfterMs} ms, at most ${EVENT_BOUND_MS}\n`);
    expect(tokenOf(after)).toBeGreaterThan(tokenOf(before));
    expect(newWriters()).toBe(1);
    const path = `/apis/events.k8s.io/v1/namespaces/${NAMESPACE}/events`;
    const { items } = await succeed<{ readonly items: readonly Notice[] }>(node.api, "GET", path);
    const ours = items.filter(({ metadata: { name } }) => name.startsWith("db"));
    expect(ours.map(({ reportingInstance }) => reportingInstance)).toContainEqual(
      expect.stringContaining(funcsRevision),
    );
    const { revisions, gaps } = group.observer;
    const verdict = judge(revisions, { ...ELECTION, gaps });
    expect([...verdict.violations, ...verdict.foreign, ...verdict.gaps], renderVerdict(verdict)).toEqual([]);
  });

  test("ends what it leads when its user asks for that, as before an uninstallation", async () => {
    await group.observer.stop();
    await kubectlOn(node, "delete", "ssl,leaderstatuscheckers", "--all", "-A");
    const leases = "/apis/coordination.k8s.io/v1/leases?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dbellwether";
    const records = async (): Promise<readonly string[]> =>
      (await succeed<{ readonly items: readonly KubeObject[] }>(node.api, "GET", leases)).items.map(
        ({ metadata: { name } }) => name,
      );
    await expect.poll(records).toEqual([]);
  });

  test("func delete takes away the Service and all that Knative made of it, and leaves the sources", async () => {
    // It waits for the end of all that it deletes.
    const deleted = func(readFileSync(join(folder, "func.yaml"), "utf8"), "delete");
    await expect.poll(() => left(withOverlay, FUNCTION_NAMESPACE), gone).toEqual([]);
    await deleted;
    const now = await takeInventory(node.api, FUNCTION_NAMESPACE);
    expect(linesOf(now, OF_THE_SERVICE)).toEqual([]);
    expect(linesOf(now, A_SOURCE)).toEqual(linesOf(withOverlay, A_SOURCE));
  });

  test("kubectl delete -k of the overlay takes away the rest: the cluster holds nothing that it did not hold before", async () => {
    await Promise.all([
      kubectlOn(node, "delete", "--ignore-not-found", "-k", folderOf(OVERLAY)),
      kubectlOn(node, "delete", "namespace", NAMESPACE),
    ]);
    await expect.poll(() => left(empty), gone).toEqual([]);
  });
});
