/** containerd, with a root, a state and a socket of its own, beside any other on the machine: runs the containers; ready when its client gets an answer. */
import { mkdirSync, writeFileSync } from "node:fs";
import { isNoProgram, runCommand } from "../../command.ts";
import type { Daemon } from "../host/daemons.ts";
import { CNI_FOLDER } from "../host/requirements.ts";
import { BRIDGE, POD_SUBNET, type Site } from "../site.ts";

/** Holds a pod's namespaces open. */
export const PAUSE_IMAGE = "dev.local/pause:1";

export const CNI_NETWORK = "bellwether-node";

/** The Kubernetes namespace of containerd: what the kubelet sees. */
const NAMESPACE = "k8s.io";

export const socketOf = (site: Site): string => site.file("containerd.sock");

const config = (site: Site): string => `version = 2
root = "${site.file("containerd")}"
state = "${site.file("containerd-state")}"
# Nothing here needs them, and some kernels have not what they need.
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.internal.v1.opt",
  "io.containerd.internal.v1.tracing",
  "io.containerd.tracing.processor.v1.otlp",
]

[grpc]
address = "${socketOf(site)}"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${PAUSE_IMAGE}"
# A root without CAP_SYS_RESOURCE may only make processes more likely to be killed; without this no sandbox starts there.
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true

[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false
Root = "${site.file("runc")}"

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "${CNI_FOLDER}"
conf_dir = "${site.file("cni")}"
`;

/** https://www.cni.dev/docs/spec/#network-configuration-format */
const network = (site: Site): unknown => ({
  cniVersion: "0.4.0",
  name: CNI_NETWORK,
  plugins: [
    {
      type: "bridge",
      bridge: BRIDGE,
      isGateway: true,
      ipMasq: true,
      hairpinMode: true,
      ipam: {
        type: "host-local",
        dataDir: site.file("cni-addresses"),
        ranges: [[{ subnet: POD_SUBNET }]],
        routes: [{ dst: "0.0.0.0/0" }],
      },
    },
    { type: "portmap", capabilities: { portMappings: true } },
  ],
});

const answerDeadlineMs = 5_000;

/** `ctr` in the namespace that the kubelet sees. */
export const ctr = (site: Site, args: readonly string[]): readonly string[] => [
  `--address=${socketOf(site)}`,
  `--namespace=${NAMESPACE}`,
  ...args,
];

/** Writes its configuration and the network's. */
export const containerd = (site: Site): Daemon => {
  mkdirSync(site.file("cni"), { recursive: true });
  writeFileSync(site.file("containerd.toml"), config(site));
  writeFileSync(site.file("cni", "bellwether.conflist"), JSON.stringify(network(site), undefined, 2));
  return {
    name: "containerd",
    file: "containerd",
    args: [`--config=${site.file("containerd.toml")}`],
    probe: async () => {
      try {
        await runCommand("ctr", ctr(site, ["version"]), { deadlineMs: answerDeadlineMs });
        return undefined;
      } catch (error) {
        if (isNoProgram(error)) throw error;
        return String(error);
      }
    },
  };
};
