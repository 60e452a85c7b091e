/**
 * A gate between a client and the API server that sees each request and decides what becomes of it and of its answer: the
 * way to kill an instance between any two of its writes, to lose answers, to refuse, to make late.
 */
import { once } from "node:events";
import { createServer, request, type ClientRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer, request as requestTls } from "node:https";
import type { AddressInfo } from "node:net";
import type { ControlPlane } from "./control-plane.ts";

export interface ArrivedRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

export interface GatedRequest extends ArrivedRequest {
  readonly status: number;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

/** Decides over one request: `forward` asks the API server; "cut" closes the client's connection without an answer. */
export type Handler = (request: ArrivedRequest, forward: () => Promise<ApiAnswer>) => Promise<ApiAnswer | "cut">;

export interface ApiGate {
  /** For `startFunction`'s or an adapter's `server`. */
  readonly url: string;
  /** Requests that the API server answered, in order; watches are not among them. */
  readonly requests: readonly GatedRequest[];
  /** What becomes of each request from now on, but for watches; until then all pass. */
  handle(handler: Handler): void;
  /** Ends each watch that begins from now on after so long, as a server that has forgotten its version does (410 Gone). */
  expireWatches(afterMs: number | undefined): void;
  /** How many were ended so. */
  expired(): number;
  close(): void;
}

const PASS: Handler = (_request, forward) => forward();
const NEW_LINE = 0x0a;

export const isWrite = ({ method }: ArrivedRequest): boolean => method !== "GET";

const isWatch = ({ path }: ArrivedRequest): boolean =>
  ["1", "true"].includes(new URL(path, "http://gate").searchParams.get("watch") ?? "");

const statusObject = (code: number, reason: string): unknown => ({
  kind: "Status",
  apiVersion: "v1",
  status: "Failure",
  code,
  reason,
  message: `answered ${code} ${reason} by the gate`,
});

/** An error as the API server would send it. */
export const refusal = (code: number, reason: string, retryAfterSeconds?: number): ApiAnswer => ({
  status: code,
  headers: {
    "content-type": "application/json",
    ...(retryAfterSeconds !== undefined && { "retry-after": String(retryAfterSeconds) }),
  },
  body: Buffer.from(JSON.stringify(statusObject(code, reason))),
});

const read = async (stream: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

const responseTo = async (onward: ClientRequest): Promise<IncomingMessage> => {
  const [answer] = (await once(onward, "response")) as [IncomingMessage];
  return answer;
};

/** Passes a watch on as it comes; after `expireMs` it is told 410 between two of its events. */
const stream = async (
  onward: ClientRequest,
  outgoing: ServerResponse,
  { expireMs, onExpired }: { expireMs: number | undefined; onExpired: () => void },
): Promise<void> => {
  const answer = await responseTo(onward);
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders();
  let isExpired = false;
  let isBetweenEvents = true;
  const expire = (): void => {
    if (isExpired && isBetweenEvents) {
      onExpired();
      outgoing.end(`${JSON.stringify({ type: "ERROR", object: statusObject(410, "Expired") })}\n`);
    }
  };
  const onTime = (): void => {
    isExpired = true;
    expire();
  };
  const timer = expireMs === undefined ? undefined : setTimeout(onTime, expireMs);
  const leave = (): void => {
    clearTimeout(timer);
    onward.destroy();
    outgoing.end();
  };
  onward.on("error", leave);
  answer.on("error", leave).on("end", leave);
  outgoing.on("close", leave);
  answer.on("data", (chunk: Buffer) => {
    if (outgoing.writableEnded) return;
    outgoing.write(chunk);
    isBetweenEvents = chunk.at(-1) === NEW_LINE;
    expire();
  });
};

export interface ApiGateOptions {
  /** Further API servers of the same plane; requests go to all of them in turn. */
  readonly others?: readonly string[];
  /** Official clients send no token without TLS. Default: plain HTTP. */
  readonly tls?: ControlPlane["serverTls"];
}

export const startApiGate = async (
  plane: Pick<ControlPlane, "server" | "caPem">,
  { others = [], tls }: ApiGateOptions = {},
): Promise<ApiGate> => {
  const requests: GatedRequest[] = [];
  const servers = [plane.server, ...others];
  let handler = PASS;
  let expireMs: number | undefined;
  let turn = 0;
  let expired = 0;
  const onExpired = (): void => {
    expired += 1;
  };

  const ask = ({ method, path, body }: ArrivedRequest, headers: IncomingMessage["headers"]): ClientRequest => {
    turn += 1;
    const address = new URL(path, servers[turn % servers.length]);
    const options = { method, headers: { ...headers, host: address.host } };
    const onward =
      address.protocol === "https:" ? requestTls(address, { ...options, ca: plane.caPem }) : request(address, options);
    return onward.end(body);
  };
  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = (await read(incoming)).toString();
    const arrived = { method: incoming.method ?? "GET", path: incoming.url ?? "/", body };
    if (isWatch(arrived)) {
      await stream(ask(arrived, incoming.headers), outgoing, { expireMs, onExpired });
      return;
    }
    const answer = await handler(arrived, async () => {
      const response = await responseTo(ask(arrived, incoming.headers));
      const status = response.statusCode ?? 502;
      const whole = { status, headers: response.headers, body: await read(response) };
      requests.push({ ...arrived, status });
      return whole;
    });
    if (answer === "cut") incoming.socket.destroy();
    else outgoing.writeHead(answer.status, answer.headers).end(answer.body);
  };
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    pass(incoming, outgoing).catch(() => incoming.socket.destroy());
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    handle: (next) => {
      handler = next;
    },
    expireWatches: (afterMs) => {
      expireMs = afterMs;
    },
    expired: () => expired,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};
