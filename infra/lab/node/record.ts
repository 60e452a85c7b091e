/** What `up` writes down before it changes anything, so that `down` can undo it after a crash, in another process, on another day. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Ports } from "./site.ts";

export interface NodeRecord {
  readonly startedAt: string;
  readonly ports: Ports;
  /** Kernel settings as they were, by path below /proc/sys. */
  readonly settings: Readonly<Record<string, string>>;
  /** Whether everything has come up. */
  readonly isReady: boolean;
}

const fileIn = (folder: string): string => join(folder, "node.json");

export const writeNodeRecord = (folder: string, record: NodeRecord): void => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(fileIn(folder), `${JSON.stringify(record, undefined, 2)}\n`);
};

/** Undefined when nothing of a node is left. */
export const readNodeRecord = (folder: string): NodeRecord | undefined =>
  existsSync(fileIn(folder)) ? JSON.parse(readFileSync(fileIn(folder), "utf8")) : undefined;
