/** A lab as one value: a real control plane, the stand-in kubelet on it, and an administrator's ways to call it. */
import { KubeConfig } from "@kubernetes/client-node";
import { createTransport, type ApiTransport } from "../../functions/kit/kube/transport.ts";
import { createApi, type Api } from "./api.ts";
import { startControlPlane, type ControlPlane, type ControlPlaneOptions } from "./control-plane.ts";
import { ADMIN } from "./identities.ts";
import { startKubelet, type Kubelet, type KubeletOptions } from "./kubelet.ts";

export interface Lab {
  readonly plane: ControlPlane;
  readonly kubelet: Kubelet;
  /** Any call, as administrator. */
  readonly api: Api;
  /** Requests-as-values, as administrator. */
  readonly transport: ApiTransport;
  /** The administrator's. */
  readonly kubeConfig: KubeConfig;
  readonly stop: () => Promise<void>;
}

export interface LabOptions extends ControlPlaneOptions, Omit<KubeletOptions, "plane"> {}

export const startLab = async (options: LabOptions = {}): Promise<Lab> => {
  const plane = await startControlPlane(options);
  const { server, caPem } = plane;
  const token = plane.token(ADMIN);
  const kubelet = await startKubelet({ ...options, plane });
  const api = createApi({ server, caPem, token });
  const transport = createTransport({ server, ca: () => caPem, token: () => token });
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(plane.kubeconfig(ADMIN));
  const stop = async (): Promise<void> => {
    kubelet.stop();
    api.close();
    transport.close();
    await plane.stop();
  };
  return { plane, kubelet, api, transport, kubeConfig, stop };
};
