/** How a pass ends: with a report, and with the answer to "is there more to do, and when". */
import type { RunOutcome } from "../kit/feature.ts";
import type { KubeResponse, Transport } from "../kit/kube/request.ts";
import { classify, describe, retryAfterMs } from "../kit/kube/status-class.ts";
import type { ElectionContext } from "./context.ts";
import { publish, type Pass } from "./publish.ts";

export const RETRY_AFTER_MS = 200;
/** A refusal (403, 422) does not go away by asking again soon; the sweep asks again anyway. */
const REFUSED_AFTER_MS = 5_000;

/** No answer, too many requests, unavailable: what the whole server says of itself. */
const SERVER_TROUBLE: ReadonlySet<number> = new Set([0, 429, 503]);

/** A run's transport, and what the host injected. */
export interface Io {
  readonly context: ElectionContext;
  readonly send: Transport;
}

/** `restart`: somebody was faster; the pass begins again at the read. */
export type PassOutcome = RunOutcome | { readonly kind: "restart"; readonly reason: string };

export const done = (reason: string): PassOutcome => ({ kind: "done", reason });

export const failed = (doing: string, response: KubeResponse): PassOutcome => {
  const refused = classify(response) !== "wait";
  // "Retry-After: 0" is no leave to ask without a pause.
  const asked = retryAfterMs(response);
  const afterMs = Math.max(asked ?? (refused ? REFUSED_AFTER_MS : 0), RETRY_AFTER_MS);
  // Other errors may be one webhook's or one object's: they must not hold up the events of everybody else.
  const trouble = SERVER_TROUBLE.has(response.status) ? "server" : "group";
  return { kind: "retry", reason: `${doing}: ${describe(response)}`, afterMs, trouble };
};

/** Reports the pass; a status that could not be written because the lock changed begins the pass again. */
export const conclude = async ({ context, send }: Io, pass: Pass, outcome: PassOutcome): Promise<PassOutcome> => {
  const answer = await publish(context, send, pass);
  if (answer === undefined || outcome.kind !== "done") return outcome;
  const verdict = classify(answer);
  if (verdict === "gone") return outcome;
  return verdict === "stale" ? { kind: "restart", reason: "the lock changed" } : failed("write the status", answer);
};
