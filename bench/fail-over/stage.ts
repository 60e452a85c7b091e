/** A real control plane with the real ApiServerSource adapter and one instance of the function, for benches. */
import { KubeConfig } from "@kubernetes/client-node";
import { createTransport, type ApiTransport } from "../../functions/kit/kube/transport.ts";
import { startApiServerAdapter } from "../../infra/lab/adapters.ts";
import { createApi, succeed, type Api } from "../../infra/lab/api.ts";
import { startControlPlane } from "../../infra/lab/control-plane.ts";
import { startFunction } from "../../infra/lab/function.ts";
import { waitForGroup, type GroupState } from "../../infra/lab/group.ts";
import { ADMIN } from "../../infra/lab/identities.ts";
import { startKubelet, type Kubelet } from "../../infra/lab/kubelet.ts";
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
  const plane = await startControlPlane();
  const { server, caPem } = plane;
  const token = plane.token(ADMIN);
  const api = createApi({ server, caPem, token });
  const transport = createTransport({ server, ca: () => caPem, token: () => token });
  const kubelet = await startKubelet({ plane });
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(plane.kubeconfig(ADMIN));
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
    stop: async () => {
      kubelet.stop();
      api.close();
      transport.close();
      await plane.stop();
    },
  };
};
