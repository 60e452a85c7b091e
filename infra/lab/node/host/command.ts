/** Runs the programs that look at this machine and change it: none of them may keep whoever waits for it. */
import { runCommand } from "../../command.ts";

/** Each takes milliseconds, unless the kernel or another program keeps it. */
const commandDeadlineMs = 30_000;

/** `input` is what it reads. Resolves to what it prints. @throws as `runCommand` does, also after half a minute. */
export const runOnHost = (file: string, args: readonly string[], input?: string): Promise<string> =>
  runCommand(file, args, { deadlineMs: commandDeadlineMs, ...(input !== undefined && { input }) });
