/** What a Kubernetes Service is to several instances of the function: one address, each request to the next one, or to all. */
import { once } from "node:events";
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Balancer {
  readonly url: string;
  /** The instances that requests go to from now on; none: connections are refused with 503. */
  target(urls: readonly string[]): void;
  /** From now on each request goes to all of these at once; the answer is the worst of theirs, once all have answered. */
  broadcast(urls: readonly string[]): void;
  close(): void;
}

/** Resolves to the status; 502 when there is no answer. */
const post = (url: URL, incoming: IncomingMessage, { agent, body }: { agent: Agent; body: Buffer }): Promise<number> =>
  new Promise((resolve) => {
    const { method, headers } = incoming;
    const onward = request(url, { agent, method: method ?? "POST", headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 502);
    });
    onward.on("error", () => resolve(502));
    onward.end(body);
  });

export const startBalancer = async (): Promise<Balancer> => {
  let urls: readonly string[] = [];
  let isBroadcast = false;
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
  const forwardToAll = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const sent = { agent, body: Buffer.concat(chunks) };
    const answers = await Promise.all(urls.map((url) => post(new URL(incoming.url ?? "/", url), incoming, sent)));
    outgoing.writeHead(Math.max(...answers)).end();
  };
  const server = createServer((incoming, outgoing) => {
    if (isBroadcast) forwardToAll(incoming, outgoing).catch(() => incoming.socket.destroy());
    else forward(incoming, outgoing);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    target: (next) => {
      urls = next;
      isBroadcast = false;
    },
    broadcast: (next) => {
      urls = next;
      isBroadcast = true;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
      agent.destroy();
    },
  };
};
