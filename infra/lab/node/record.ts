/** What `up` writes down before it changes anything, so that `down` can undo it after a crash, in another process, on another day. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Ports } from "./site.ts";

export interface NodeRecord {
  readonly startedAt: string;
  /** Of the kernel: what a node changes there, and runs, ends with the boot. */
  readonly bootId: string;
  readonly ports: Ports;
  /** Kernel settings as they were, by path below /proc/sys. */
  readonly settings: Readonly<Record<string, string>>;
  /** Whether everything has come up. */
  readonly isReady: boolean;
  /** Whether tests or a bench brought it up for themselves: without them it is something left behind. Default false. */
  readonly endsWithRun?: boolean;
}

const FILE = "node.json";

const fileIn = (folder: string): string => join(folder, FILE);

/** https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html */
export const currentBootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();

/** All at once: whoever reads it, also after a crash, finds the one before or this one. */
export const writeNodeRecord = (folder: string, record: NodeRecord): void => {
  mkdirSync(folder, { recursive: true });
  const next = `${fileIn(folder)}.new`;
  writeFileSync(next, `${JSON.stringify(record, undefined, 2)}\n`, { flush: true });
  renameSync(next, fileIn(folder));
};

/** Undefined when nothing of a node is left. */
export const readNodeRecord = (folder: string): NodeRecord | undefined =>
  existsSync(fileIn(folder)) ? JSON.parse(readFileSync(fileIn(folder), "utf8")) : undefined;

/** The record goes last: as long as something else is left, it is known that something is. */
export const removeNodeFolder = (folder: string): void => {
  for (const name of readdirSync(folder).filter((entry) => entry !== FILE))
    rmSync(join(folder, name), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
};
