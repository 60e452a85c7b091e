/** The whole function of index.ts on either host, configured by the environment as a deployment would be. */
import { once } from "node:events";
import { start as startFaas } from "faas-js-runtime";
import * as fn from "../../../functions/index.ts";
import { createLog } from "../../../functions/kit/host/log.ts";
import { startServer } from "../../../functions/kit/host/server.ts";
import { freePort } from "../../../infra/lab/ports.ts";
import { SERVER } from "./recorded-api.ts";

export interface RunningHost {
  readonly url: string;
  stop(): Promise<unknown>;
}

const SETTINGS = {
  BELLWETHER_API_SERVER: SERVER,
  BELLWETHER_TICK_SECONDS: "5",
  // Replies wait for their runs, so that what a run did is known when its reply is there.
  BELLWETHER_ACK_AFTER_MS: "10000",
  LOG_LEVEL: "error",
};

const ourHost = async (): Promise<RunningHost> => {
  const host = await startServer({ fn, port: 0, bodyLimitBytes: 1024 * 1024, log: createLog({ level: "error" }) });
  return { url: `http://127.0.0.1:${host.port}`, stop: () => host.drain() };
};

const faas = async (): Promise<RunningHost> => {
  const port = await freePort();
  const server = await startFaas(fn, { port });
  const stop = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
    await fn.shutdown();
  };
  return { url: `http://127.0.0.1:${port}`, stop };
};

const configured = (start: () => Promise<RunningHost>) => async (): Promise<RunningHost> => {
  Object.assign(process.env, SETTINGS);
  const host = await start();
  for (const name of Object.keys(SETTINGS)) Reflect.deleteProperty(process.env, name);
  return host;
};

export const HOSTS: readonly (readonly [string, () => Promise<RunningHost>])[] = [
  ["our host", configured(ourHost)],
  ["faas-js-runtime", configured(faas)],
];
