/**
 * A gate between the function and the API server that remembers each request and can act after one was applied and before
 * its answer is delivered: the way to kill an instance between any two of its writes.
 */
import { once } from "node:events";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import { request as requestTls } from "node:https";
import type { AddressInfo } from "node:net";
import type { ControlPlane } from "./control-plane.ts";

export interface GatedRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly body: string;
}

export interface ApiGate {
  /** For `startFunction`'s `server`. */
  readonly url: string;
  /** Answered requests, in order. */
  readonly requests: readonly GatedRequest[];
  /** Called with each request after the API server has answered it; the answer is delivered if it returns true. */
  intercept(deliver: (request: GatedRequest) => boolean): void;
  close(): void;
}

export const isWrite = ({ method }: GatedRequest): boolean => method !== "GET";

const read = async (stream: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

const deliverAll = (): boolean => true;

export const startApiGate = async (plane: Pick<ControlPlane, "server" | "caPem">): Promise<ApiGate> => {
  const requests: GatedRequest[] = [];
  let deliver: (request: GatedRequest) => boolean = deliverAll;
  const secure = plane.server.startsWith("https:");
  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = await read(incoming);
    const { method = "GET", url = "/" } = incoming;
    const headers = { ...incoming.headers, host: new URL(plane.server).host };
    const address = new URL(url, plane.server);
    const onward = secure
      ? requestTls(address, { ca: plane.caPem, method, headers })
      : request(address, { method, headers });
    onward.end(body);
    const [answer] = (await once(onward, "response")) as [IncomingMessage];
    const text = await read(answer);
    const gated = { method, path: url, status: answer.statusCode ?? 0, body: body.toString() };
    requests.push(gated);
    if (!deliver(gated)) {
      incoming.socket.destroy();
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers).end(text);
  };
  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch(() => incoming.socket.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    intercept: (next) => {
      deliver = next;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};
