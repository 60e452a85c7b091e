/** kube-controller-manager: makes pods of StatefulSets and Deployments, and EndpointSlices of Services; ready when it is healthy. */
import type { Daemon } from "../host/daemons.ts";
import type { Pki } from "../pki.ts";
import type { Site } from "../site.ts";
import { answers200 } from "./probes.ts";

export const controllerManager = (site: Site, pki: Pki, file: string): Daemon => ({
  name: "kube-controller-manager",
  file,
  args: [
    `--kubeconfig=${site.kubeconfigFile}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${site.ports.controllerManager}`,
    `--tls-cert-file=${pki.certificateFile}`,
    `--tls-private-key-file=${pki.keyFile}`,
    "--leader-elect=false",
    `--root-ca-file=${pki.caFile}`,
    `--cluster-signing-cert-file=${pki.caFile}`,
    `--cluster-signing-key-file=${pki.caKeyFile}`,
    `--service-account-private-key-file=${pki.accountsPrivateKeyFile}`,
    // There is one node, whose addresses are known, and no cloud.
    "--controllers=*,-node-ipam-controller,-cloud-node-lifecycle-controller",
    `--flex-volume-plugin-dir=${site.file("volume-plugins")}`,
    // The defaults (20 and 30) would make the StatefulSet controller the slowest part of a test.
    "--kube-api-qps=200",
    "--kube-api-burst=400",
  ],
  probe: answers200(`https://127.0.0.1:${site.ports.controllerManager}/healthz`),
});
