/** Our function on the node as users install it, and whether Knative runs it now. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import type { KubeObject } from "../../../../functions/kit/kube/object.ts";
import { succeed } from "../../../../infra/lab/api.ts";
import { listWatch } from "../../../../infra/lab/list-watch.ts";
import type { ClusterNode } from "../../../../infra/lab/node/cluster-node.ts";
import { poll, type PollOptions } from "../../../../infra/lab/poll.ts";
import { folderOf, objectsOf, type OverlayName } from "../../platform/golden/overlays.ts";
import { until } from "./evidence.ts";
import { BELLWETHER_IMAGE } from "./images.ts";
import { kubectlOn } from "./kubectl-on.ts";
import { FUNCTION_NAMESPACE } from "./namespaces.ts";
import { killAll, processesOf } from "./processes.ts";

/** The name in the shipped component, as a user would replace it. */
const SHIPPED_IMAGE = "registry.example.com/bellwether";
const readyDeadlineMs = 150_000;
const zeroDeadlineMs = 110_000;
const pollMs = 200;

/** A folder of a user's own that takes a shipped one and names the image. */
const withOurImage = async (overlay: OverlayName, use: (folder: string) => Promise<unknown>): Promise<void> => {
  const folder = mkdtempSync(path.join(tmpdir(), "bellwether-overlay-"));
  const [newName, newTag] = BELLWETHER_IMAGE.split(":");
  const kustomization = {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    resources: [path.relative(folder, folderOf(overlay))],
    images: [{ name: SHIPPED_IMAGE, newName, newTag }],
  };
  writeFileSync(path.join(folder, "kustomization.yaml"), stringify(kustomization));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

export interface Conditioned extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

export const isReady = ({ metadata, status }: Conditioned): boolean =>
  metadata.deletionTimestamp === undefined &&
  status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") === true;

const WITH_CONDITIONS: Readonly<Record<string, string>> = {
  Service: "/apis/serving.knative.dev/v1/namespaces/bellwether/services",
  ApiServerSource: "/apis/sources.knative.dev/v1/namespaces/bellwether/apiserversources",
  PingSource: "/apis/sources.knative.dev/v1/namespaces/bellwether/pingsources",
};

/** Names of what of the overlay is not Ready yet. */
const waitingFor = async ({ api }: ClusterNode, overlay: OverlayName): Promise<readonly string[]> => {
  const wanted = objectsOf(overlay).filter(
    ({ apiVersion, kind }) => kind in WITH_CONDITIONS && apiVersion.includes("knative"),
  );
  const states = wanted.map(async ({ kind, metadata: { name } }) => {
    const found = await succeed<Conditioned>(api, "GET", `${WITH_CONDITIONS[kind]}/${name}`);
    return isReady(found) ? [] : [`${kind} ${name}`];
  });
  return (await Promise.all(states)).flat();
};

/** Applies the overlay with our image and resolves once its Service and its sources are Ready. @throws naming what is not. */
export const installOverlay = async (node: ClusterNode, overlay: OverlayName): Promise<void> => {
  const how = ["--server-side", "--force-conflicts", "--warnings-as-errors"];
  await withOurImage(overlay, (folder) => kubectlOn(node, "apply", ...how, "-k", folder));
  let waiting: readonly string[] = [];
  const areReady = async (): Promise<true | undefined> => {
    waiting = await waitingFor(node, overlay);
    return waiting.length === 0 ? true : undefined;
  };
  try {
    await poll(areReady, { what: overlay, everyMs: pollMs, deadlineMs: readyDeadlineMs });
  } catch (error) {
    throw new Error(`not Ready: ${waiting.join(", ")}`, { cause: error });
  }
};

/** Deletes everything that `installOverlay` made, but for the namespace and the CRDs. */
export const removeOverlay = async (node: ClusterNode, overlay: OverlayName): Promise<void> => {
  const kept = new Set(["Namespace", "CustomResourceDefinition"]);
  const made = objectsOf(overlay).filter(({ kind }) => !kept.has(kind));
  const folder = mkdtempSync(path.join(tmpdir(), "bellwether-remove-"));
  const file = path.join(folder, "objects.yaml");
  try {
    writeFileSync(file, made.map((object) => stringify(object)).join("---\n"));
    await kubectlOn(node, "delete", "--ignore-not-found", "--wait=false", "-f", file);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

interface Scaled extends KubeObject {
  readonly spec: { readonly replicas?: number; readonly mode?: string };
}

const DEPLOYMENTS = `/apis/apps/v1/namespaces/${FUNCTION_NAMESPACE}/deployments`;
const SERVERLESS = `/apis/networking.internal.knative.dev/v1alpha1/namespaces/${FUNCTION_NAMESPACE}/serverlessservices`;

/** What Knative puts on everything that it makes for the function. */
export const OF_FUNCTION = { label: "serving.knative.dev/service", value: "bellwether" } as const;
const selected = `labelSelector=${encodeURIComponent(`${OF_FUNCTION.label}=${OF_FUNCTION.value}`)}`;

const PODS = `/api/v1/namespaces/${FUNCTION_NAMESPACE}/pods`;

const ofFunction = async <T>({ api }: ClusterNode, collection: string): Promise<readonly T[]> =>
  (await succeed<{ readonly items: readonly T[] }>(api, "GET", `${collection}?${selected}`)).items;

/** Those that end, too. */
export const functionPods = (node: ClusterNode): Promise<readonly Conditioned[]> => ofFunction(node, PODS);

/** Whether there is an instance that answers and does not end. */
export const functionRuns = async (node: ClusterNode): Promise<boolean> => (await functionPods(node)).some(isReady);

/** Whether no instance is wanted and requests wait at the activator; the last pod may still be ending. */
const isScaledToZero = async (node: ClusterNode): Promise<boolean> => {
  const [deployments, services] = await Promise.all([
    ofFunction<Scaled>(node, DEPLOYMENTS),
    ofFunction<Scaled>(node, SERVERLESS),
  ]);
  return (
    deployments.length > 0 &&
    deployments.every(({ spec }) => spec.replicas === 0) &&
    services.every(({ spec }) => spec.mode === "Proxy")
  );
};

const nothingRuns = async (node: ClusterNode): Promise<boolean> =>
  (await isScaledToZero(node)) && (await functionPods(node)).length === 0;

const within = (what: string): PollOptions => ({ what, everyMs: pollMs, deadlineMs: zeroDeadlineMs });

/** Resolves once Knative wants no instance. @throws after most of two minutes: a tick comes each minute. */
export const functionScaledToZero = (node: ClusterNode): Promise<true> =>
  until(node, () => isScaledToZero(node), within("no instance of the function wanted"));

/** Resolves once there is no process of the function either. @throws after most of two minutes. */
export const functionGone = (node: ClusterNode): Promise<true> =>
  until(node, () => nothingRuns(node), within("no process of the function"));

/** What ends would have up to a minute to end in peace, and meanwhile answer an ingress that keeps connections to it open. */
export const killEnding = async (node: ClusterNode): Promise<void> => {
  const pods = await functionPods(node);
  for (const { metadata } of pods) if (metadata.deletionTimestamp !== undefined) killAll(processesOf(metadata.uid));
};

/** As `functionGone`, but at once: also what a tick has woken meanwhile is not waited for. */
export const endFunction = (node: ClusterNode): Promise<true> => {
  const isEnded = async (): Promise<boolean> => {
    if (!(await isScaledToZero(node))) return false;
    await killEnding(node);
    return (await functionPods(node)).length === 0;
  };
  return until(node, isEnded, within("no process of the function"));
};

export interface Scaling {
  /** Of the Deployment. */
  readonly resourceVersion: string;
  readonly replicas: number;
}

/** Writes down each change of the number of instances that are wanted, from now until `signal` is aborted. */
export const watchScaling = async (node: ClusterNode, signal: AbortSignal): Promise<readonly Scaling[]> => {
  const seen: Scaling[] = [];
  await listWatch<Scaled>({
    kubeConfig: node.kubeConfig,
    path: DEPLOYMENTS,
    signal,
    onEvent: ({ object: { metadata, spec } }) => {
      if (metadata.labels?.[OF_FUNCTION.label] !== OF_FUNCTION.value) return;
      const { resourceVersion } = metadata;
      if (seen.at(-1)?.replicas !== spec.replicas) seen.push({ resourceVersion, replicas: spec.replicas ?? 0 });
    },
  });
  return seen;
};
