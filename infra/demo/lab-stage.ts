/** The demo's stage on a real control plane: etcd, kube-apiserver, controller-manager, and Knative's unmodified adapters. */
import { startApiServerAdapter } from "../lab/adapters.ts";
import { succeed } from "../lab/api.ts";
import { ADMIN } from "../lab/identities.ts";
import { startLab } from "../lab/lab.ts";
import { startObserver } from "../lab/observer.ts";
import { startPingAdapter } from "../lab/ping-adapter.ts";
import { WATCHED } from "../lab/workload.ts";
import type { Stage, StageOptions } from "./stage.ts";

export const openLabStage = async ({ addressOf }: StageOptions = {}): Promise<Stage> => {
  const lab = await startLab({ podAddress: (_namespace, pod) => addressOf?.(pod) });
  const { plane, api, kubelet, transport, kubeConfig } = lab;
  const observer = await startObserver({ kubeConfig });
  return {
    description: "real etcd, kube-apiserver, controller-manager and Knative adapters; a stand-in kubelet",
    hasEndpoints: true,
    plane,
    transport,
    change: async (method, path, body) => {
      const contentType = method === "PATCH" ? "application/merge-patch+json" : "application/json";
      await succeed(api, method, path, { body, contentType });
    },
    setReady: async (namespace, pod, ready) => {
      await kubelet.setReady(namespace, pod, ready);
    },
    startSources: async (sink, tickSeconds) => {
      const ping = await startPingAdapter({ plane });
      const schedule = `*/${tickSeconds} * * * * *`;
      await ping.createPingSource({ namespace: "bellwether", name: "bellwether-tick", schedule, sink: sink.href });
      const identity = "bellwether-sources";
      await startApiServerAdapter({ plane, identity, sink: sink.href, name: "bellwether", resources: WATCHED });
    },
    revisions: observer.revisions,
    access: `kubectl --kubeconfig ${plane.kubeconfig(ADMIN)} -n demo get pods,statefulsetlocks,leaderstatuscheckers,services,leases --show-labels`,
    stop: async () => {
      await observer.stop();
      await lab.stop();
    },
  };
};
