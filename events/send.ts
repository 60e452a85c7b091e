/**
 * Sends our events to the sink without ever holding up a hand-over: a bounded queue, a few tries, then the event is dropped and
 * reported. Events are a convenience for listeners; the truth is in the API server.
 */
import type { OutgoingEvent } from "./encode.ts";
import type { CeOverrides } from "./overrides.ts";
import { insist, isSuccess, post, type PostResult } from "./post.ts";

export interface SenderOptions {
  /** `K_SINK`. */
  readonly sink: URL;
  readonly ceOverrides?: CeOverrides;
  /** Milliseconds that one try may take. Default 5000. */
  readonly deadlineMs?: number;
  /** Events that may wait. Default 100. */
  readonly queueLimit?: number;
  /** Called for each event that is given up. */
  readonly onDrop: (event: OutgoingEvent, problem: string) => void;
}

export interface EventSender {
  /** Returns at once. */
  send(event: OutgoingEvent): void;
  /** Resolves when no event is waiting or in flight. */
  idle(): Promise<void>;
}

const DEFAULT_DEADLINE_MS = 5000;
const DEFAULT_QUEUE_LIMIT = 100;
const RETRY_DELAYS_MS = [100, 400];

interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Loaded on first use: cold starts that send nothing do not pay for the library. */
const encodeBinary = async (event: OutgoingEvent, overrides: CeOverrides): Promise<Message> => {
  // By its default export, the only one that a bundle of a CommonJS library keeps.
  const { default: cloudevents } = await import("cloudevents");
  const { CloudEvent, HTTP } = cloudevents;
  const { headers, body } = HTTP.binary(new CloudEvent({ ...event, ...overrides }));
  return { headers: headers as Record<string, string>, body: String(body) };
};

/** Sends events one after the other, in binary mode, each at most three times (connection errors and 5xx only). */
export const createSender = (options: SenderOptions): EventSender => {
  const {
    sink,
    ceOverrides = {},
    deadlineMs = DEFAULT_DEADLINE_MS,
    queueLimit = DEFAULT_QUEUE_LIMIT,
    onDrop,
  } = options;
  const queue: OutgoingEvent[] = [];
  let pumping: Promise<void> | undefined;

  const deliver = async (event: OutgoingEvent): Promise<void> => {
    const message = await encodeBinary(event, ceOverrides);
    const attempt = (): Promise<PostResult> => post({ url: sink, ...message, signal: AbortSignal.timeout(deadlineMs) });
    const result = await insist(attempt, {
      delaysMs: RETRY_DELAYS_MS,
      again: (status) => status === 0 || status >= 500,
    });
    if (!isSuccess(result)) onDrop(event, result.problem);
  };

  const pump = async (): Promise<void> => {
    for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
      const current = event;
      // oxlint-disable-next-line no-await-in-loop -- one after the other keeps their order
      await deliver(current).catch((error: unknown) => {
        onDrop(current, String(error));
      });
    }
    pumping = undefined;
  };

  return {
    send: (event) => {
      if (queue.length >= queueLimit) {
        onDrop(event, `the queue is full (${queueLimit} events)`);
        return;
      }
      queue.push(event);
      pumping ??= pump();
    },
    idle: () => pumping ?? Promise.resolve(),
  };
};
