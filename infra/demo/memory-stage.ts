/** The demo's stage without a cluster: the in-memory API over HTTP, its small controllers, and the local source. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLocalSource, type LocalSource } from "../../events/source/local-source.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { PODS } from "../../functions/kit/kube/request.ts";
import { createMemoryApi, type MemoryApi } from "../lab/memory/api.ts";
import { createCollector, type Stepper } from "../lab/memory/collector.ts";
import { createDriver } from "../lab/memory/driver.ts";
import { serveMemoryApi } from "../lab/memory/http.ts";
import { createMemoryKubelet } from "../lab/memory/pods.ts";
import { createStatefulSetController } from "../lab/memory/stateful-set.ts";
import { readManifests } from "../lab/manifests.ts";
import { observeMemory } from "../lab/observer.ts";
import { createProcessGroup } from "../lab/processes.ts";
import { WATCHED } from "../lab/workload.ts";
import type { Stage, StageOptions } from "./stage.ts";

/** What one push may lead to: far more than a StatefulSet of three needs, and an end for controllers that quarrel. */
const STEPS_MAX = 1000;

/** Gives pods their addresses before the kubelet gives them others. */
const createAddresses = (api: MemoryApi, addressOf: (pod: string) => string): Stepper => {
  const driver = createDriver(api, "kubelet");
  const attend = (pod: KubeObject): boolean => {
    const { podIP } = (pod.status ?? {}) as { readonly podIP?: string };
    if (podIP !== undefined) return false;
    const ip = addressOf(pod.metadata.name);
    return driver.patch(PODS, pod, { status: { podIP: ip, podIPs: [{ ip }] } }, "status").status === 200;
  };
  return { step: () => driver.list(PODS).map(attend).includes(true) };
};

export const openMemoryStage = async ({ addressOf }: StageOptions = {}): Promise<Stage> => {
  const crds = readManifests(join(import.meta.dirname, "../crds"));
  const api = createMemoryApi({ now: Date.now, crds: crds.filter(({ kind }) => kind === "CustomResourceDefinition") });
  const kubelet = createMemoryKubelet(api);
  const addresses = addressOf === undefined ? [] : [createAddresses(api, addressOf)];
  const steppers = [createStatefulSetController(api), createCollector(api), ...addresses, kubelet];
  const observer = observeMemory(api);
  let due = false;
  const work = (): void => {
    due = false;
    for (let count = 0; count < STEPS_MAX; count += 1) {
      if (!steppers.map((stepper) => stepper.step()).includes(true)) return;
    }
  };
  api.onRevision(() => {
    // Controllers act a moment after the write that moves them, never inside it.
    if (!due) setImmediate(work);
    due = true;
  });
  const server = await serveMemoryApi(api);
  const dataDir = mkdtempSync(join(tmpdir(), "bellwether-demo-"));
  const processes = createProcessGroup(dataDir);
  let source: LocalSource | undefined;
  return {
    description: "in-memory API server, controllers and source in this process; the function as real processes",
    hasEndpoints: false,
    plane: { server: server.url, caPem: "", caFile: "", dataDir, processes, token: () => "demo" },
    transport: { send: (request) => Promise.resolve(api.handle(request)) },
    change: (method, path, body) => {
      const contentType = method === "PATCH" ? "application/merge-patch+json" : "application/json";
      const { status, body: answer } = api.handle({ method, path, contentType, body }, { manager: "kubectl" });
      return status < 300
        ? Promise.resolve()
        : Promise.reject(new Error(`${method} ${path}: ${JSON.stringify(answer)}`));
    },
    setReady: (namespace, pod, ready) => {
      kubelet.setReady(namespace, pod, ready);
      return Promise.resolve();
    },
    startSources: async (sink, tickSeconds) => {
      source = await startLocalSource({
        sink,
        kubeConfig: {
          getCurrentCluster: () => ({ name: "memory", server: server.url, skipTLSVerify: false }),
          applyToHTTPSOptions: () => Promise.resolve(),
        },
        origin: { namespace: "bellwether", name: "bellwether" },
        resources: WATCHED.map(({ group, version, plural }) => ({
          apiVersion: group === "" ? version : `${group}/${version}`,
          plural,
          labelSelector: undefined,
        })),
        namespaces: "all",
        mode: "Resource",
        schedule: { cron: `*/${tickSeconds} * * * * *`, data: undefined },
        log: (line) => process.stderr.write(`${line}\n`),
      });
    },
    revisions: observer.revisions,
    access: `kubectl --server ${server.url} -n demo get pods,statefulsetlocks,leaderstatuscheckers,services,leases --show-labels`,
    stop: async () => {
      await source?.stop();
      await processes.stop();
      await server.close();
    },
  };
};
