/**
 * Carries requests-as-values to the API server over one keep-alive agent, and turns every failure into a response. It
 * exists because the official client costs 0.9 CPU-seconds at each cold start and a TLS connection for each request.
 */
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { RequestOptions } from "node:https";
import { createSecureContext, type ConnectionOptions, type SecureContext } from "node:tls";
import type { Clock } from "../clock.ts";
import { createServerClock } from "../host/server-clock.ts";
import type { KubeRequest, KubeResponse, Transport } from "./request.ts";

const DEFAULT_DEADLINE_MS = 5000;
const DEFAULT_MAX_SOCKETS = 32;
const BODY_LIMIT = 64 * 1024 * 1024;
/** kube-apiserver closes idle connections after 90 s: ours go first, so that a write seldom meets a closing socket. */
const IDLE_SOCKET_MS = 60_000;
const EXCERPT_LENGTH = 200;

export interface TransportOptions {
  /** URL of the API server, `https:` or `http:`; a path in it is kept as prefix. */
  readonly server: string;
  /** PEM certificates to trust instead of the system's; asked for on each call, so that it may rotate. */
  readonly ca?: (() => string | Buffer | undefined) | undefined;
  /** Bearer token; asked for on each call, so that it may rotate. */
  readonly token?: (() => string | undefined) | undefined;
  readonly clientCertificate?: { readonly cert: string | Buffer; readonly key: string | Buffer } | undefined;
  /** Bound of one call in milliseconds: waiting for a socket, connecting, answer and body; default 5000. */
  readonly deadlineMs?: number | undefined;
  /** Connections at most; further calls queue within their deadline; default 32. */
  readonly maxSockets?: number | undefined;
  /** Told once for each call, with its final status and its duration in milliseconds. */
  readonly observe?: ((request: KubeRequest, status: number, milliseconds: number) => void) | undefined;
  /** Told when the server answers 401, so that the token is read again. */
  readonly onUnauthorized?: (() => void) | undefined;
}

export interface ApiTransport {
  readonly send: Transport;
  /** The API server's clock, refined by each answer. */
  readonly clock: Clock;
  /** Closes all connections; calls under way end with status 0. */
  close(): void;
}

