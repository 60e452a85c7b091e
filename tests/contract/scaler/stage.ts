/** A group at rest on the memory API over HTTP, the scaler in front of it, and a function that is there when the test says so. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { decodeEvent } from "../../../events/decode.ts";
import { readScalerConfig } from "../../../infra/keda/scaler/config.ts";
import { startScaler, type Scaler } from "../../../infra/keda/scaler/scaler.ts";
import type { MemoryApi } from "../../../infra/lab/memory/api.ts";
import { serveMemoryApi } from "../../../infra/lab/memory/http.ts";
import { freePort } from "../../../infra/lab/ports.ts";
import { createGroupAtRest, type World } from "../../unit/support/world.ts";
import { connectKeda, type Keda, type KedaOptions } from "./keda.ts";

/** Stands where the function would listen. */
export interface FunctionStub {
  readonly url: string;
  /** Accepted events: `Pod db-0 update`, `tick`. */
  readonly received: readonly string[];
  start(): Promise<void>;
  stop(): void;
  /** Resolves with the first event, past or future, that the text begins. @throws after 10 s. */
  first(text: string): Promise<string>;
}

const MOST_MS = 10_000;

const titleOf = (headers: Readonly<Record<string, string | string[] | undefined>>, body: string): string => {
  const decoded = decodeEvent({ headers, body });
  if (!decoded.ok) throw new Error(`the function would refuse this: ${decoded.message}`);
  const { event } = decoded;
  return event.type === "object" ? `${event.kind} ${event.name} ${event.change}` : event.type;
};

const createFunctionStub = async (): Promise<FunctionStub> => {
  const port = await freePort();
  const received: string[] = [];
  let look: (() => void) | undefined;
  let server: Server | undefined;
  return {
    url: `http://127.0.0.1:${port}/`,
    received,
    start: async () => {
      server = createServer((request, response) => {
        let body = "";
        request.setEncoding("utf8").on("data", (piece: string) => {
          body += piece;
        });
        request.once("end", () => {
          received.push(titleOf(request.headers, body));
          response.writeHead(204).end();
          look?.();
        });
      });
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
    },
    stop: () => {
      server?.close();
      server?.closeAllConnections();
    },
    first: (text) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no "${text}" among ${received.join(", ")}`)), MOST_MS);
        look = () => {
          const found = received.find((title) => title.startsWith(text));
          if (found === undefined) return;
          clearTimeout(timer);
          resolve(found);
        };
        look();
      }),
  };
};

/** Scalers on a memory API, and who calls them. */
export interface Platform {
  /** Of the memory API. */
  readonly server: string;
  readonly fn: FunctionStub;
  /** The environment of a scaler on this stage. */
  readonly environment: Readonly<Record<string, string>>;
  scaler(environment?: Readonly<Record<string, string>>): Promise<Scaler>;
  keda(options: KedaOptions): Keda;
  close(): Promise<void>;
}

export interface Stage extends Platform {
  readonly world: World;
}

/** All groups were read. @throws after 10 s. */
export const untilReady = async ({ isReady }: Pick<Scaler, "isReady">): Promise<void> => {
  const end = performance.now() + MOST_MS;
  while (!isReady()) {
    if (performance.now() > end) throw new Error("the scaler is not ready");
    // oxlint-disable-next-line no-await-in-loop -- nothing announces it
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
};

export const openPlatform = async (memory: MemoryApi): Promise<Platform> => {
  const api = await serveMemoryApi(memory);
  const fn = await createFunctionStub();
  const environment = {
    BELLWETHER_API_SERVER: api.url,
    BELLWETHER_FUNCTION_URL: fn.url,
    BELLWETHER_SCALER_PORT: "0",
    BELLWETHER_TICK_SECONDS: "60",
    LOG_LEVEL: "error",
  };
  const scalers: Scaler[] = [];
  const kedas: Keda[] = [];
  return {
    server: api.url,
    fn,
    environment,
    scaler: async (more = {}) => {
      const scaler = await startScaler(readScalerConfig({ ...environment, ...more }));
      scalers.push(scaler);
      return scaler;
    },
    keda: (options) => {
      const keda = connectKeda(options);
      kedas.push(keda);
      return keda;
    },
    close: async () => {
      for (const keda of kedas) keda.close();
      await Promise.all(scalers.map((scaler) => scaler.stop()));
      fn.stop();
      await api.close();
    },
  };
};

export const openStage = async (): Promise<Stage> => {
  const world = await createGroupAtRest({ leaseDurationSeconds: 3600 });
  return { world, ...(await openPlatform(world.api)) };
};
