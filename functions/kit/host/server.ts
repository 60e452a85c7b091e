/**
 * The HTTP face of the function: events on `/`, health, metrics, and a drain that finishes what it accepted. Our own,
 * because faas-js-runtime cuts requests in flight on SIGTERM and lets error codes of API calls become replies.
 */
import { createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from "node:http";
import type { Log } from "./log.ts";
import { CONTENT_TYPE } from "./metrics.ts";

/** A part of faas-js-runtime's context: what both hosts give. */
export interface Context {
  readonly headers: Readonly<IncomingHttpHeaders>;
  /** As faas-js-runtime parsed it; our host leaves it out. */
  readonly body?: unknown;
  /** As received, on our host; faas-js-runtime gives it as text, and only with FUNC_INCLUDE_RAW. */
  readonly rawBody?: Buffer | string;
}

/**
 * A reply other than 204. The body must be there: faas-js-runtime would send this object as JSON instead. A source
 * retries 503 and drops 400 and 500, which is why no other status is possible.
 */
export interface Reply {
  readonly statusCode: 400 | 500 | 503;
  /** `content-type` must be among them: faas-js-runtime takes JSON otherwise. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Our host answers so; faas-js-runtime answers 200 with this object as JSON, whatever the status says. */
export interface Health {
  readonly statusCode: number;
  readonly body?: string;
}

/** What functions/index.ts exports: the interface of `kn func` for Node, and the text for `/metrics`. */
export interface FunctionModule {
  /** Undefined: done (204). Our host passes the context only; faas-js-runtime passes the decoded event too. */
  handle(context: Context, event?: unknown): Promise<Reply | undefined>;
  init(): Promise<void>;
  /** Waits for the runs that outlived their replies. */
  shutdown(): Promise<void>;
  liveness(): Health;
  readiness(): Health;
  metrics(): string;
}

export interface HostOptions {
  readonly fn: FunctionModule;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly bodyLimitBytes: number;
  readonly log: Log;
  /** Bound of the whole drain in milliseconds; default 20 s, below the 30 s that Kubernetes gives a pod. */
  readonly drainDeadlineMs?: number | undefined;
}

export interface Host {
  readonly port: number;
  /** Stops listening, lets requests in flight and `shutdown()` finish. Never rejects; false: cut short or failed. */
  drain(): Promise<boolean>;
}

const DEFAULT_DRAIN_DEADLINE_MS = 20_000;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Go's HTTP client, which the sources use, drops idle connections after 90 s: it must be the one that does. */
const KEEP_ALIVE_MS = 95_000;

const TEXT = "text/plain; charset=utf-8";

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const text = (status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  headers: { "content-type": TEXT, "content-length": String(Buffer.byteLength(body)), ...headers },
  body,
});

const healthAnswer = ({ statusCode, body = "" }: Health): Answer => text(statusCode, body);

/** Undefined when it is larger than the limit. Rejects when the sender gives up. By listeners: an async iterator costs 3 us. */
const readBody = (request: IncomingMessage, limitBytes: number): Promise<Buffer | undefined> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      // The rest of a body that is too large is read and dropped: a reply in mid-body looks like a broken connection,
      // which is retried.
      if (size <= limitBytes) chunks.push(chunk);
      else chunks.length = 0;
    });
    request.once("end", () => resolve(size <= limitBytes ? Buffer.concat(chunks) : undefined));
    request.once("error", reject);
  });

const receive = async (request: IncomingMessage, { fn, bodyLimitBytes, log }: HostOptions): Promise<Answer> => {
  const rawBody = await readBody(request, bodyLimitBytes);
  if (rawBody === undefined) {
    // 413 would be the textbook answer, but ApiServerSource retries it five times before it drops the event.
    return text(400, `the event is larger than BELLWETHER_BODY_LIMIT_BYTES, ${bodyLimitBytes} bytes`);
  }
  try {
    const reply = await fn.handle({ headers: request.headers, rawBody });
    return reply === undefined ? { status: 204 } : text(reply.statusCode, reply.body, reply.headers);
  } catch (error) {
    log.error("handling an event failed", { error });
    return text(500, "internal error");
  }
};

const get = (path: string, { fn }: HostOptions, draining: boolean): Answer | undefined => {
  switch (path) {
    case "/health/liveness":
      return healthAnswer(fn.liveness());
    case "/health/readiness":
      return draining ? text(503, "draining") : healthAnswer(fn.readiness());
    case "/metrics":
      return text(200, fn.metrics(), { "content-type": CONTENT_TYPE });
    default:
      return undefined;
  }
};

const route = async (request: IncomingMessage, options: HostOptions, draining: boolean): Promise<Answer> => {
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
  if (path === "/") {
    return request.method === "POST" ? receive(request, options) : text(405, "events are posted", { allow: "POST" });
  }
  const answer = get(path, options, draining);
  if (answer === undefined) return text(404, "there is /, /health/liveness, /health/readiness and /metrics");
  return request.method === "GET" ? answer : text(405, "this can only be read", { allow: "GET" });
};

const send = (response: ServerResponse, { status, headers = {}, body }: Answer, draining: boolean): void => {
  response.writeHead(status, draining ? { ...headers, connection: "close" } : headers);
  response.end(body);
};

const listen = async (server: Server, port: number): Promise<number> => {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  server.once("error", reject);
  server.listen(port, () => resolve(undefined));
  await promise;
  server.off("error", reject);
  const address = server.address();
  return address !== null && typeof address === "object" ? address.port : port;
};

/** True when `work` ended well within the time. */
const within = async (work: Promise<unknown>, milliseconds: number): Promise<boolean> => {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), milliseconds);
  work.then(
    () => resolve(true),
    () => resolve(false),
  );
  const inTime = await promise;
  clearTimeout(timer);
  return inTime;
};

/** Awaits `init()`, then listens. Rejects when either fails. */
export const startServer = async (options: HostOptions): Promise<Host> => {
  const { fn, log, drainDeadlineMs = DEFAULT_DRAIN_DEADLINE_MS } = options;
  let drained: Promise<boolean> | undefined;
  let inFlight = 0;
  const quiet = Promise.withResolvers<undefined>();
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    inFlight += 1;
    response.once("close", () => {
      inFlight -= 1;
      if (inFlight === 0 && drained !== undefined) quiet.resolve(undefined);
    });
    try {
      send(response, await route(request, options, drained !== undefined), drained !== undefined);
    } catch (error) {
      log.warn("a request was broken off", { error });
      response.destroy();
    }
  };
  const server = createServer((request, response) => void serve(request, response));
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await fn.init();
  const port = await listen(server, options.port);

  const finish = async (): Promise<void> => {
    server.close();
    if (inFlight > 0) await quiet.promise;
    // Go's client opens connections ahead of need: those without a first request would stay open for half a minute.
    server.closeAllConnections();
    await fn.shutdown();
  };
  const drain = async (): Promise<boolean> => {
    const inTime = await within(finish(), drainDeadlineMs);
    if (!inTime) log.warn("the drain was cut short", { milliseconds: drainDeadlineMs });
    server.closeAllConnections();
    return inTime;
  };
  return {
    port,
    drain() {
      drained ??= drain();
      return drained;
    },
  };
};
