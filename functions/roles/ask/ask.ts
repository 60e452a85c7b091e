/**
 * Asks pods what they are: all at the same time, bounded in number, with a deadline for each. No answer is an answer of its own
 * ("silent", and why), because it must never be taken for "I follow".
 */
import { createSlots } from "../../kit/slots.ts";
import type { Target } from "./address.ts";
import type { Caller } from "./grpc.ts";

/** What a TLS connection is made with, as PEM; read from its Secret again for each round. */
export interface Tls {
  readonly ca: Buffer;
  /** Both for an application that asks for a client certificate. */
  readonly client?: { readonly certificate: Buffer; readonly key: Buffer } | undefined;
  /** Name that the application's certificate must carry; default: the host that was dialled. */
  readonly serverName?: string | undefined;
}

export interface AskOptions {
  /** For each call, from its beginning to its answer, the connection included; default 1 s. */
  readonly deadlineMs?: number | undefined;
  /** Calls at the same time; default 64. The last of n begins after at most `floor((n - 1) / concurrency)` deadlines. */
  readonly concurrency?: number | undefined;
  /** Undefined: plain text. */
  readonly tls?: Tls | undefined;
}

export interface Silent {
  readonly kind: "silent";
  /** For a person; the same words for the same cause, so that a condition which carries them does not flicker. */
  readonly why: string;
}

/** `GetLeaderStatus` of notification.v1. */
export type LeaderAnswer = { readonly kind: "answered"; readonly leads: boolean } | Silent;

/** A server as another one sees it. */
export interface ServerView {
  readonly id: string;
  /** Host and port. */
  readonly rpcAddr: string;
  readonly isLeader: boolean;
}

/** `GetServers` of notification.v1. */
export type ServersAnswer = { readonly kind: "answered"; readonly servers: readonly ServerView[] } | Silent;

/** Answers are in the order of the targets. Neither function rejects for anything that a pod, a network or a certificate does. */
export interface Asker {
  readonly leaderStatus: (targets: readonly Target[], options?: AskOptions) => Promise<readonly LeaderAnswer[]>;
  readonly servers: (targets: readonly Target[], options?: AskOptions) => Promise<readonly ServersAnswer[]>;
}

const DEADLINE_MS = 1_000;
const CONCURRENCY = 64;

const askEach = async <Answer>(
  targets: readonly Target[],
  { deadlineMs = DEADLINE_MS, concurrency = CONCURRENCY, tls }: AskOptions,
  ask: (caller: Caller, target: Target) => Promise<Answer>,
): Promise<readonly Answer[]> => {
  // Costs 0.1 s of CPU time and 18 MiB, which only those pay who have somebody to ask.
  const { createCaller } = await import("./grpc.ts");
  const caller = createCaller({ deadlineMs, tls });
  const slots = createSlots(concurrency);
  return Promise.all(
    targets.map(async (target) => {
      await slots.take(false);
      try {
        return await ask(caller, target);
      } finally {
        slots.give(false);
      }
    }),
  );
};

/** Asks over gRPC; every connection lives for one call. */
export const grpcAsker: Asker = {
  leaderStatus: (targets, options = {}) =>
    askEach(targets, options, ({ leaderStatus }, target) => leaderStatus(target)),
  servers: (targets, options = {}) => askEach(targets, options, ({ servers }, target) => servers(target)),
};
