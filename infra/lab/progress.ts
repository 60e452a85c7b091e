/** Tells the reader of a terminal or a build log that a long step is still running, and for how long. */

/** Receives one line of text without its line end. */
export type Log = (line: string) => void;

export const logToStderr: Log = (line) => {
  process.stderr.write(`${line}\n`);
};

const terminalIntervalMs = 2_000;
const fileIntervalMs = 15_000;

/** Runs `step`; logs its label at once, the elapsed seconds every 2 s (15 s without a terminal), and its end. */
export const withProgress = async <T>(label: string, log: Log, step: () => Promise<T>): Promise<T> => {
  const started = performance.now();
  const elapsed = (): string => `${((performance.now() - started) / 1000).toFixed(0)} s`;
  log(`${label} ...`);
  const timer = setInterval(
    () => log(`${label} ... ${elapsed()}`),
    process.stderr.isTTY ? terminalIntervalMs : fileIntervalMs,
  );
  try {
    const result = await step();
    log(`${label}: done in ${elapsed()}`);
    return result;
  } finally {
    clearInterval(timer);
  }
};
