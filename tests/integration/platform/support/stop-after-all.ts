/** Ends what a test file has started, the last first, also when its set-up fails half-way: then the failure is what is told. */
import { afterAll } from "vitest";

export interface Stoppable {
  readonly stop: () => unknown;
}

/** Registers the hook for the surrounding suite, and returns how to hand over to it what was started. */
export const stopAfterAll = (): (<T extends Stoppable>(started: T) => T) => {
  const all: Stoppable[] = [];
  afterAll(async () => {
    for (const { stop } of all.toReversed()) {
      // oxlint-disable-next-line no-await-in-loop -- each may need what was started before it
      await stop();
    }
  });
  return (started) => {
    all.push(started);
    return started;
  };
};
