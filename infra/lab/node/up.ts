/** Brings a node up: what the machine needs, then the control plane, then what runs pods, then Knative in pods. Bounded in every step. */
import { findBinary } from "../binaries.ts";
import { applyManifest, type Manifest } from "../manifests.ts";
import { install } from "../platform/install.ts";
import { withProgress, type Log } from "../progress.ts";
import type { PartName } from "../versions.ts";
import { openNode, type ClusterNode } from "./cluster-node.ts";
import { removeNode } from "./down.ts";
import { holdNode, mayHaveNode } from "./hold.ts";
import { createBridge } from "./host/bridge.ts";
import { daemonsOf, startDaemon } from "./host/daemons.ts";
import { missingRequirements } from "./host/requirements.ts";
import { applySettings, readSettings } from "./host/settings.ts";
import { importImage, partImage } from "./images.ts";
import { apiServer } from "./parts/api-server.ts";
import { containerd } from "./parts/containerd.ts";
import { controllerManager } from "./parts/controller-manager.ts";
import { etcd } from "./parts/etcd.ts";
import { kubeProxy } from "./parts/kube-proxy.ts";
import { kubelet } from "./parts/kubelet.ts";
import { scheduler } from "./parts/scheduler.ts";
import { writePki, type Pki } from "./pki.ts";
import { DNS } from "./pods/dns.ts";
import { INGRESS } from "./pods/ingress.ts";
import { KNATIVE_PARTS, knativeManifests } from "./pods/knative.ts";
import { everythingReady } from "./pods/ready.ts";
import { currentBootId, readNodeRecord, writeNodeRecord } from "./record.ts";
import { choosePorts, nodeFolder, siteOf, type Site } from "./site.ts";
import { undone } from "./undone.ts";

type ProcessName = "etcd" | "kube-apiserver" | "kube-controller-manager" | "kube-scheduler" | "kubelet" | "kube-proxy";

const PROCESSES: readonly ProcessName[] = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
];

/** What runs in pods. */
const IMAGES: readonly PartName[] = ["coredns", "traefik", ...KNATIVE_PARTS];

/** Everything that a node is made of, so that it can be built beforehand. */
export const NODE_MADE_OF: readonly PartName[] = [...PROCESSES, "pause", ...IMAGES];

type Files = Readonly<Record<PartName, string>>;

/** One after the other: parallel builds would only share the same cores. */
const findParts = async (log: Log): Promise<Files> => {
  const found: Partial<Record<PartName, string>> = {};
  for (const name of NODE_MADE_OF) {
    // oxlint-disable-next-line no-await-in-loop
    found[name] = await findBinary(name, { log });
  }
  return found as Files;
};

/** Writes down how the machine was before it is changed. */
const prepareMachine = async (endsWithRun: boolean): Promise<Site> => {
  const site = siteOf(nodeFolder(), await choosePorts());
  const { ports, folder } = site;
  const begun = { startedAt: new Date().toISOString(), bootId: currentBootId() };
  writeNodeRecord(folder, { ...begun, ports, settings: readSettings(), isReady: false, endsWithRun });
  await createBridge();
  applySettings();
  return site;
};

/** As `Promise.all`, but it rejects only once all have ended, so that nothing is started while a failed node is removed. */
const together = async (steps: readonly Promise<unknown>[]): Promise<void> => {
  const results = await Promise.allSettled(steps);
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
};

const startControlPlane = async (site: Site, pki: Pki, files: Files): Promise<void> => {
  await startDaemon(site, etcd(site, pki, files.etcd));
  await startDaemon(site, apiServer(site, pki, files["kube-apiserver"]));
  await together([
    startDaemon(site, controllerManager(site, pki, files["kube-controller-manager"])),
    startDaemon(site, scheduler(site, pki, files["kube-scheduler"])),
  ]);
};

const startNode = async (site: Site, pki: Pki, files: Files): Promise<void> => {
  await together([
    startDaemon(site, kubelet(site, pki, files.kubelet)),
    startDaemon(site, kubeProxy(site, files["kube-proxy"])),
  ]);
};

const importImages = async (site: Site, parts: readonly PartName[]): Promise<void> => {
  for (const part of parts) {
    // oxlint-disable-next-line no-await-in-loop -- an image is as large as this process otherwise is
    await importImage(site, await partImage(part));
  }
};

