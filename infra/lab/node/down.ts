/**
 * Removes a node: its processes, pods, mounts, bridge, iptables rules, kernel settings and files. Each step finds what is there, so that
 * it is the same after a crash, at any moment of `up`, and a second time.
 */
import { withProgress, type Log } from "../progress.ts";
import { removeBridge } from "./host/bridge.ts";
import { removePods } from "./host/cgroups.ts";
import { killDaemons } from "./host/daemons.ts";
import { removeChains } from "./host/iptables.ts";
import { removeLeftovers } from "./host/leftovers.ts";
import { unmountBelow } from "./host/mounts.ts";
import { applySettings } from "./host/settings.ts";
import { holdNode } from "./hold.ts";
import { currentBootId, readNodeRecord, removeNodeFolder, type NodeRecord } from "./record.ts";
import { nodeFolder, siteOf } from "./site.ts";

const removeAll = async (folder: string, record: NodeRecord): Promise<void> => {
  // What is there of these since another boot is somebody else's.
  const isOfThisBoot = record.bootId === currentBootId();
  // First those that would start something again.
  await killDaemons(folder, (name) => name !== "containerd");
  if (isOfThisBoot) await removePods();
  await killDaemons(folder);
  await removeBridge();
  if (isOfThisBoot) {
    await removeChains();
    applySettings(record.settings);
  }
  removeLeftovers(siteOf(folder, record.ports));
  await unmountBelow(folder);
  removeNodeFolder(folder);
};

/** Of the process that holds the node. Answers false when there was nothing to remove. @throws as `nodeDown` does. */
export const removeNode = async (log: Log): Promise<boolean> => {
  const folder = nodeFolder();
  const record = readNodeRecord(folder);
  if (record === undefined) return false;
  await withProgress("node down", log, () => removeAll(folder, record));
  return true;
};

/**
 * Answers false when there was nothing to remove.
 * @throws what `holdNode` throws, and when a step does not succeed within its bound; it can be repeated.
 */
export const nodeDown = async (log: Log): Promise<boolean> => {
  const letGo = await holdNode();
  try {
    return await removeNode(log);
  } finally {
    letGo();
  }
};
