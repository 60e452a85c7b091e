/** Runs a program to its end and says what it printed, so that a failure carries the reason. */
import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { withoutProxies } from "./proxies.ts";

const keptLines = 20;

/** The last lines of a program's output, for an error message. */
export const lastLines = (text: string): string => text.trimEnd().split("\n").slice(-keptLines).join("\n");

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** After that it is killed. Default: none. */
  readonly deadlineMs?: number;
  /** What it reads. Default: nothing. */
  readonly input?: string | readonly Uint8Array[];
  /** Whether all that it calls is on this machine; then it is told of no proxies. Default: false. */
  readonly isLocal?: boolean;
}

/**
 * Resolves to the standard output.
 * @throws with the last lines of output when the program ends with another code than 0; when it does not end within its
 * deadline; the error of `spawn` (code `ENOENT`) when there is no such program.
 */
export const runCommand = (file: string, args: readonly string[], options: CommandOptions = {}): Promise<string> =>
  new Promise((resolve, reject) => {
    const { deadlineMs, input, isLocal = false } = options;
    const what = `${file} ${args.join(" ")}`;
    const child = spawn(file, args, {
      ...(deadlineMs !== undefined && { signal: AbortSignal.timeout(deadlineMs), killSignal: "SIGKILL" }),
      cwd: options.cwd,
      env: { ...(isLocal ? withoutProxies(process.env) : process.env), ...options.env },
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    // How it ends says why, when it stops reading.
    if (child.stdin !== null) pipeline(Readable.from(input ?? []), child.stdin).catch(() => undefined);
    child.on("error", (error) =>
      reject(
        error.name === "AbortError" ? new Error(`${what} did not end within ${(deadlineMs ?? 0) / 1000} s`) : error,
      ),
    );
    child.on("close", (code, signal) => {
      if (code === 0) resolve(stdout);
      else reject(new Error(`${what} ended with ${code ?? signal}\n${lastLines(stderr + stdout)}`));
    });
  });

/** Whether `runCommand` failed because there is no such program. */
export const isNoProgram = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOENT";
