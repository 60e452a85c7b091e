/**
 * The HTTP client of the conformance script: raw requests and watches, the same for the memory API and for a real
 * server.
 */
import * as http from "node:http";
import * as https from "node:https";
import { createInterface } from "node:readline";
import { json } from "node:stream/consumers";
import type { WatchEvent } from "../watch.ts";

export interface Request {
  readonly method: string;
  readonly path: string;
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown;
  /** Default: application/json. */
  readonly contentType?: string;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface Client {
  readonly send: (request: Request) => Promise<Answer>;
  /**
   * Events of a watch in order until the consumer stops or the server ends it. Resolves once the server has answered.
   */
  readonly watch: (path: string) => Promise<AsyncIterable<WatchEvent>>;
  readonly close: () => void;
}

export interface ClientOptions {
  readonly url: string;
  readonly token?: string;
  readonly ca?: string;
}

const events = async function* (response: http.IncomingMessage): AsyncGenerator<WatchEvent> {
  try {
    for await (const line of createInterface({ input: response })) yield JSON.parse(line) as WatchEvent;
  } finally {
    response.destroy();
  }
};

export const createClient = ({ url, token, ca }: ClientOptions): Client => {
  const secure = url.startsWith("https:");
  const tls = ca === undefined ? {} : { ca };
  const agent = secure ? new https.Agent({ keepAlive: true, ...tls }) : new http.Agent({ keepAlive: true });
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const open = async ({
    method,
    path,
    body,
    contentType = "application/json",
  }: Request): Promise<http.IncomingMessage> => {
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    // Node sends no body with DELETE unless it knows the length.
    const type = text === undefined ? {} : { "content-type": contentType, "content-length": Buffer.byteLength(text) };
    return new Promise((resolve, reject) => {
      const options = { method, agent, headers: { ...headers, ...type, accept: "application/json" } };
      (secure ? https : http).request(new URL(path, url), options, resolve).once("error", reject).end(text);
    });
  };
  return {
    send: async (request) => {
      const response = await open(request);
      return { status: response.statusCode ?? 0, body: await json(response) };
    },
    watch: async (path) => events(await open({ method: "GET", path })),
    close: () => agent.destroy(),
  };
};
