/** Finds, ends and removes what runs in pods, by the cgroups that the kubelet puts them in; of cgroups version 1 and 2. */
import { existsSync, globSync, mkdtempSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { poll } from "../../poll.ts";

export const ROOT = "/sys/fs/cgroup";
const goneDeadlineMs = 20_000;
const pollMs = 50;

/** The kubelet's own, in each hierarchy. */
export const podRoots = (): readonly string[] => globSync([`${ROOT}/kubepods`, `${ROOT}/*/kubepods`]);

/** Children before their parents: that is how they can be removed. */
const allFolders = (): readonly string[] =>
  globSync([`${ROOT}/kubepods/**/`, `${ROOT}/*/kubepods/**/`]).toSorted((one, other) => other.length - one.length);

const processesIn = (folder: string): readonly number[] => {
  try {
    return readFileSync(join(folder, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
  } catch {
    return [];
  }
};

const kill = (pid: number): void => {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It is gone.
  }
};

const remove = (folder: string): void => {
  try {
    rmdirSync(folder);
  } catch {
    // Something in it is still ending: there is another attempt.
  }
};

const removeOnce = (): Promise<true | undefined> => {
  const folders = allFolders();
  for (const pid of new Set(folders.flatMap(processesIn))) kill(pid);
  for (const folder of folders) remove(folder);
  return Promise.resolve(podRoots().length === 0 ? true : undefined);
};

/** Kills every process in a pod and removes the cgroups; resolves once there are none. */
export const removePods = async (): Promise<void> => {
  await poll(removeOnce, { what: "end of the pods' processes", everyMs: pollMs, deadlineMs: goneDeadlineMs });
};

const CONTROLLERS = ["cpu", "cpuset", "memory", "pids"];

const isUnified = (): boolean => existsSync(join(ROOT, "cgroup.controllers"));

/** Controllers that containers need and the kernel does not offer. */
export const missingControllers = (): readonly string[] => {
  if (!isUnified()) return CONTROLLERS.filter((name) => !existsSync(join(ROOT, name)));
  const offered = readFileSync(join(ROOT, "cgroup.controllers"), "utf8").trim().split(" ");
  return CONTROLLERS.filter((name) => !offered.includes(name));
};

/** Makes and removes one in each hierarchy. @throws where it is refused. */
export const tryCgroups = (): void => {
  for (const hierarchy of isUnified() ? [ROOT] : CONTROLLERS.map((name) => join(ROOT, name))) {
    rmdirSync(mkdtempSync(join(hierarchy, "bellwether-try-")));
  }
};