interface Answer {
  readonly kind: "answer";
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

interface Failure {
  readonly kind: "failure";
  readonly message: string;
  /** The server had closed this kept-alive connection before it saw the request. */
  readonly stale: boolean;
}

const statusBody = (code: number, reason: string, message: string): Record<string, unknown> => ({
  kind: "Status",
  apiVersion: "v1",
  status: "Failure",
  code,
  reason,
  message,
});

const collect = (response: IncomingMessage, done: (text: string | Error) => void): void => {
  let text = "";
  response.setEncoding("utf8");
  response.on("data", (chunk: string) => {
    text += chunk;
    if (text.length > BODY_LIMIT) response.destroy(new Error(`the answer is larger than ${BODY_LIMIT} characters`));
  });
  response.once("end", () => done(text));
  response.once("error", done);
};

const isStale = (call: ClientRequest, error: NodeJS.ErrnoException, answered: boolean): boolean =>
  call.reusedSocket && !answered && (error.code === "ECONNRESET" || error.code === "EPIPE");

interface Call {
  readonly open: (options: RequestOptions) => ClientRequest;
  readonly options: RequestOptions;
  readonly payload: string | undefined;
  readonly deadlineMs: number;
}

const exchange = async ({ open, options, payload, deadlineMs }: Call): Promise<Answer | Failure> => {
  const { promise, resolve } = Promise.withResolvers<Answer | Failure>();
  let answered = false;
  const call = open(options);
  const fail = (error: NodeJS.ErrnoException): void => {
    resolve({ kind: "failure", message: error.message, stale: isStale(call, error, answered) });
  };
  const timer = setTimeout(() => {
    fail(new Error(`no answer within ${Math.round(deadlineMs)} ms`));
    call.destroy();
  }, deadlineMs);
  call.once("response", (response) => {
    answered = true;
    collect(response, (text) => {
      if (typeof text !== "string") fail(text);
      else
        resolve({
          kind: "answer",
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
        });
    });
  });
  call.on("error", fail);
  call.end(payload);
  const result = await promise;
  clearTimeout(timer);
  return result;
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Puts the `Retry-After` header where API objects have it, because a `KubeResponse` has no headers. */
const withRetryAfter = (body: Record<string, unknown>, header: string | undefined): Record<string, unknown> => {
  if (header === undefined || !/^\d{1,9}$/.test(header)) return body;
  const details: unknown = body["details"];
  return {
    ...body,
    details: { retryAfterSeconds: Number(header), ...(typeof details === "object" ? details : {}) },
  };
};

const responseOf = ({ status, headers, text }: Answer): KubeResponse => {
  const success = status >= 200 && status < 300;
  const body = parse(text);
  if (typeof body === "object" && body !== null) {
    return { status, body: success ? body : withRetryAfter({ ...body }, headers["retry-after"]) };
  }
  const excerpt = JSON.stringify(text.slice(0, EXCERPT_LENGTH));
  // A success that cannot be read proves nothing about what was applied, which is what status 0 means.
  if (success)
    return {
      status: 0,
      body: statusBody(0, "NoAnswer", `status ${status} with a body that is not JSON: ${excerpt}`),
    };
  return {
    status,
    body: withRetryAfter(statusBody(status, "NotJson", `not a Kubernetes answer: ${excerpt}`), headers["retry-after"]),
  };
};

const headersOf = (
  request: KubeRequest,
  payload: string | undefined,
  token: string | undefined,
): Record<string, string> => {
  const headers: Record<string, string> = {
    accept: "application/json",
    "user-agent": "bellwether",
  };
  if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  if (request.contentType !== undefined) headers["content-type"] = request.contentType;
  if (payload !== undefined) headers["content-length"] = String(Buffer.byteLength(payload));
  return headers;
};

type Trust = Pick<ConnectionOptions, "ca" | "secureContext">;

/**
 * The TLS context is made once for each CA: Node.js would parse the certificates again for each connection. The CA itself
 * stays among the options, because by it the agent tells connections of one trust from those of another.
 */
const rememberTrust = (
  clientCertificate: TransportOptions["clientCertificate"],
): ((ca: ConnectionOptions["ca"]) => Trust) => {
  let made: { readonly ca: ConnectionOptions["ca"]; readonly secureContext: SecureContext } | undefined;
  return (ca) => {
    if (made === undefined || made.ca !== ca)
      made = { ca, secureContext: createSecureContext({ ca, ...clientCertificate }) };
    return made;
  };
};

/**
 * One agent for one API server. `send` never rejects. Without a readable answer (refused, reset, deadline, body over
 * 64 Mi characters, or a success that is not JSON) the status is 0 and the body a `Status` with reason `NoAnswer`; an error that
 * is not JSON (load balancers, the overload filter) keeps its status, with reason `NotJson`. `Retry-After` becomes
 * `details.retryAfterSeconds`. A GET whose kept-alive connection turns out closed is sent once more; a write never is,
 * because it may have been applied.
 */
export const createTransport = (options: TransportOptions): ApiTransport => {
  const base = new URL(options.server);
  const secure = base.protocol === "https:";
  const pool = {
    keepAlive: true,
    maxSockets: options.maxSockets ?? DEFAULT_MAX_SOCKETS,
    timeout: IDLE_SOCKET_MS,
  };
  const agent = secure ? new HttpsAgent(pool) : new HttpAgent(pool);
  const trustOf = secure ? rememberTrust(options.clientCertificate) : () => ({});
  const address: RequestOptions = {
    agent,
    hostname: base.hostname.replace(/^\[|\]$/g, ""),
    port: base.port === "" ? undefined : base.port,
  };
  const prefix = base.pathname.replace(/\/+$/, "");
  const { clock, observe: observeDate } = createServerClock();
  const deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;

  const attempt = async (
    request: KubeRequest,
    payload: string | undefined,
    remainingMs: number,
  ): Promise<Answer | Failure> => {
    const sentAt = clock.monotonic();
    const result = await exchange({
      open: secure ? httpsRequest : httpRequest,
      options: {
        ...address,
        ...trustOf(options.ca?.()),
        method: request.method,
        path: prefix + request.path,
        headers: headersOf(request, payload, options.token?.()),
      },
      payload,
      deadlineMs: remainingMs,
    });
    if (result.kind === "answer") observeDate(result.headers.date, sentAt, clock.monotonic());
    return result;
  };

  const send: Transport = async (request) => {
    const startedAt = clock.monotonic();
    const payload = request.body === undefined ? undefined : JSON.stringify(request.body);
    let result = await attempt(request, payload, deadlineMs);
    if (result.kind === "failure" && result.stale && request.method === "GET") {
      result = await attempt(request, payload, Math.max(1, deadlineMs - (clock.monotonic() - startedAt)));
    }
    const response =
      result.kind === "answer" ? responseOf(result) : { status: 0, body: statusBody(0, "NoAnswer", result.message) };
    if (response.status === 401) options.onUnauthorized?.();
    options.observe?.(request, response.status, clock.monotonic() - startedAt);
    return response;
  };

  return { send, clock, close: () => agent.destroy() };
};
