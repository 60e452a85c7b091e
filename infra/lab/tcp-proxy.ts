/**
 * A TCP proxy between an instance of the function and the API server: a network that is slow, breaks, refuses or goes
 * silent under TLS, and a count of how often it was tried meanwhile.
 */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export type Weather =
  | { readonly kind: "clear" }
  /** Whatever the server sends arrives so much later, in order. */
  | { readonly kind: "slow"; readonly delayMs: number }
  /** Connections are reset at once, those that exist too. */
  | { readonly kind: "refusing" }
  /** Connections are accepted, and nothing passes any more. */
  | { readonly kind: "silent" };

export interface TcpProxy {
  /** With the scheme of the server. */
  readonly url: string;
  /** When connections were tried, in milliseconds of `performance.now()`. */
  readonly attempts: readonly number[];
  /** How many connections are open now. */
  open(): number;
  set(weather: Weather): void;
  close(): void;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

const end = ({ client, server }: Pair): void => {
  client.resetAndDestroy();
  server.destroy();
};

/** Listens on a port of 127.0.0.1. */
export const startTcpProxy = async (target: string): Promise<TcpProxy> => {
  const { protocol, hostname, port } = new URL(target);
  const attempts: number[] = [];
  const pairs = new Set<Pair>();
  let weather: Weather = { kind: "clear" };

  const fromClient = (pair: Pair, chunk: Buffer): void => {
    if (weather.kind !== "silent") pair.server.write(chunk);
  };
  const fromServer = (pair: Pair, chunk: Buffer): void => {
    if (weather.kind === "silent") return;
    if (weather.kind === "slow") setTimeout(() => pair.client.write(chunk), weather.delayMs);
    else pair.client.write(chunk);
  };
  const accept = (client: Socket): void => {
    attempts.push(performance.now());
    if (weather.kind === "refusing") {
      client.resetAndDestroy();
      return;
    }
    const pair: Pair = { client, server: connect(Number(port), hostname) };
    pairs.add(pair);
    const leave = (): void => {
      pairs.delete(pair);
      client.destroy();
      pair.server.destroy();
    };
    client.on("data", (chunk) => fromClient(pair, chunk)).on("error", leave);
    pair.server.on("data", (chunk) => fromServer(pair, chunk)).on("error", leave);
    client.on("close", leave);
    pair.server.on("close", leave);
  };
  const listener = createServer(accept).listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    url: `${protocol}//127.0.0.1:${(listener.address() as AddressInfo).port}`,
    attempts,
    open: () => pairs.size,
    set: (next) => {
      weather = next;
      if (next.kind === "refusing") for (const pair of pairs) end(pair);
    },
    close: () => {
      listener.close();
      for (const pair of pairs) end(pair);
    },
  };
};