const isDeployment = ({ kind }: Manifest): boolean => kind === "Deployment";

/** Programs come last: one that does not find what it reads waits for longer than all of this takes. */
const startPods = async (site: Site, log: Log): Promise<ClusterNode> => {
  const node = openNode(site);
  const manifests = [...DNS, ...INGRESS, ...(await knativeManifests())];
  await together([
    withProgress("images of what runs in pods", log, () => importImages(site, IMAGES)),
    withProgress("manifests", log, () =>
      install(
        node.api,
        manifests.filter((manifest) => !isDeployment(manifest)),
      ),
    ),
  ]);
  await withProgress("DNS, ingress, Knative", log, async () => {
    await Promise.all(manifests.filter(isDeployment).map((manifest) => applyManifest(node.api, manifest)));
    await everythingReady(node.api);
  });
  return node;
};

const bringUp = async (site: Site, files: Files, log: Log): Promise<ClusterNode> => {
  const pki = await writePki(site);
  await together([
    withProgress("control plane", log, () => startControlPlane(site, pki, files)),
    withProgress("containerd", log, async () => {
      await startDaemon(site, containerd(site));
      await importImages(site, ["pause"]);
    }),
  ]);
  await withProgress("kubelet and kube-proxy", log, () => startNode(site, pki, files));
  return startPods(site, log);
};

/** Names of its processes that do not run. */
export const endedDaemons = (folder: string): readonly string[] => {
  const living = new Set(daemonsOf(folder).flatMap(({ name, isChild }) => (isChild ? [] : [name])));
  return [...PROCESSES, "containerd"].filter((name) => !living.has(name));
};

/** The node that runs on this machine; undefined: none does, or it is not ready, or a process of it has ended. */
export const runningSite = (): Site | undefined => {
  const folder = nodeFolder();
  const record = readNodeRecord(folder);
  return record?.isReady === true && endedDaemons(folder).length === 0 ? siteOf(folder, record.ports) : undefined;
};

/** The running node, unless it should have ended with the tests that it was for. */
export const keptSite = (): Site | undefined =>
  readNodeRecord(nodeFolder())?.endsWithRun === true ? undefined : runningSite();

/**
 * What the machine lacks for a node; empty: one is kept, or can be brought up. What is left of another is removed first, since it would
 * look like another Kubernetes. @throws as `nodeDown` does.
 */
export const missingForNode = async (log: Log): Promise<readonly string[]> => {
  if (keptSite() !== undefined) return [];
  if (!mayHaveNode()) return missingRequirements();
  const letGo = await holdNode();
  try {
    await removeNode(log);
    return await missingRequirements();
  } finally {
    letGo();
  }
};

/** As `missingForNode`, of whoever only builds: what there is of a node stays, and says that there can be one. */
export const missingToBuildFor = async (): Promise<readonly string[]> =>
  readNodeRecord(nodeFolder()) === undefined ? missingRequirements() : [];

/** `nodeUp` of the process that holds the node. */
export const bringNodeUp = async (
  log: Log,
  { endsWithRun }: { readonly endsWithRun: boolean },
): Promise<ClusterNode> => {
  if (keptSite() !== undefined) throw new Error("a node runs on this machine already: npm run lab -- node down");
  await removeNode(log);
  const missing = await missingRequirements();
  if (missing.length > 0) throw new Error(`this machine cannot run a node:\n- ${missing.join("\n- ")}`);
  const files = await findParts(log);
  try {
    return await withProgress("node up", log, async () => {
      const site = await prepareMachine(endsWithRun);
      const node = await bringUp(site, files, log);
      const record = readNodeRecord(site.folder);
      if (record !== undefined) writeNodeRecord(site.folder, { ...record, isReady: true });
      return node;
    });
  } catch (error) {
    return undone(error, () => removeNode(log));
  }
};

/**
 * Resolves once everything is ready; what an earlier `up` left after a crash is removed first.
 * @throws what `holdNode` throws, when the machine lacks something, when a node is kept already, and when a part does not become ready;
 * nothing is left then.
 */
export const nodeUp = async (log: Log): Promise<ClusterNode> => {
  const letGo = await holdNode();
  try {
    return await bringNodeUp(log, { endsWithRun: false });
  } finally {
    letGo();
  }
};
