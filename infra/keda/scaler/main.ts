/**
 * The process of the external-push scaler, on the function's own host: health and claims on PORT, drain on SIGTERM, one line of log for each
 * fault.
 */
import { decodeEvent } from "../../../events/decode.ts";
import { runHost } from "../../../functions/kit/host/run.ts";
import type { FunctionModule } from "../../../functions/kit/host/server.ts";
import { readScalerConfig } from "./config.ts";
import { startScaler, type Scaler } from "./scaler.ts";

let running: Scaler | undefined;

const scaler: FunctionModule = {
  init: async () => {
    running = await startScaler(readScalerConfig(process.env));
  },
  handle: ({ headers, rawBody }) => {
    const decoded = decodeEvent({ headers, body: rawBody });
    if (decoded.ok && decoded.event.type === "claim") {
      running?.claim(decoded.event);
      return Promise.resolve(undefined);
    }
    const problem = decoded.ok ? "the scaler takes claims, other events are posted to the function" : decoded.message;
    const text = { "content-type": "text/plain; charset=utf-8" };
    return Promise.resolve({ statusCode: 400, headers: text, body: `${problem}\n` });
  },
  shutdown: async () => running?.stop(),
  liveness: () => ({ statusCode: 200 }),
  readiness: () => ({ statusCode: running?.isReady() === true ? 200 : 503 }),
  metrics: () => "",
};

void runHost(scaler, process.env);
