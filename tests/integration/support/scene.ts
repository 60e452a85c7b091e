/**
 * The whole thing on a real control plane: both real adapters, instances of the function behind one address, an observer that
 * watches from the first revision.
 */
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
  /** Starts another instance; the balancer does not know it yet. */
  instance(options?: { server?: string; env?: Readonly<Record<string, string>> }): Promise<FunctionInstance>;
  startSource(): Promise<Adapter>;
  stop(): Promise<void>;
}

let sources = 0;

export const startScene = async (options: LabOptions = {}): Promise<Scene> => {
  const lab = await startLab(options);
  const observer = await startObserver({ kubeConfig: lab.kubeConfig });
  const balancer = await startBalancer();
  const ping = await startPingAdapter({ plane: lab.plane });
  const schedule = `*/${TICK_SECONDS} * * * * *`;
  await ping.createPingSource({ namespace: "bellwether", name: "bellwether-tick", schedule, sink: balancer.url });
  return {
    lab,
    observer,
    balancer,
    instance: ({ server, env = {} } = {}) =>
      startFunction({
        plane: lab.plane,
        ...(server === undefined ? {} : { server }),
        env: { BELLWETHER_TICK_SECONDS: String(TICK_SECONDS), ...env },
      }),
    startSource: () => {
      sources += 1;
      const name = `objects-${sources}`;
      const { plane } = lab;
      return startApiServerAdapter({
        plane,
        identity: "bellwether-sources",
        sink: balancer.url,
        name,
        resources: WATCHED,
      });
    },
    stop: async () => {
      await observer.stop();
      balancer.close();
      await lab.stop();
    },
  };
};
