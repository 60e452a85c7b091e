/**
 * Ends the connections of a piece of work together with it. The gRPC library closes a channel, but forgets a connection that is
 * still being made, and makes one more a second after a failure; both would stay open for as long as the peer likes.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";

/** Takes over the connections that are made now, on behalf of the work that makes them. */
const owner = new AsyncLocalStorage<(socket: Socket) => void>();

// https://nodejs.org/api/diagnostics_channel.html#event-netclientsocket
subscribe("net.client.socket", (message) => owner.getStore()?.((message as { readonly socket: Socket }).socket));

/** Destroys every connection that `work` made, and every one that it tries to make after its end. */
export const withoutLeftovers = async <T>(work: () => Promise<T>): Promise<T> => {
  const sockets = new Set<Socket>();
  let over = false;
  const adopt = (socket: Socket): void => {
    // A reset while the library closes the connection meets no other listener, and would end the process.
    socket.on("error", () => undefined);
    // It is announced before it connects, and connecting would revive it; on the next tick no packet has left yet.
    if (over) process.nextTick(() => socket.destroy());
    else sockets.add(socket);
  };
  try {
    return await owner.run(adopt, work);
  } finally {
    over = true;
    for (const socket of sockets) socket.destroy();
  }
};
