/**
 * How a pass over a group ends, and how often a run begins again. A pass reads, decides and acts once; whatever makes its view
 * doubtful sends it back to the read.
 */
import type { RunOutcome } from "./feature.ts";
import type { KubeResponse } from "./kube/request.ts";
import { classify, describe, retryAfterMs } from "./kube/status-class.ts";

const PASSES_MAX = 8;
const RETRY_AFTER_MS = 200;
/** A refusal (403, 422) does not go away by asking again soon; the sweep asks again anyway. */
const REFUSED_AFTER_MS = 5_000;

/** No answer, our token refused, too many requests, unavailable: no other group would fare better. */
const SERVER_TROUBLE: ReadonlySet<number> = new Set([0, 401, 429, 503]);

/** `restart`: somebody was faster; the pass begins again at the read. */
export type PassOutcome = RunOutcome | { readonly kind: "restart"; readonly reason: string };

export const done = (reason: string): PassOutcome => ({ kind: "done", reason });

export const restart = (reason: string): PassOutcome => ({ kind: "restart", reason });

export const failed = (doing: string, response: KubeResponse): PassOutcome => {
  const refused = classify(response) !== "wait";
  // "Retry-After: 0" is no leave to ask without a pause.
  const afterMs = Math.max(retryAfterMs(response) ?? (refused ? REFUSED_AFTER_MS : 0), RETRY_AFTER_MS);
  // Other errors may be one webhook's or one object's: they must not hold up the events of everybody else.
  const trouble = SERVER_TROUBLE.has(response.status) ? "server" : "group";
  return { kind: "retry", reason: `${doing}: ${describe(response)}`, afterMs, trouble };
};

/** Refused: asking again does not help; failed: it may. */
export type UnfinishedReason = "WriteRefused" | "WriteFailed";

/** What a report says of the write that ended a pass. */
export interface Unfinished {
  readonly reason: UnfinishedReason;
  readonly message: string;
}

/** Undefined in a namespace that goes away: nothing can be created there, and nothing needs to be. */
export const unfinishedBy = ({
  doing,
  response,
}: {
  readonly doing: string;
  readonly response: KubeResponse;
}): Unfinished | undefined => {
  const verdict = classify(response);
  if (verdict === "terminating") return undefined;
  return { reason: verdict === "wait" ? "WriteFailed" : "WriteRefused", message: `${doing}: ${describe(response)}` };
};

/** The outcome of a run that is one pass: what would begin again is asked for again. */
export const settled = (outcome: PassOutcome): RunOutcome =>
  outcome.kind === "restart" ? { ...outcome, kind: "retry", afterMs: RETRY_AFTER_MS, trouble: "group" } : outcome;

/** Passes until one does not send back to the read, at most eight. */
export const runPasses = async (passOnce: () => Promise<PassOutcome>): Promise<RunOutcome> => {
  let reason = "";
  for (let count = 0; count < PASSES_MAX; count += 1) {
    // A pass begins where the last one found that it had to.
    // oxlint-disable-next-line no-await-in-loop
    const outcome = await passOnce();
    if (outcome.kind !== "restart") return outcome;
    ({ reason } = outcome);
  }
  return settled(restart(`still "${reason}" after ${PASSES_MAX} passes`));
};

/**
 * The outcome of a look-up that was not answered with a list. What may not be read, or is not installed, is not asked for again: the sweep
 * says so loudly, and asks anyway.
 */
export const unlisted = (doing: string, response: KubeResponse): RunOutcome =>
  classify(response) === "wait" ? settled(failed(doing, response)) : { kind: "done", reason: "Unreadable" };
