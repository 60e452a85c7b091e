/**
 * KEDA's external-push protocol over gRPC: says that there is work the moment it is told so, and answers what KEDA polls. Any number of
 * ScaledObjects may ask, and get the same answers.
 */
import {
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
  type StatusObject,
} from "@grpc/grpc-js";
import type { Log } from "../../../functions/kit/host/log.ts";
import {
  ExternalScalerService,
  type ExternalScalerServer,
  type IsActiveResponse,
  type ScaledObjectRef,
} from "../../../proto/gen/externalscaler/externalscaler.ts";
import { problemOf } from "./metadata.ts";

export interface WorkState {
  /** Work waits for the function. */
  isPending(): boolean;
  /** The function is to run. */
  isActive(): boolean;
}

export interface ServiceOptions {
  /** 0 lets the system choose. */
  readonly port: number;
  readonly state: WorkState;
  readonly log: Log;
}

export interface Service {
  readonly port: number;
  /** Says on all streams that there is work. */
  push(): void;
  /** Ends the streams, waits for calls under way, and closes the port. Never rejects. */
  stop(): Promise<void>;
}

type Stream = ServerWritableStream<ScaledObjectRef, IsActiveResponse>;
type Refusal = Pick<StatusObject, "code" | "details">;

/** Named by KEDA's HPA, with a prefix of its own. */
const METRIC = "bellwether-work";
/** An open connection of a client that does not end it is closed after this. */
const STOP_DEADLINE_MS = 2_000;

const refusalOf = (ref: ScaledObjectRef): Refusal | undefined => {
  const details = problemOf(ref.scalerMetadata);
  return details === undefined ? undefined : { code: status.INVALID_ARGUMENT, details };
};

/** Answers for a ScaledObject whose metadata is accepted. */
const answering =
  <Request, Response>(refOf: (request: Request) => ScaledObjectRef, answer: (request: Request) => Response) =>
  ({ request }: ServerUnaryCall<Request, Response>, reply: sendUnaryData<Response>): void => {
    const refusal = refusalOf(refOf(request));
    if (refusal === undefined) reply(null, answer(request));
    else reply(refusal);
  };

const methodsOf = (
  { state, log }: ServiceOptions,
  streams: Set<Stream>,
  greeted: Set<string>,
): ExternalScalerServer => ({
  isActive: answering(
    (ref: ScaledObjectRef) => ref,
    () => ({ result: state.isActive() }),
  ),
  streamIsActive: (stream) => {
    const { name, namespace } = stream.request;
    const refusal = refusalOf(stream.request);
    if (refusal !== undefined) {
      log.warn("ScaledObject refused", { name, namespace, reason: refusal.details });
      stream.emit("error", refusal);
      return;
    }
    if (state.isPending()) stream.write({ result: true });
    const key = `${namespace}/${name}`;
    if (!greeted.has(key)) {
      // KEDA's pause doubles with each stream that breaks, a scaler's that was killed long ago too, until one is ended.
      greeted.add(key);
      stream.end();
      return;
    }
    log.info("ScaledObject listens", { name, namespace });
    streams.add(stream);
    stream.once("close", () => streams.delete(stream));
    stream.once("cancelled", () => streams.delete(stream));
  },
  // Without an answer KEDA makes an autoscaler that measures CPU time: what is wrong with the metadata is said by the other methods.
  getMetricSpec: (_call, reply) => {
    reply(null, { metricSpecs: [{ metricName: METRIC, targetSize: 1n, targetSizeFloat: 1 }] });
  },
  getMetrics: answering(
    ({ scaledObjectRef }) => scaledObjectRef ?? { name: "", namespace: "", scalerMetadata: {} },
    ({ metricName }) => {
      const active = state.isActive();
      return { metricValues: [{ metricName, metricValue: active ? 1n : 0n, metricValueFloat: active ? 1 : 0 }] };
    },
  ),
  streamMetricSpec: (stream) => {
    stream.emit("error", { code: status.UNIMPLEMENTED, details: "the metric never changes" });
  },
});

const bind = (server: Server, address: string): Promise<number> => {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
    if (error === null) resolve(bound);
    else reject(error);
  });
  return promise;
};

/** Rejects when the port is taken. */
export const startService = async (options: ServiceOptions): Promise<Service> => {
  const streams = new Set<Stream>();
  const server = new Server();
  server.addService(ExternalScalerService, methodsOf(options, streams, new Set()));
  // Both families, where there are two.
  const port = await bind(server, `[::]:${options.port}`).catch(() => bind(server, `0.0.0.0:${options.port}`));
  return {
    port,
    push: () => {
      // Whoever does not read has been told already.
      for (const stream of streams) if (!stream.writableNeedDrain) stream.write({ result: true });
    },
    stop: () =>
      new Promise((resolve) => {
        // KEDA comes back after 2 s then; after a broken stream it waits longer each time, up to a minute.
        for (const stream of streams) stream.end();
        const timer = setTimeout(() => server.forceShutdown(), STOP_DEADLINE_MS);
        server.tryShutdown(() => {
          clearTimeout(timer);
          resolve();
        });
      }),
  };
};
