/**
 * A stand-in for scheduler and kubelets: it binds pods, reports them running and Ready, and finishes their graceful
 * deletion, on one watch and with real writes, so that the real controllers believe in pods that nobody runs. Tests use it
 * to make pods unready, to crash containers, and to silence whole nodes.
 */
import { KubeConfig } from "@kubernetes/client-node";
import { createApi, succeed, type Api } from "./api.ts";
import type { ControlPlane } from "./control-plane.ts";
import { ADMIN } from "./identities.ts";
import { createLifecycle } from "./kubelet-lifecycle.ts";
import { registerNodes } from "./kubelet-nodes.ts";
import { reportPod, type Pod, type PodReport } from "./kubelet-pod.ts";
import { listWatch } from "./list-watch.ts";

export interface KubeletOptions {
  readonly plane: Pick<ControlPlane, "server" | "caPem" | "token" | "kubeconfig">;
  /** Default: `node-1`, `node-2`, `node-3`. */
  readonly nodes?: readonly string[] | undefined;
  /** Address of a pod by its namespace and name, such as one on which a process stands for its application. Default: an unused one. */
  readonly podAddress?: ((namespace: string, name: string) => string | undefined) | undefined;
  /** From binding to Running, in milliseconds. Default 0. */
  readonly startDelayMs?: number | undefined;
  /** How long a terminating pod takes, in milliseconds, at most its own grace period. Default 0. */
  readonly terminationMs?: number | undefined;
}

export interface Kubelet {
  /** Reports the pod Ready or not; resolves to the acknowledged resourceVersion. @throws when it does not run here. */
  readonly setReady: (namespace: string, name: string, ready: boolean) => Promise<string>;
  /** The containers die: not Ready, one more restart; `setReady(true)` brings them back. Resolves and throws likewise. */
  readonly crash: (namespace: string, name: string) => Promise<string>;
  /** While on, matching pods that start are not Ready; turning it off reports those Ready. */
  readonly holdReady: (namespace: string, namePattern: RegExp, on: boolean) => Promise<void>;
  /** The node's kubelet hangs: no heartbeat, no status, no end of a deletion, no new pod. */
  readonly freezeNode: (node: string) => void;
  /** The node's kubelet goes on and does what it has missed. */
  readonly thawNode: (node: string) => void;
  readonly stop: () => void;
}

interface Hold {
  readonly namespace: string;
  readonly pattern: RegExp;
}

const defaultNodes = ["node-1", "node-2", "node-3"];

/** What a report says about the containers. */
type Condition = Pick<PodReport, "ready" | "crashed">;

const READY: Condition = { ready: true, crashed: false };
const NOT_READY: Condition = { ready: false, crashed: false };
const CRASHED: Condition = { ready: false, crashed: true };

const podsPath = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;

/** Reads the pod first: the watch may not have told yet what the caller knows. */
const reportByName = async (api: Api, path: string, condition: Condition): Promise<string> => {
  const pod = await succeed<Pod>(api, "GET", path);
  const { podIP, hostIP } = pod.status ?? {};
  if (podIP === undefined || hostIP === undefined) throw new Error(`${path} does not run yet`);
  const written = await reportPod(api, pod, { podIP, hostIP, ...condition });
  if (written === undefined) throw new Error(`${path} was replaced or removed meanwhile`);
  return written.metadata.resourceVersion;
};

const isHeldBy = (holds: Iterable<Hold>, { metadata }: Pod): boolean =>
  [...holds].some(({ namespace, pattern }) => namespace === metadata.namespace && pattern.test(metadata.name));

/** Resolves once the nodes are registered and the pods that exist are known. */
export const startKubelet = async (options: KubeletOptions): Promise<Kubelet> => {
  const { plane } = options;
  const api = createApi({ server: plane.server, caPem: plane.caPem, token: plane.token(ADMIN) });
  const nodes = await registerNodes(api, options.nodes ?? defaultNodes);
  const holds = new Map<string, Hold>();
  const ending = new AbortController();
  const lifecycle = createLifecycle({
    api,
    nodes,
    mayBeReady: (pod) => !isHeldBy(holds.values(), pod),
    addressOf: ({ metadata }) => options.podAddress?.(metadata.namespace ?? "", metadata.name),
    startDelayMs: options.startDelayMs ?? 0,
    terminationMs: options.terminationMs ?? 0,
    signal: ending.signal,
  });

  const report = (namespace: string, name: string, condition: Condition): Promise<string> =>
    reportByName(api, `${podsPath(namespace)}/${name}`, condition);

  const holdReady = async (namespace: string, namePattern: RegExp, on: boolean): Promise<void> => {
    const key = `${namespace} ${String(namePattern)}`;
    if (on) {
      holds.set(key, { namespace, pattern: namePattern });
      return;
    }
    const hold = holds.get(key);
    if (hold === undefined) return;
    // First, so that a pod that starts during the list is not missed.
    holds.delete(key);
    const { items } = await succeed<{ readonly items: readonly Pod[] }>(api, "GET", podsPath(namespace));
    const released = items.filter(
      (pod) => pod.status?.phase === "Running" && isHeldBy([hold], pod) && !isHeldBy(holds.values(), pod),
    );
    await Promise.all(released.map(({ metadata }) => report(namespace, metadata.name, READY)));
  };

  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(plane.kubeconfig(ADMIN));
  await listWatch({ kubeConfig, path: "/api/v1/pods", onEvent: lifecycle.onEvent, signal: ending.signal });
  return {
    setReady: (namespace, name, ready) => report(namespace, name, ready ? READY : NOT_READY),
    crash: (namespace, name) => report(namespace, name, CRASHED),
    holdReady,
    freezeNode: (node) => nodes.setAwake(node, false),
    thawNode: (node) => {
      nodes.setAwake(node, true);
      lifecycle.resume();
    },
    stop: () => {
      ending.abort();
      nodes.stop();
      api.close();
    },
  };
};
