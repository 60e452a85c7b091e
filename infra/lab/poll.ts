/** Asks again until there is an answer, for conditions that no event announces (a process that becomes ready). */
import { setInterval } from "node:timers/promises";

export interface PollOptions {
  /** What is waited for, for the error message. */
  readonly what: string;
  readonly everyMs: number;
  readonly deadlineMs: number;
}

/**
 * Resolves to the first answer of `probe` that is not undefined.
 * @throws when `probe` rejects, and when the deadline passes.
 */
export const poll = async <T>(probe: () => Promise<T | undefined>, options: PollOptions): Promise<T> => {
  const end = performance.now() + options.deadlineMs;
  for await (const _ of setInterval(options.everyMs)) {
    const answer = await probe();
    if (answer !== undefined) return answer;
    if (performance.now() > end) break;
  }
  throw new Error(`${options.what}: not within ${options.deadlineMs / 1000} s`);
};
