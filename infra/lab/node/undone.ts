/** Why something failed must reach the reader also where cleaning up fails after it. */

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Undoes what a failure left. @throws the failure; when it cannot be undone, both, the failure first. */
export const undone = async (failure: unknown, undo: () => Promise<unknown>): Promise<never> => {
  try {
    await undo();
  } catch (error) {
    const message = `${reasonOf(failure)}\nand what it had begun cannot be removed: ${reasonOf(error)}`;
    throw new AggregateError([failure, error], message, { cause: error });
  }
  throw failure;
};
