/**
 * Delivery with the adapters' patience: five retries that double from 100 ms, for connection errors and a few codes only; then the event is
 * dropped with one log line (cloudevents/sdk-go v2, `protocol_retry.go`). Unlike theirs it ends also where nobody answers.
 */
import { insist, isSuccess, post } from "../post.ts";
import type { SourceMessage } from "./message.ts";

const RETRY_DELAYS_MS = [100, 200, 400, 800, 1600];
const RETRIED_CODES = new Set([0, 404, 413, 425, 429, 502, 503, 504]);
/** Of all attempts together. A node that is gone answers nothing, and the events behind must not wait until TCP gives up, for minutes. */
const DEADLINE_MS = 15_000;

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
  const ending = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
  const result = await insist(() => post({ url: sink, headers, body, signal: ending }), {
    delaysMs: RETRY_DELAYS_MS,
    again: (status) => RETRIED_CODES.has(status),
    signal: ending,
  });
  if (!signal.aborted && !isSuccess(result)) log(`dropped ${title}: ${result.problem}`);
};
