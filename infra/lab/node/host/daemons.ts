/**
 * The node's own processes. They outlive whoever starts them, and are found again by a mark in their environment, which their
 * children (containerd's shims) inherit: no process id can be lost or belong to another by now.
 */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { lastLines } from "../../command.ts";
import { poll } from "../../poll.ts";
import { withoutProxies } from "../../proxies.ts";
import type { Site } from "../site.ts";

/** Undefined once it is ready; until then why it is not. */
export type Probe = () => Promise<string | undefined>;

/** One program of the node: how it starts, and when it is ready. */
export interface Daemon {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly probe: Probe;
}

interface Marked {
  readonly pid: number;
  /** Of the daemon that it is or descends from. */
  readonly name: string;
  /** Whether a daemon started it. */
  readonly isChild: boolean;
}

const FOLDER_MARK = "BELLWETHER_NODE";
const NAME_MARK = "BELLWETHER_NODE_PART";
const readyDeadlineMs = 60_000;
const goneDeadlineMs = 10_000;
const pollMs = 50;

/** All that a daemon calls is on this machine. */
const environmentFor = (site: Site, name: string): NodeJS.ProcessEnv => ({
  ...withoutProxies(process.env),
  [FOLDER_MARK]: site.folder,
  [NAME_MARK]: name,
});

/** Resolves once the daemon is ready. @throws with the end of its log when it ends first, and after 60 s. */
export const startDaemon = async (site: Site, { name, file, args, probe }: Daemon): Promise<void> => {
  const logFile = site.file("logs", `${name}.log`);
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, "a");
  const env = environmentFor(site, name);
  const child = spawn(file, args, { cwd: "/", detached: true, env, stdio: ["ignore", log, log] });
  closeSync(log);
  let failure: string | undefined;
  child.once("error", (error) => (failure = error.message));
  child.once("exit", (code, signal) => (failure = `it ended with ${code ?? signal}`));
  child.unref();
  let reason: string | undefined = "it was not asked";
  const isReady = async (): Promise<true | undefined> => {
    if (failure !== undefined) throw new Error(failure);
    reason = await probe();
    return reason === undefined ? true : undefined;
  };
  try {
    await poll(isReady, { what: `${name} ready`, everyMs: pollMs, deadlineMs: readyDeadlineMs });
  } catch (error) {
    const said = lastLines(readFileSync(logFile, "utf8"));
    throw new Error(`${name}: ${String(error)} (${reason ?? "ready"}); its log ends with\n${said}`, { cause: error });
  }
};

/** A file of a process; empty: it is another user's, or it ended while it was looked at. */
const fileOf = (pid: number, name: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
};

/** A daemon leads a session of its own, in which its children stay. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
const leadsSession = (pid: number): boolean => {
  const stat = fileOf(pid, "stat");
  const [, , , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return session === String(pid);
};

interface Found extends Marked {
  readonly folder: string;
}

const marked = (): readonly Found[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), environment: fileOf(Number(name), "environ").split("\0") }))
    .flatMap(({ pid, environment }) => {
      const valueOf = (mark: string): string | undefined =>
        environment.find((entry) => entry.startsWith(`${mark}=`))?.slice(mark.length + 1);
      const folder = valueOf(FOLDER_MARK);
      return folder === undefined ? [] : [{ pid, folder, name: valueOf(NAME_MARK) ?? "", isChild: !leadsSession(pid) }];
    });

/** The living processes of the node in that folder. */
export const daemonsOf = (folder: string): readonly Marked[] => marked().filter((found) => found.folder === folder);

/** Of all nodes of which a process lives. */
export const foldersInUse = (): readonly string[] => [...new Set(marked().map(({ folder }) => folder))];

const killNow = (pid: number): void => {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It is gone.
  }
};

/** Kills the marked processes that `isWanted` names, and resolves once they are gone. SIGKILL: none has anything worth saving. */
export const killDaemons = async (folder: string, isWanted: (name: string) => boolean = () => true): Promise<void> => {
  const living = (): readonly Marked[] => daemonsOf(folder).filter(({ name }) => isWanted(name));
  const isOver = (): Promise<true | undefined> => {
    for (const { pid } of living()) killNow(pid);
    return Promise.resolve(living().length === 0 ? true : undefined);
  };
  await poll(isOver, { what: "end of the node's processes", everyMs: pollMs, deadlineMs: goneDeadlineMs });
};
