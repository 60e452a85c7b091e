/**
 * One JSON object a line on standard output. A logging library costs 19 ms and 66 KiB at each cold start, and what is
 * wanted here is 40 lines.
 */

export const LEVELS: readonly ["debug", "info", "warn", "error"] = ["debug", "info", "warn", "error"];

export type Level = (typeof LEVELS)[number];

/** Keys are lower-case; `time`, `level` and `message` are the log's own and win over fields of that name. */
type Fields = Readonly<Record<string, unknown>>;

/** Messages are constant texts, so that lines can be counted by message; what varies goes into fields. */
export type Log = Readonly<Record<Level, (message: string, fields?: Fields) => void>>;

export interface LogOptions {
  /** Lines below it are dropped. */
  readonly level: Level;
  /** Default: standard output. */
  readonly write?: (line: string) => void;
  /** Default: the local wall clock. */
  readonly now?: () => Date;
}

const plain = (_key: string, value: unknown): unknown => {
  if (value instanceof Error) return { message: value.message, stack: value.stack, cause: value.cause };
  return typeof value === "bigint" ? String(value) : value;
};

const lineOf = (head: Fields, fields: Fields | undefined): string => {
  try {
    return JSON.stringify({ ...head, ...fields, ...head }, plain);
  } catch (error) {
    return JSON.stringify({ ...head, unloggable: String(error) });
  }
};

const writeToStdout = (line: string): void => {
  process.stdout.write(line);
};

const ignore = (): void => undefined;

/** A reader of our output that goes away (EPIPE) must not end the process: its lines are lost, the work goes on. */
const ignoreBrokenOutput = (): void => {
  if (process.stdout.listenerCount("error") === 0) process.stdout.on("error", ignore);
};

export const createLog = (options: LogOptions): Log => {
  const { write = writeToStdout, now = () => new Date() } = options;
  if (write === writeToStdout) ignoreBrokenOutput();
  const least = LEVELS.indexOf(options.level);
  const at =
    (level: Level) =>
    (message: string, fields?: Fields): void => {
      if (LEVELS.indexOf(level) < least) return;
      const line = lineOf({ time: now().toISOString(), level, message }, fields);
      try {
        write(`${line}\n`);
      } catch {
        // There is nowhere left to report it.
      }
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
};
