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
  /** Of the requests on connections that are in use, each n-th is sent, and the connection reset when its answer comes. */
  | { readonly kind: "cutting"; readonly every: number }
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
  /** How many requests were cut off from their answers so far. */
  cuts(): number;
  set(weather: Weather): void;
  close(): void;
}

/** By then the TLS handshake is over, so that what the client sends next is a request. */
const handshakeMs = 250;

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  readonly since: number;
  /** The next answer resets the connection. */
  doomed: boolean;
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
  let requests = 0;
  let cuts = 0;

  const fromClient = (pair: Pair, chunk: Buffer): void => {
    if (weather.kind === "silent") return;
    if (weather.kind === "cutting" && performance.now() - pair.since > handshakeMs) {
      requests += 1;
      pair.doomed = requests % weather.every === 0;
    }
    pair.server.write(chunk);
  };
  const fromServer = (pair: Pair, chunk: Buffer): void => {
    if (weather.kind === "silent") return;
    if (pair.doomed) {
      cuts += 1;
      end(pair);
    } else if (weather.kind === "slow") setTimeout(() => pair.client.write(chunk), weather.delayMs);
    else pair.client.write(chunk);
  };
  const accept = (client: Socket): void => {
    attempts.push(performance.now());
    if (weather.kind === "refusing") {
      client.resetAndDestroy();
      return;
    }
    const pair: Pair = { client, server: connect(Number(port), hostname), since: performance.now(), doomed: false };
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
    cuts: () => cuts,
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
