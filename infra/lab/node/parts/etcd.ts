/** etcd: keeps the cluster's objects; ready when it has elected itself. */
import type { Daemon } from "../host/daemons.ts";
import type { Site } from "../site.ts";
import { answers200 } from "./probes.ts";

export const etcd = (site: Site, file: string): Daemon => {
  const client = `http://127.0.0.1:${site.ports.etcdClient}`;
  const peer = `http://127.0.0.1:${site.ports.etcdPeer}`;
  return {
    name: "etcd",
    file,
    args: [
      `--data-dir=${site.file("etcd")}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      // The data is thrown away with the node: nothing needs to survive a power cut.
      "--unsafe-no-fsync=true",
      "--log-level=error",
    ],
    probe: answers200(`${client}/health`),
  };
};
