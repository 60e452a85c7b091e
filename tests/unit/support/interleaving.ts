/** What tests of interleavings are made of: a seed that reproduces each, actors that let others go first, instances that die, and weakened writes. */
import type { KubeRequest, Transport } from "../../../functions/kit/kube/request.ts";

/** A whole number from 0 to below. */
export type Random = (below: number) => number;

/** xorshift32 */
export const randomOf = (seed: number): Random => {
  let state = Math.imul(seed, 2_654_435_761) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
};

/** Lets other actors go first, less often than `below` times. */
export const pause = async (random: Random, below: number): Promise<void> => {
  for (let count = random(below); count > 0; count -= 1) {
    // Each step lets another actor go first.
    // oxlint-disable-next-line no-await-in-loop
    await Promise.resolve();
  }
};

/** After so many writes nothing of this attempt reaches the server any more. */
export const dyingAfter = (send: Transport, writes: number): Transport => {
  let left = writes;
  return (request) => {
    if (request.method === "GET") return send(request);
    left -= 1;
    return left < 0 ? Promise.resolve({ status: 500, body: {} }) : send(request);
  };
};

/** What an operator without conditional writes would send. */
export const unconditional = (request: KubeRequest): KubeRequest => {
  if (request.method !== "PATCH") return request;
  const { metadata, ...rest } = request.body as { metadata: Record<string, unknown> };
  const { uid: _uid, resourceVersion: _version, ...open } = metadata;
  return { ...request, body: { ...rest, metadata: open } };
};

/** Acts again and again, others going first, until the actors have ended. */
export const besides = async (
  actors: () => Promise<unknown>,
  { random, below, act }: { readonly random: Random; readonly below: number; readonly act: () => void },
): Promise<void> => {
  const ending = new AbortController();
  const stranger = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop
      await pause(random, below);
      act();
    }
  };
  const strange = stranger();
  await actors();
  ending.abort();
  await strange;
};
