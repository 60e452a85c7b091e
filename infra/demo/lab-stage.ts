/** The demo's stage on a real control plane: etcd, kube-apiserver, controller-manager, and Knative's unmodified adapters. */
import { KubeConfig } from "@kubernetes/client-node";
import { createTransport } from "../../functions/kit/kube/transport.ts";
import { startApiServerAdapter } from "../lab/adapters.ts";
import { createApi, succeed } from "../lab/api.ts";
import { startControlPlane } from "../lab/control-plane.ts";
import { ADMIN } from "../lab/identities.ts";
import { startKubelet } from "../lab/kubelet.ts";
import { startObserver } from "../lab/observer.ts";
import { startPingAdapter } from "../lab/ping-adapter.ts";
import { WATCHED } from "../lab/workload.ts";
import type { Stage } from "./stage.ts";

export const openLabStage = async (): Promise<Stage> => {
  const plane = await startControlPlane();
  const { server, caPem } = plane;
  const token = plane.token(ADMIN);
  const api = createApi({ server, caPem, token });
  const transport = createTransport({ server, ca: () => caPem, token: () => token });
  const kubelet = await startKubelet({ plane });
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(plane.kubeconfig(ADMIN));
  const observer = await startObserver({ kubeConfig });
  return {
    description: "real etcd, kube-apiserver, controller-manager and Knative adapters; a stand-in kubelet",
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
    access: `kubectl --kubeconfig ${plane.kubeconfig(ADMIN)} -n demo get pods,statefulsetlocks,leases --show-labels`,
    stop: async () => {
      await observer.stop();
      kubelet.stop();
      api.close();
      transport.close();
      await plane.stop();
    },
  };
};
