/** Where the node is: its folder, its addresses and its ports. There is one on a machine, whose bridge, cgroups and iptables it uses. */
import { homedir } from "node:os";
import { join } from "node:path";
import { freePort } from "../ports.ts";

export const NODE_NAME = "bellwether";

/** Also the host's end of the pods' network, so that nothing of the node listens on an address that others can reach. */
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

/** Everything that the node writes is here, except what the kernel keeps. */
export const nodeFolder = (): string =>
  join(process.env["XDG_STATE_HOME"] ?? join(homedir(), ".local", "state"), "bellwether", "node");

export const choosePorts = async (): Promise<Ports> => {
  const pairs = await Promise.all(PORT_NAMES.map(async (name) => [name, await freePort()] as const));
  return Object.fromEntries(pairs) as Ports;
};

export const siteOf = (folder: string, ports: Ports): Site => {
  const file = (...names: readonly string[]): string => join(folder, ...names);
  return { folder, ports, file, server: `https://${NODE_IP}:${ports.apiServer}`, kubeconfigFile: file("admin.yaml") };
};
