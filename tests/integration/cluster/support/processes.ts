/** The processes of a pod as this machine sees them, to end them as a crash would. */
import { globSync, readFileSync } from "node:fs";
import { ROOT as CGROUPS } from "../../../../infra/lab/node/host/cgroups.ts";

interface PodProcess {
  readonly pid: number;
  /** With its arguments. */
  readonly command: string;
}

/** Nothing when it has ended since it was found. */
const contentOf = (file: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
};

/** Of all containers of the pod, but for the one that only holds its network. */
export const processesOf = (uid: string): readonly PodProcess[] =>
  globSync(`${CGROUPS}/{memory/,}kubepods/**/pod${uid}/**/cgroup.procs`)
    .flatMap((file) => contentOf(file).split("\n").filter(Boolean).map(Number))
    .map((pid) => ({ pid, command: contentOf(`/proc/${pid}/cmdline`).replaceAll("\0", " ") }))
    .filter(({ command }) => command !== "" && !command.startsWith("/app/pause"));

/** One that has ended since it was found needs none. */
export const signalAll = (processes: readonly PodProcess[], signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void => {
  for (const { pid } of processes) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
};

/** SIGKILL: what the kernel closes of its connections then, it closes. */
export const killAll = (processes: readonly PodProcess[]): void => signalAll(processes, "SIGKILL");
