/** What `up` writes down before it changes anything, so that `down` can undo it after a crash, in another process, on another day. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Ports } from "./site.ts";

export interface NodeRecord {
  readonly startedAt: string;
  readonly ports: Ports;
  /** Kernel settings as they were, by path below /proc/sys. */
  readonly settings: Readonly<Record<string, string>>;
  /** Whether everything has come up. */
  readonly isReady: boolean;
  /** Whether tests or a bench brought it up for themselves: without them it is something left behind. Default false. */
  readonly endsWithRun?: boolean;
}

const fileIn = (folder: string): string => join(folder, "node.json");

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
