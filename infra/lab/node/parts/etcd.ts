/** etcd: keeps the cluster's objects, for who shows a certificate of the node; ready when it has elected itself. */
import type { Daemon } from "../host/daemons.ts";
import type { Pki } from "../pki.ts";
import type { Site } from "../site.ts";
import { answers200 } from "./probes.ts";

export const etcd = (site: Site, pki: Pki, file: string): Daemon => {
  const client = `https://127.0.0.1:${site.ports.etcdClient}`;
  const peer = `https://127.0.0.1:${site.ports.etcdPeer}`;
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
      `--cert-file=${pki.certificateFile}`,
      `--key-file=${pki.keyFile}`,
      `--trusted-ca-file=${pki.caFile}`,
      "--client-cert-auth=true",
      `--peer-cert-file=${pki.certificateFile}`,
      `--peer-key-file=${pki.keyFile}`,
      `--peer-trusted-ca-file=${pki.caFile}`,
      "--peer-client-cert-auth=true",
      // The data is thrown away with the node: nothing needs to survive a power cut.
      "--unsafe-no-fsync=true",
      "--log-level=error",
    ],
    probe: answers200(`${client}/health`, pki),
  };
};
