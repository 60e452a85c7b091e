/**
 * Runs a piece of the function up to the first thing that is more than reading. Whether there is work is so decided by the code that
 * would do it, and nothing is done.
 */
import type { KubeRequest, KubeResponse, Transport } from "../../../functions/kit/kube/request.ts";
import type { Asker } from "../../../functions/roles/ask/ask.ts";

export type Rehearsal<T> =
  /** It would write or ask a pod, or nobody can tell: it failed. */
  { readonly acts: true } | { readonly acts: false; readonly value: T };

/** As the transport answers when a call came to nothing. */
const NOT_SENT: KubeResponse = {
  status: 0,
  body: { kind: "Status", reason: "Rehearsal", message: "this is read only" },
};

/** Secrets are read just before pods are asked, which is the function's part, and so is the permission. */
const isRead = ({ method, resource }: KubeRequest): boolean => method === "GET" && resource.plural !== "secrets";

/** Resolves as soon as `run` acts, else with what it resolved to; what it does later is not sent. Never rejects. */
export const rehearse = <T>(send: Transport, run: (send: Transport) => Promise<T>): Promise<Rehearsal<T>> => {
  const { promise, resolve } = Promise.withResolvers<Rehearsal<T>>();
  let acts = false;
  const act = (): void => {
    acts = true;
    resolve({ acts: true });
  };
  const reading: Transport = (request) => {
    if (!acts && isRead(request)) return send(request);
    act();
    return Promise.resolve(NOT_SENT);
  };
  run(reading).then((value) => resolve({ acts: false, value }), act);
  return promise;
};

const ask = (): Promise<never> => Promise.reject(new Error("pods are asked by the function"));

/** For a rehearsal of roles: to ask is to act. */
export const rehearsedAsker: Asker = { leaderStatus: ask, servers: ask };
