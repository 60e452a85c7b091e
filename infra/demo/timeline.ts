/** Prints what happened and when, in seconds since the demo's start. */
export interface Timeline {
  /** Something that the demo did. */
  did(text: string): void;
  /** Something that followed, after so many milliseconds. */
  saw(text: string, milliseconds: number): void;
  note(text: string): void;
}

export const createTimeline = (write: (text: string) => void): Timeline => {
  const begun = performance.now();
  const at = (): string => `${((performance.now() - begun) / 1000).toFixed(3).padStart(8)} s`;
  return {
    did: (text) => write(`${at()}  ${text}\n`),
    saw: (text, milliseconds) => write(`${at()}    -> ${text}, ${Math.round(milliseconds)} ms later\n`),
    note: (text) => write(`            ${text}\n`),
  };
};
