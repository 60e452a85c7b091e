/**
 * The function's public face, as `kn func` and faas-js-runtime expect it. Everything that it is made of is put together
 * here from the environment.
 */
import { createSender, type EventSender } from "../events/send.ts";
import { ELECTION_METRICS } from "./election/metrics.ts";
import { createFeatures } from "./features.ts";
import { createFunction, type RunningFunction } from "./function.ts";
import { HANDOVER_METRICS } from "./kit/handover/metrics.ts";
import { readConfig, type Config } from "./kit/host/config.ts";
import { createLog, type Log } from "./kit/host/log.ts";
import { API_REQUEST_SECONDS, API_REQUESTS, METRICS } from "./kit/host/metric-list.ts";
import { createMetrics, type Metrics } from "./kit/host/metrics.ts";
import type { Context, Health, Reply } from "./kit/host/server.ts";
import { createCredentials } from "./kit/kube/credentials.ts";
import { createTransport, type ApiTransport } from "./kit/kube/transport.ts";
import { grpcAsker } from "./roles/ask/ask.ts";
import { ROLES_METRICS } from "./roles/metrics.ts";
import { STANDBY_METRICS } from "./standby/metrics.ts";

interface Running {
  readonly fn: RunningFunction;
  readonly metrics: Metrics;
  readonly transport: ApiTransport;
  readonly sender: EventSender | undefined;
}

let running: Running | undefined;

const connect = (config: Config, metrics: Metrics): ApiTransport =>
  createTransport({
    ...createCredentials(config.apiServer),
    deadlineMs: config.requestDeadlineMs,
    observe: ({ verb, resource, subresource }, status, milliseconds) => {
      const what = {
        verb,
        resource: subresource === undefined ? resource.plural : `${resource.plural}/${subresource}`,
      };
      metrics.count(API_REQUESTS, { ...what, status: String(status) });
      metrics.observe(API_REQUEST_SECONDS, what, milliseconds / 1000);
    },
  });

const openSink = (config: Config, log: Log): EventSender | undefined =>
  config.sink === undefined
    ? undefined
    : createSender({
        sink: config.sink,
        ceOverrides: config.ceOverrides,
        onDrop: (event, problem) => log.warn("event dropped", { id: event.id, reason: problem }),
      });

const assemble = (config: Config): Running => {
  const log = createLog({ level: config.logLevel });
  const metrics = createMetrics([
    ...METRICS,
    ...HANDOVER_METRICS,
    ...ELECTION_METRICS,
    ...ROLES_METRICS,
    ...STANDBY_METRICS,
  ]);
  const transport = connect(config, metrics);
  const sender = openSink(config, log);
  const { send, clock } = transport;
  const emit: EventSender["send"] = (event) => sender?.send(event);
  const features = createFeatures(config, { clock, log, metrics, emit, asker: grpcAsker });
  const fn = createFunction({ ...config, features, send, clock, log, metrics, random: Math.random });
  return { fn, metrics, transport, sender };
};

/** Reads the environment and begins the first sweep. Rejects when the configuration is not valid. */
export const init = (): Promise<void> => {
  running = assemble(readConfig(process.env));
  running.fn.start();
  return Promise.resolve();
};

const NOT_STARTED: Reply = {
  statusCode: 503,
  headers: { "content-type": "text/plain; charset=utf-8", "retry-after": "1" },
  body: "the function has not been initialised\n",
};

/** One CloudEvent. Undefined: done (204). */
export const handle = (context: Context): Promise<Reply | undefined> =>
  running === undefined ? Promise.resolve(NOT_STARTED) : running.fn.handle(context);

/** Waits for runs that outlived their replies and for events on their way to the sink. */
export const shutdown = async (): Promise<void> => {
  await running?.fn.idle();
  await running?.sender?.idle();
  running?.transport.close();
  running = undefined;
};

/** The process serves; whether the API server does is not its health. */
export const liveness = (): Health => ({ statusCode: 200 });

/** Ready once it is initialised: events that come before the first sweep wait for it. */
export const readiness = (): Health => ({ statusCode: running === undefined ? 503 : 200 });

/** Prometheus text format. */
export const metrics = (): string => running?.metrics.render() ?? "";
