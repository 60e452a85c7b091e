/**
 * The whole thing on a real control plane: both real adapters, instances of the function behind one address, an observer that
 * watches from the first revision.
 */
import { KubeConfig } from "@kubernetes/client-node";
import { ADMIN, kubeconfigFor } from "../../../infra/lab/identities.ts";
import { WATCHED } from "../../../infra/lab/workload.ts";
import { startApiServerAdapter, type Adapter } from "../../../infra/lab/adapters.ts";
import { startObserver, type Observer } from "../../../infra/lab/observer.ts";
import { startPingAdapter } from "../../../infra/lab/ping-adapter.ts";
import { startBalancer, type Balancer } from "../../../infra/lab/balancer.ts";
import { startLab, type Lab, type LabOptions } from "../../../infra/lab/lab.ts";

import { startFunction, type FunctionInstance } from "../../../infra/lab/function.ts";
import { tickBoundMs } from "./stage.ts";

export const TICK_SECONDS = 2;
export const TICK_BOUND_MS: number = tickBoundMs(TICK_SECONDS);

export interface Scene {
  readonly lab: Lab;
  readonly observer: Observer;
  readonly balancer: Balancer;
  /** Of each kube-apiserver, with `auditLog`. */
  readonly auditLogFiles: readonly string[];
  /** The address of the second kube-apiserver, if there is one. */
  readonly secondServer: string | undefined;
  /** Starts another instance; the balancer does not know it yet. */
  instance(options?: { server?: string; env?: Readonly<Record<string, string>> }): Promise<FunctionInstance>;
  /** `server`: where the source finds the API server; default: at its own address. */
  startSource(server?: string): Promise<Adapter>;
  stop(): Promise<void>;
}

export interface SceneOptions extends LabOptions {
  /** A second kube-apiserver on the same etcd, through which the observer watches: it sees what happens without the first. */
  readonly hasSecondServer?: boolean;
}

let sources = 0;

/** The administrator's, at another address of the same plane. */
export const kubeConfigAt = ({ plane }: Lab, server: string): KubeConfig => {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(kubeconfigFor({ name: ADMIN, token: plane.token(ADMIN) }, server, plane.caPem));
  return kubeConfig;
};

export const startScene = async ({ hasSecondServer = false, ...options }: SceneOptions = {}): Promise<Scene> => {
  const lab = await startLab(options);
  const { plane } = lab;
  const second = hasSecondServer ? await plane.addApiServer() : undefined;
  const observer = await startObserver({
    kubeConfig: second === undefined ? lab.kubeConfig : kubeConfigAt(lab, second.server),
  });
  const balancer = await startBalancer();
  const ping = await startPingAdapter({ plane });
  const schedule = `*/${TICK_SECONDS} * * * * *`;
  await ping.createPingSource({ namespace: "bellwether", name: "bellwether-tick", schedule, sink: balancer.url });
  return {
    lab,
    observer,
    balancer,
    auditLogFiles: [plane, ...(second === undefined ? [] : [second])].map(({ auditLogFile }) => auditLogFile),
    secondServer: second?.server,
    instance: ({ server, env = {} } = {}) =>
      startFunction({
        plane,
        ...(server === undefined ? {} : { server }),
        env: { BELLWETHER_TICK_SECONDS: String(TICK_SECONDS), ...env },
      }),
    startSource: (server) => {
      sources += 1;
      return startApiServerAdapter({
        plane,
        identity: "bellwether-sources",
        sink: balancer.url,
        name: `objects-${sources}`,
        resources: WATCHED,
        ...(server === undefined ? {} : { server }),
      });
    },
    stop: async () => {
      await observer.stop();
      balancer.close();
      await lab.stop();
    },
  };
};

/** A scene that two instances serve, behind one balancer, with the source started. */
export const startSceneOfTwo = async (options: SceneOptions = {}): Promise<Scene> => {
  const scene = await startScene(options);
  const instances = [await scene.instance(), await scene.instance()];
  scene.balancer.target(instances.map(({ url }) => url));
  await scene.startSource();
  return scene;
};
