/** The process of the external-push scaler, on the function's own host: health on PORT, drain on SIGTERM, one line of log for each fault. */
import { runHost } from "../../../functions/kit/host/run.ts";
import type { FunctionModule } from "../../../functions/kit/host/server.ts";
import { readScalerConfig } from "./config.ts";
import { startScaler, type Scaler } from "./scaler.ts";

let running: Scaler | undefined;

const scaler: FunctionModule = {
  init: async () => {
    running = await startScaler(readScalerConfig(process.env));
  },
  handle: () =>
    Promise.resolve({
      statusCode: 400,
      headers: { "content-type": "text/plain; charset=utf-8" },
      body: "this is the scaler: events are posted to the function\n",
    }),
  shutdown: async () => running?.stop(),
  liveness: () => ({ statusCode: 200 }),
  readiness: () => ({ statusCode: running?.isReady() === true ? 200 : 503 }),
  metrics: () => "",
};

void runHost(scaler, process.env);
