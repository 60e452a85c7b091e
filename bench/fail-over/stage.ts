/** A real control plane with the real ApiServerSource adapter and one instance of the function, for benches. */
import type { KubeConfig } from "@kubernetes/client-node";
import type { ApiTransport } from "../../functions/kit/kube/transport.ts";
import { startApiServerAdapter } from "../../infra/lab/adapters.ts";
import { succeed, type Api } from "../../infra/lab/api.ts";
import { startFunction } from "../../infra/lab/function.ts";
import { waitForGroup, type GroupState } from "../../infra/lab/group.ts";
import type { Kubelet } from "../../infra/lab/kubelet.ts";
import { startLab } from "../../infra/lab/lab.ts";
import { lockManifest, statefulSetManifest, WATCHED } from "../../infra/lab/workload.ts";

const deadlineMs = 30_000;

export interface Stage {
  readonly kubeConfig: KubeConfig;
  readonly transport: ApiTransport;
  readonly kubelet: Kubelet;
  /** A namespace with StatefulSets of three Ready pods. */
  addSets(namespace: string, names: readonly string[]): Promise<void>;
  /** A lock on each of them, all elected. */
  addLocks(namespace: string, names: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

const addSet = (api: Api, namespace: string, name: string): Promise<unknown> =>
  succeed(api, "POST", `/apis/apps/v1/namespaces/${namespace}/statefulsets`, {
    body: statefulSetManifest({ name, replicas: 3 }),
  });

const addLock = (api: Api, namespace: string, name: string): Promise<unknown> =>
  succeed(api, "POST", `/apis/app.anukkrit.me/v1/namespaces/${namespace}/statefulsetlocks`, {
    body: lockManifest({ name, statefulSetName: name }),
  });

const elected = ({ status }: GroupState): boolean => (status.writerPod ?? "") !== "";

export const openStage = async (env: Readonly<Record<string, string>>): Promise<Stage> => {
  const lab = await startLab();
  const { plane, api, kubelet, transport, kubeConfig } = lab;
  const { url } = await startFunction({ plane, env });
  await startApiServerAdapter({
    plane,
    identity: "bellwether-sources",
    sink: url,
    name: "bench",
    resources: WATCHED,
  });
  return {
    kubeConfig,
    transport,
    kubelet,
    addSets: async (namespace, names) => {
      await succeed(api, "POST", "/api/v1/namespaces", { body: { metadata: { name: namespace } } });
      await Promise.all(names.map((name) => addSet(api, namespace, name)));
    },
    addLocks: async (namespace, names) => {
      await Promise.all(names.map((name) => addLock(api, namespace, name)));
      await Promise.all(
        names.map((name) =>
          waitForGroup({ transport }, { namespace, name, leaseName: name }, { until: elected, deadlineMs }),
        ),
      );
    },
    stop: () => lab.stop(),
  };
};
