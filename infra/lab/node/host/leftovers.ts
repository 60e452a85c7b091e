/** Removes the few files that containerd, the CNI library and the kubelet keep at fixed places, outside of the node's folder. */
import { globSync, readFileSync, readlinkSync, rmdirSync, rmSync } from "node:fs";
import { CNI_NETWORK } from "../parts/containerd.ts";
import type { Site } from "../site.ts";
import { podRoots } from "./cgroups.ts";

const CNI_RESULTS = "/var/lib/cni/results";
const LOG_LINKS = "/var/log/containers";
const KUBELET_SOCKET = "/var/lib/kubelet/device-plugins/kubelet.sock";

/** Removed where nothing is in them, the innermost first. */
const FOLDERS = [
  LOG_LINKS,
  CNI_RESULTS,
  "/var/lib/cni",
  "/var/lib/kubelet/device-plugins",
  "/var/lib/kubelet",
  "/run/containerd/s",
  "/run/containerd",
];

/** The sockets of containerd's shims, by the files in which containerd keeps their addresses. */
const shimSockets = (site: Site): readonly string[] =>
  globSync(site.file("containerd-state", "io.containerd.runtime.v2.task", "*", "*", "address")).map((file) =>
    readFileSync(file, "utf8").replace("unix://", ""),
  );

/** Of each pod there is one for the network and one for its loopback device. */
const cniResults = (): readonly string[] => {
  const prefix = `${CNI_RESULTS}/${CNI_NETWORK}-`;
  const sandboxes = globSync(`${prefix}*-eth0`).map((file) => file.slice(prefix.length, -"-eth0".length));
  return sandboxes.flatMap((id) => [`${prefix}${id}-eth0`, `${CNI_RESULTS}/cni-loopback-${id}-lo`]);
};

const leadsInto = (folder: string, link: string): boolean => {
  try {
    return readlinkSync(link).startsWith(`${folder}/`);
  } catch {
    return false;
  }
};

const removeEmpty = (folder: string): void => {
  try {
    rmdirSync(folder);
  } catch {
    // It has something of somebody else's in it, or is not there.
  }
};

/** Comes before the node's folder is removed. */
export const removeLeftovers = (site: Site): void => {
  const logs = globSync(`${LOG_LINKS}/*`).filter((link) => leadsInto(site.folder, link));
  // Where there are pods it is another kubelet's.
  const sockets = podRoots().length === 0 ? [KUBELET_SOCKET] : [];
  for (const file of [...shimSockets(site), ...cniResults(), ...logs, ...sockets]) rmSync(file, { force: true });
  for (const folder of FOLDERS) removeEmpty(folder);
};
