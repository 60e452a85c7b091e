/** The processes of a pod as this machine sees them, to end them as a crash would. */
import { globSync, readFileSync } from "node:fs";
import { ROOT as CGROUPS } from "../../../../infra/lab/node/host/cgroups.ts";

interface PodProcess {
  readonly pid: number;
  /** With its arguments. */
  readonly command: string;
}

/** It may have ended since its pod's list was read. */
const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
};

/** Of all containers of the pod, but for the one that only holds its network. */
export const processesOf = (uid: string): readonly PodProcess[] =>
  globSync(`${CGROUPS}/{memory/,}kubepods/**/pod${uid}/**/cgroup.procs`)
    .flatMap((file) => readFileSync(file, "utf8").split("\n").filter(Boolean).map(Number))
    .map((pid) => ({ pid, command: commandOf(pid) }))
    .filter(({ command }) => command !== "" && !command.startsWith("/app/pause"));

/** SIGKILL: what the kernel closes of its connections then, it closes. */
export const killAll = (processes: readonly PodProcess[]): void => {
  for (const { pid } of processes) process.kill(pid, "SIGKILL");
};
