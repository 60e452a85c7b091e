/**
 * At most one process at a time brings the node of this machine up or down, or has one for its tests. Meanwhile it listens on a socket
 * that is no file: the kernel takes it back, however the process ends.
 */
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { dirname } from "node:path";
import { foldersInUse } from "./host/daemons.ts";
import { readNodeRecord } from "./record.ts";
import { nodeFolder } from "./site.ts";

/** The kernel has such names by namespace of networks, as it has the bridge and its rules. */
const NODE = "\0bellwether-node";

const isTaken = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "EADDRINUSE";

/** Answers how to let go. @throws when another process has it. */
export const hold = async (name: string): Promise<() => void> => {
  const server = createServer((socket) => socket.destroy());
  server.unref();
  try {
    await once(server.listen(name), "listening");
  } catch (error) {
    if (!isTaken(error)) throw error;
    throw new Error("another process brings a node up or down, or has one for its tests: let it end first", {
      cause: error,
    });
  }
  return () => void server.close();
};

/** Whether any process has it. */
export const isHeld = async (name: string): Promise<boolean> => {
  const socket = connect(name);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
};

export const isNodeHeld = (): Promise<boolean> => isHeld(NODE);

/** Whether this process can see and change one. */
export const mayHaveNode = (): boolean => process.platform === "linux" && process.getuid?.() === 0;

/** @throws where this process is not root's, and when the machine's node has its files in another folder. */
export const checkPlace = (): void => {
  if (!mayHaveNode()) throw new Error("a node is for Linux and root: only root can see its processes, and change it");
  const elsewhere = foldersInUse().find((folder) => folder !== nodeFolder() && readNodeRecord(folder) !== undefined);
  if (elsewhere === undefined) return;
  const place = `XDG_STATE_HOME=${dirname(dirname(elsewhere))}`;
  throw new Error(`the node of this machine has its files in ${elsewhere}: ${place} says so`);
};

/** Answers how to let go. @throws what `checkPlace` throws, and when another process has it. */
export const holdNode = (): Promise<() => void> => {
  checkPlace();
  return hold(NODE);
};
