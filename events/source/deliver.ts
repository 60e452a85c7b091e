/**
 * Delivery with the adapters' patience: five retries that double from 100 ms, for connection errors and a few codes only, no time
 * limit on an answer; then the event is dropped with one log line (cloudevents/sdk-go v2, `protocol_retry.go`).
 */
import { insist, isSuccess, post } from "../post.ts";
import type { SourceMessage } from "./message.ts";

const RETRY_DELAYS_MS = [100, 200, 400, 800, 1600];
const RETRIED_CODES = new Set([0, 404, 413, 425, 429, 502, 503, 504]);

export interface Delivery {
  readonly sink: URL;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

/** Resolves when the event was delivered, dropped, or the signal aborted; never rejects. */
export const deliver = async (
  { sink, signal, log }: Delivery,
  { title, headers, body }: SourceMessage,
): Promise<void> => {
  const result = await insist(() => post({ url: sink, headers, body, signal }), {
    delaysMs: RETRY_DELAYS_MS,
    again: (status) => RETRIED_CODES.has(status),
    signal,
  });
  if (!signal.aborted && !isSuccess(result)) log(`dropped ${title}: ${result.problem}`);
};
