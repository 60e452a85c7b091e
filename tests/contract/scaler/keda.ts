/**
 * What KEDA's operator does with an external-push trigger, over a real gRPC connection (keda v2.21, `pkg/scalers/external_scaler.go`): asks
 * for the metric before anything else, keeps a stream open, comes back after a pause that doubles and begins anew only after a stream that
 * the server ended, and polls.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import {
  ExternalScalerClient,
  type GetMetricSpecResponse,
  type GetMetricsResponse,
  type IsActiveResponse,
  type ScaledObjectRef,
} from "../../../proto/gen/externalscaler/externalscaler.ts";

export interface Keda {
  /** When each `true` came, in milliseconds of `performance.now()`. */
  readonly activations: readonly number[];
  /** How each stream ended: `clean`, or the error. */
  readonly endings: readonly string[];
  /** The pauses before it came back, in units of the first one. */
  readonly pauses: readonly number[];
  /** Resolves to the time of the first `true` after the call, or after the `count`-th of all. @throws after 10 s. */
  activation(count?: number): Promise<number>;
  /** Resolves once so many streams have ended. @throws after 10 s. */
  ended(count: number): Promise<void>;
  metricSpec(): Promise<GetMetricSpecResponse>;
  /** What the polling loop asks: the metric, then whether the target is to run. Rejects with what the server answered. */
  poll(): Promise<{ readonly value: number; readonly active: boolean }>;
  /** Code and message by which the server refuses `StreamMetricSpec`. */
  metricStream(): Promise<string>;
  close(): void;
}

export interface KedaOptions {
  readonly port: number;
  readonly name?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** First pause before a stream is opened again; KEDA's is 2 s. */
  readonly pauseMs?: number;
}

const MOST_MS = 10_000;
const DOUBLINGS_MOST = 5;

type Call<Request, Response> = (
  request: Request,
  reply: (error: ServiceError | null, response: Response) => void,
) => unknown;

const ask = <Request, Response>(call: Call<Request, Response>, request: Request): Promise<Response> =>
  new Promise((resolve, reject) => {
    call(request, (error, response) => {
      if (error === null) resolve(response);
      else reject(error);
    });
  });

const valueOf = ({ metricValues: [metric] }: GetMetricsResponse): number => {
  if (metric === undefined) throw new Error("no metric value");
  // A float of 0 falls back to the integer.
  return metric.metricValueFloat > 0 ? metric.metricValueFloat : Number(metric.metricValue);
};

interface Waiter {
  readonly isDue: () => boolean;
  readonly resolve: () => void;
}

/** Who waits for something that happens on a stream. */
const createWaiters = (): { look: () => void; until: (what: string, isDue: () => boolean) => Promise<void> } => {
  let waiters: readonly Waiter[] = [];
  const look = (): void => {
    const due = waiters.filter(({ isDue }) => isDue());
    waiters = waiters.filter((waiter) => !due.includes(waiter));
    for (const { resolve } of due) resolve();
  };
  return {
    look,
    until: (what, isDue) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${what}: not within ${MOST_MS} ms`)), MOST_MS);
        const done = (): void => {
          clearTimeout(timer);
          resolve();
        };
        waiters = [...waiters, { isDue, resolve: done }];
        look();
      }),
  };
};

export const connectKeda = ({ port, name = "bellwether", metadata = {}, pauseMs = 100 }: KedaOptions): Keda => {
  const address = `127.0.0.1:${port}`;
  const client = new ExternalScalerClient(address, credentials.createInsecure(), {
    "grpc.initial_reconnect_backoff_ms": 50,
    "grpc.max_reconnect_backoff_ms": 100,
  });
  const ref: ScaledObjectRef = {
    name,
    namespace: "bellwether",
    scalerMetadata: { scalerAddress: address, ...metadata },
  };
  const activations: number[] = [];
  const endings: string[] = [];
  const pauses: number[] = [];
  const { look, until } = createWaiters();
  const closing = new AbortController();

  const runOnce = (): Promise<string> =>
    new Promise((resolve) => {
      const stream = client.streamIsActive(ref);
      stream.on("data", ({ result }: IsActiveResponse) => {
        if (result) activations.push(performance.now());
        look();
      });
      stream.on("error", ({ message }) => resolve(message));
      stream.on("end", () => resolve("clean"));
    });
  const run = async (): Promise<void> => {
    for (let doublings = 0; !closing.signal.aborted; doublings = Math.min(doublings + 1, DOUBLINGS_MOST)) {
      // oxlint-disable-next-line no-await-in-loop -- one stream after the other
      const ending = await runOnce();
      endings.push(ending);
      look();
      if (ending === "clean") doublings = 0;
      pauses.push(2 ** doublings);
      // oxlint-disable-next-line no-await-in-loop
      await sleep(pauseMs * 2 ** doublings);
    }
  };
  void run();

  return {
    activations,
    endings,
    pauses,
    activation: async (count = activations.length + 1) => {
      await until(`activation ${count}`, () => activations.length >= count);
      return activations[count - 1] ?? Number.NaN;
    },
    ended: (count) => until(`end of stream ${count}`, () => endings.length >= count),
    metricSpec: () => ask<ScaledObjectRef, GetMetricSpecResponse>(client.getMetricSpec.bind(client), ref),
    poll: async () => {
      const request = { scaledObjectRef: ref, metricName: "bellwether-work" };
      const metrics = await ask<typeof request, GetMetricsResponse>(client.getMetrics.bind(client), request);
      const { result } = await ask<ScaledObjectRef, IsActiveResponse>(client.isActive.bind(client), ref);
      return { value: valueOf(metrics), active: result };
    },
    metricStream: () =>
      new Promise((resolve) => {
        client.streamMetricSpec(ref).on("error", ({ message }) => resolve(message));
      }),
    close: () => {
      closing.abort();
      client.close();
    },
  };
};
