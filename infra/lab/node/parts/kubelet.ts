/** The kubelet: runs the pods of this node; ready when it is healthy (the Node object becomes Ready a little later). */
import { writeFileSync } from "node:fs";
import { stringify } from "yaml";
import type { Daemon } from "../host/daemons.ts";
import type { Pki } from "../pki.ts";
import { evictionDiskBytes } from "../host/requirements.ts";
import { CLUSTER_DOMAIN, DNS_SERVICE_IP, NODE_IP, NODE_NAME, type Site } from "../site.ts";
import { socketOf } from "./containerd.ts";
import { answers200 } from "./probes.ts";

/** https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/ */
const config = (site: Site, pki: Pki): unknown => ({
  apiVersion: "kubelet.config.k8s.io/v1beta1",
  kind: "KubeletConfiguration",
  address: NODE_IP,
  port: site.ports.kubelet,
  healthzBindAddress: "127.0.0.1",
  healthzPort: site.ports.kubeletHealth,
  tlsCertFile: pki.certificateFile,
  tlsPrivateKeyFile: pki.keyFile,
  authentication: { anonymous: { enabled: false }, webhook: { enabled: false }, x509: { clientCAFile: pki.caFile } },
  authorization: { mode: "AlwaysAllow" },
  containerRuntimeEndpoint: `unix://${socketOf(site)}`,
  cgroupDriver: "cgroupfs",
  failCgroupV1: false,
  failSwapOn: false,
  enforceNodeAllocatable: [],
  clusterDNS: [DNS_SERVICE_IP],
  clusterDomain: CLUSTER_DOMAIN,
  maxPods: 200,
  // An image that was removed could not be pulled again.
  imageGCHighThresholdPercent: 100,
  // Not in hundredths: of a large disk these would be more than is looked for before a node starts.
  evictionHard: {
    "memory.available": "100Mi",
    "nodefs.available": String(evictionDiskBytes),
    "imagefs.available": String(evictionDiskBytes),
  },
  // A root without CAP_SYS_RESOURCE cannot protect itself more than this.
  oomScoreAdj: 0,
  podLogsDir: site.file("pod-logs"),
  volumePluginDir: site.file("volume-plugins"),
});

/** Writes its configuration. */
export const kubelet = (site: Site, pki: Pki, file: string): Daemon => {
  writeFileSync(site.file("kubelet.yaml"), stringify(config(site, pki)));
  return {
    name: "kubelet",
    file,
    args: [
      `--config=${site.file("kubelet.yaml")}`,
      `--kubeconfig=${site.kubeconfigFile}`,
      `--root-dir=${site.file("kubelet")}`,
      `--hostname-override=${NODE_NAME}`,
      `--node-ip=${NODE_IP}`,
    ],
    probe: answers200(`http://127.0.0.1:${site.ports.kubeletHealth}/healthz`),
  };
};
