/**
 * What was set up is taken away in the opposite order, all of it, also when setting up or taking away failed half-way: what one test
 * file leaves behind spoils the next one.
 */
import { succeed, type Api } from "../../../../infra/lab/api.ts";

type Step = () => unknown;

export interface CleanUp {
  /** To be done by `run`, before everything that was deferred earlier. */
  readonly defer: (step: Step) => void;
  /** Resolves once every step was done. @throws what a step threw, after the others. */
  readonly run: () => Promise<void>;
}

export const createCleanUp = (): CleanUp => {
  const steps: Step[] = [];
  const run = async (): Promise<void> => {
    const errors: unknown[] = [];
    for (const step of steps.splice(0).toReversed()) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
        await step();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 1) throw new AggregateError(errors, errors.map(String).join("; "));
    if (errors.length === 1) throw errors[0];
  };
  return { defer: (step) => void steps.push(step), run };
};

export interface Closable {
  readonly close: () => Promise<void>;
}

/** What `open` makes, and how it is closed: by all that it deferred. @throws what `open` throws, once that is taken away. */
export const closable = async <T extends object>(
  open: (defer: CleanUp["defer"]) => Promise<T>,
): Promise<T & Closable> => {
  const { defer, run } = createCleanUp();
  try {
    return { ...(await open(defer)), close: run };
  } catch (error) {
    // Why it could not be opened is what somebody wants to know, also when that is why it cannot be taken away.
    await run().catch(() => undefined);
    throw error;
  }
};

/** Also where a set-up that failed has not made it. */
export const removeIfThere = async (api: Api, path: string): Promise<void> => {
  if ((await api.call("GET", path)).status !== 404) await succeed(api, "DELETE", path);
};
