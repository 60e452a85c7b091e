/**
 * The child processes of one lab, and the promise that none outlives it: a shell holds the reading end of a pipe and the
 * list of process ids; when the pipe ends, because of `stop` or because this process died in any way, it kills them and
 * removes the lab's folder.
 */
import { spawn, type ChildProcess, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { lastLines } from "./command.ts";
import { withoutProxies } from "./proxies.ts";

export interface ProcessSpec {
  /** Unique among the processes that live at the same time; also the name of the log file. */
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface LabProcess {
  readonly name: string;
  readonly pid: number;
  /** Standard output and standard error; a restarted process appends. */
  readonly logFile: string;
  /** Undefined while it runs; afterwards how it ended, with the last lines of its log. */
  readonly failure: () => string | undefined;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Resolves once the process is gone. */
  readonly exited: Promise<void>;
}

export interface ProcessGroup {
  /** @throws when the program cannot be started. */
  readonly start: (spec: ProcessSpec) => LabProcess;
  /** Kills every process, removes the folder, and resolves once both are gone. */
  readonly stop: () => Promise<void>;
}

// A process may still write while it dies, so that removing its folder can need another attempt.
const WATCHDOG = `
pids=
while read -r line; do pids=$line; done
[ -z "$pids" ] || kill -9 $pids 2>/dev/null
tries=0
until rm -rf -- "$1" 2>/dev/null || [ $tries -ge 50 ]; do tries=$((tries+1)); sleep 0.1; done
`;

/** Its own process group, so that an interrupt from the terminal does not end it before it has done its work. */
const startWatchdog = (folder: string): ChildProcessByStdio<Writable, null, null> =>
  spawn("/bin/sh", ["-c", WATCHDOG, "bellwether-lab", folder], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });

const track = (child: ChildProcess & { readonly pid: number }, name: string, logFile: string): LabProcess => {
  const failure = (): string | undefined => {
    if (child.exitCode === null && child.signalCode === null) return undefined;
    const log = lastLines(readFileSync(logFile, "utf8"));
    return `${name} ended with ${child.exitCode ?? child.signalCode}; its log ends with\n${log}`;
  };
  return {
    name,
    pid: child.pid,
    logFile,
    failure,
    kill: (signal) => void child.kill(signal),
    exited: once(child, "exit").then(() => undefined),
  };
};

/** `folder` belongs to the group: it is created here (logs lie in `logs`) and removed at the end. */
export const createProcessGroup = (folder: string): ProcessGroup => {
  const logFolder = join(folder, "logs");
  mkdirSync(logFolder, { recursive: true });
  const living = new Map<number, LabProcess>();
  const watchdog = startWatchdog(folder);
  const watchdogGone = once(watchdog, "exit");
  const tellWatchdog = (): void => void watchdog.stdin.write(`${[...living.keys()].join(" ")}\n`);

  const start = ({ name, file, args, env }: ProcessSpec): LabProcess => {
    const logFile = join(logFolder, `${name}.log`);
    const log = openSync(logFile, "a");
    const child = spawn(file, args, {
      cwd: folder,
      env: { ...withoutProxies(process.env), ...env },
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    const { pid } = child;
    if (pid === undefined) {
      child.once("error", () => undefined);
      throw new Error(`${name}: ${file} cannot be started`);
    }
    const tracked = track(Object.assign(child, { pid }), name, logFile);
    living.set(pid, tracked);
    tellWatchdog();
    child.once("exit", () => {
      living.delete(pid);
      if (watchdog.stdin.writable) tellWatchdog();
    });
    return tracked;
  };

  const stop = async (): Promise<void> => {
    const processes = [...living.values()];
    for (const { kill } of processes) kill("SIGKILL");
    await Promise.all(processes.map(({ exited }) => exited));
    watchdog.stdin.end();
    await watchdogGone;
  };

  return { start, stop };
};
