/** What a Kubernetes Service is to several instances of the function: one address, each request to the next one. */
import { once } from "node:events";
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Balancer {
  readonly url: string;
  /** The instances that requests go to from now on; none: connections are refused with 503. */
  target(urls: readonly string[]): void;
  close(): void;
}

export const startBalancer = async (): Promise<Balancer> => {
  let urls: readonly string[] = [];
  let turn = 0;
  const agent = new Agent({ keepAlive: true });
  const forward = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    turn += 1;
    const url = urls[turn % Math.max(1, urls.length)];
    if (url === undefined) {
      outgoing.writeHead(503).end();
      return;
    }
    const { method, headers } = incoming;
    const onward = request(
      new URL(incoming.url ?? "/", url),
      { agent, method: method ?? "POST", headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    onward.on("error", () => {
      if (!outgoing.headersSent) outgoing.writeHead(502);
      outgoing.end();
    });
    incoming.pipe(onward);
  };
  const server = createServer(forward).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    target: (next) => {
      urls = next;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
      agent.destroy();
    },
  };
};
