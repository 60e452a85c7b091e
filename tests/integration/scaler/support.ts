/**
 * The shipped scaler on a real control plane, under the permissions that infra/rbac gives it, in front of an address behind which there
 * is a function only when the test starts one, as KEDA would.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startBalancer, type Balancer } from "../../../infra/lab/balancer.ts";
import { startFunction, type FunctionInstance } from "../../../infra/lab/function.ts";
import { startLab, type Lab } from "../../../infra/lab/lab.ts";
import { startObserver, type Observer } from "../../../infra/lab/observer.ts";
import { poll } from "../../../infra/lab/poll.ts";
import { freePort } from "../../../infra/lab/ports.ts";
import type { LabProcess } from "../../../infra/lab/processes.ts";
import { buildImageFolder } from "../../../infra/tools/build.ts";

export interface ScalerInstance {
  /** Of gRPC. */
  readonly port: number;
  readonly process: LabProcess;
  log(): string;
}

export interface ColdStage {
  readonly lab: Lab;
  readonly observer: Observer;
  /** Resolves once it is ready. */
  scaler(env?: Readonly<Record<string, string>>): Promise<ScalerInstance>;
  /** From 0 to 1. */
  wake(): Promise<FunctionInstance>;
  /** From 1 to 0. */
  sleep(): Promise<void>;
  stop(): Promise<void>;
}

const READY = { everyMs: 20, deadlineMs: 20_000 };
const IDENTITY = "bellwether-scaler";

export const openColdStage = async (settings: Readonly<Record<string, string>>): Promise<ColdStage> => {
  const lab = await startLab();
  const { plane } = lab;
  const observer = await startObserver({ kubeConfig: lab.kubeConfig });
  const address: Balancer = await startBalancer();
  const folder = join(plane.dataDir, "build");
  if (!existsSync(folder)) await buildImageFolder(folder);
  const tokenFile = join(plane.dataDir, "scaler-token");
  writeFileSync(tokenFile, plane.token(IDENTITY), { mode: 0o600 });
  let running: FunctionInstance | undefined;
  return {
    lab,
    observer,
    scaler: async (env = {}) => {
      const [port, healthPort] = [await freePort(), await freePort()];
      const child = plane.processes.start({
        name: `scaler-${port}`,
        file: process.execPath,
        args: [join(folder, "scaler.js")],
        env: {
          PORT: String(healthPort),
          BELLWETHER_SCALER_PORT: String(port),
          BELLWETHER_FUNCTION_URL: address.url,
          BELLWETHER_API_SERVER: plane.server,
          BELLWETHER_CA_FILE: plane.caFile,
          BELLWETHER_TOKEN_FILE: tokenFile,
          ...settings,
          ...env,
        },
      });
      const readiness = `http://127.0.0.1:${healthPort}/health/readiness`;
      const isReady = async (): Promise<true | undefined> =>
        (await fetch(readiness).catch(() => undefined))?.status === 200 ? true : undefined;
      await poll(isReady, { what: "the scaler is ready", ...READY });
      return { port, process: child, log: () => readFileSync(child.logFile, "utf8") };
    },
    wake: async () => {
      running = await startFunction({ plane, env: settings });
      address.target([running.url]);
      return running;
    },
    sleep: async () => {
      address.target([]);
      running?.process.kill("SIGTERM");
      await running?.process.exited;
    },
    stop: async () => {
      await observer.stop();
      address.close();
      await lab.stop();
    },
  };
};
