/**
 * The role application: a real gRPC server of notification.v1 over plain text, TLS or mutual TLS, whose behaviour a test changes
 * while it runs. It takes its TCP connections itself, because some faults happen before gRPC says a word.
 */
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { ServerCredentials } from "@grpc/grpc-js";
import { HONEST_FOLLOWER, type Behaviour } from "./role-app-behaviour.ts";
import type { Identity } from "./role-app-certificates.ts";
import { claimRole } from "./role-app-claim.ts";
import { createService, type Asked } from "./role-app-service.ts";

export interface RoleAppOptions {
  /** Name of the pod that it stands for. */
  readonly id: string;
  /** Address to listen on; default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default: any free one. */
  readonly port?: number | undefined;
  /** With `clientCaPem` it asks for a client certificate (mutual TLS). */
  readonly tls?: (Identity & { readonly clientCaPem?: string | undefined }) | undefined;
  /** Where it says that it leads, whenever it begins to; default: nowhere. */
  readonly claims?: { readonly sink: string; readonly namespace: string } | undefined;
  readonly behaviour?: Partial<Behaviour> | undefined;
}

export interface RoleApp {
  readonly port: number;
  readonly behaviour: () => Behaviour;
  readonly asked: () => Asked;
  /** Connections that are open now. */
  readonly connections: () => number;
  /** Resolves once a claim that follows has been answered; to its HTTP status (0: no answer), else undefined. */
  readonly behave: (change: Partial<Behaviour>) => Promise<number | undefined>;
  /** Resets what is open and stops listening. */
  readonly close: () => Promise<void>;
}

const credentialsOf = ({ tls }: RoleAppOptions): ServerCredentials =>
  tls === undefined
    ? ServerCredentials.createInsecure()
    : ServerCredentials.createSsl(
        tls.clientCaPem === undefined ? null : Buffer.from(tls.clientCaPem),
        [{ cert_chain: Buffer.from(tls.certificatePem), private_key: Buffer.from(tls.keyPem) }],
        tls.clientCaPem !== undefined,
      );

/** @throws when the address cannot be listened on. */
export const startRoleApp = async (options: RoleAppOptions): Promise<RoleApp> => {
  const { id, host = "127.0.0.1", claims } = options;
  let behaviour: Behaviour = { ...HONEST_FOLLOWER, ...options.behaviour };
  /** By the caller's port. */
  const sockets = new Map<number, Socket>();

  const listener = createServer((socket) => {
    const { remotePort = 0 } = socket;
    sockets.set(remotePort, socket);
    socket.once("close", () => sockets.delete(remotePort));
    // A caller that resets its connection is no trouble of ours.
    socket.on("error", () => undefined);
    if (behaviour.fault === "mute") socket.resume();
    else if (behaviour.fault === "reset") socket.resetAndDestroy();
    else injector.injectConnection(socket);
  });
  listener.listen(options.port ?? 0, host);
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;

  const service = createService({
    behaviour: () => behaviour,
    self: () => ({ id, rpcAddr: host.includes(":") ? `[${host}]:${port}` : `${host}:${port}` }),
    cut: (peer) => sockets.get(Number(peer.slice(peer.lastIndexOf(":") + 1)))?.resetAndDestroy(),
  });
  const injector = service.grpc.createConnectionInjector(credentialsOf(options));

  return {
    port,
    behaviour: () => behaviour,
    asked: service.asked,
    connections: () => sockets.size,
    behave: async (change) => {
      const begins = !behaviour.leads && change.leads === true;
      behaviour = { ...behaviour, ...change };
      return begins && claims !== undefined ? (await claimRole({ ...claims, pod: id })).status : undefined;
    },
    close: async () => {
      const closed = once(listener, "close");
      listener.close();
      for (const socket of sockets.values()) socket.resetAndDestroy();
      injector.destroy();
      service.stop();
      await closed;
    },
  };
};
