/** An instance of the function that stops, and dies, where a test says. */
import type { KubeRequest, Transport } from "../../../functions/kit/kube/request.ts";
import type { World } from "./world.ts";

export interface Instance {
  readonly send: Transport;
  /** Resolves when the first request that was waited for is about to be sent. */
  readonly stopped: Promise<void>;
  goOn(): void;
  readonly died: Promise<void>;
}

export type Which = (request: KubeRequest) => boolean;

/** Waits before the requests that `at` accepts until it may go on, and dies before the first that `end` accepts. */
export const startInstance = (world: Pick<World, "send">, at: Which, end: Which = () => false): Instance => {
  const stopped = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const died = Promise.withResolvers<void>();
  return {
    stopped: stopped.promise,
    goOn: gate.resolve,
    died: died.promise,
    send: async (request) => {
      if (at(request)) {
        stopped.resolve();
        await gate.promise;
      }
      if (!end(request)) return world.send(request);
      died.resolve();
      return new Promise(() => undefined);
    },
  };
};
