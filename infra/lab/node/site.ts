/** Where the node is: its folder, its addresses and its ports. There is one on a machine, whose bridge, cgroups and iptables it uses. */
import { existsSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { freePort } from "../ports.ts";

export const NODE_NAME = "bellwether";

/** Also the host's end of the pods' network, to which rules let nobody else. */
export const NODE_IP = "10.245.0.1";
export const BRIDGE = "bellwether0";
export const POD_SUBNET = "10.245.0.0/24";
export const SERVICE_SUBNET = "10.96.0.0/16";
/** The first of the Services' addresses: Kubernetes gives it to its own API. */
export const API_SERVICE_IP = "10.96.0.1";
export const DNS_SERVICE_IP = "10.96.0.10";
export const CLUSTER_DOMAIN = "cluster.local";

const PORT_NAMES = [
  "etcdClient",
  "etcdPeer",
  "apiServer",
  "controllerManager",
  "scheduler",
  "kubelet",
  "kubeletHealth",
  "proxyHealth",
  "proxyMetrics",
] as const;

export type Ports = Readonly<Record<(typeof PORT_NAMES)[number], number>>;

export interface Site {
  readonly folder: string;
  readonly ports: Ports;
  /** A path in the folder. */
  readonly file: (...names: readonly string[]) => string;
  /** `https://…` */
  readonly server: string;
  /** The administrator's. */
  readonly kubeconfigFile: string;
}

/** Follows symbolic links in what exists of the path. */
const resolved = (path: string): string =>
  existsSync(path) ? realpathSync(path) : join(resolved(dirname(path)), basename(path));

/** Everything that the node writes is here, except what the kernel keeps. It is named as the kernel names it in its list of mounts. */
export const nodeFolder = (): string =>
  resolved(join(process.env["XDG_STATE_HOME"] ?? join(homedir(), ".local", "state"), "bellwether", "node"));

/** No two are the same. */
export const choosePorts = async (): Promise<Ports> => {
  const free = new Set<number>();
  // oxlint-disable-next-line no-await-in-loop -- how many it takes is seen on the way
  while (free.size < PORT_NAMES.length) free.add(await freePort());
  const ports = [...free];
  return Object.fromEntries(PORT_NAMES.map((name, index) => [name, ports[index]])) as Ports;
};

export const siteOf = (folder: string, ports: Ports): Site => {
  const file = (...names: readonly string[]): string => join(folder, ...names);
  return { folder, ports, file, server: `https://${NODE_IP}:${ports.apiServer}`, kubeconfigFile: file("admin.yaml") };
};
