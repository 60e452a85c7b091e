/** kube-proxy: makes iptables rules of Services and EndpointSlices; ready when its first rules are written. */
import { writeFileSync } from "node:fs";
import { stringify } from "yaml";
import type { Daemon } from "../host/daemons.ts";
import { NODE_IP, NODE_NAME, POD_SUBNET, type Site } from "../site.ts";
import { answers200 } from "./probes.ts";

/** https://kubernetes.io/docs/reference/config-api/kube-proxy-config.v1alpha1/ */
const config = (site: Site): unknown => ({
  apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
  kind: "KubeProxyConfiguration",
  bindAddress: NODE_IP,
  hostnameOverride: NODE_NAME,
  clientConnection: { kubeconfig: site.kubeconfigFile },
  clusterCIDR: POD_SUBNET,
  mode: "iptables",
  // The default is a second, and each new endpoint would wait for it.
  iptables: { minSyncPeriod: "100ms" },
  // The machine's own limits stay.
  conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
  oomScoreAdj: 0,
  healthzBindAddress: `127.0.0.1:${site.ports.proxyHealth}`,
  metricsBindAddress: `127.0.0.1:${site.ports.proxyMetrics}`,
});

/** Writes its configuration. */
export const kubeProxy = (site: Site, file: string): Daemon => {
  writeFileSync(site.file("kube-proxy.yaml"), stringify(config(site)));
  return {
    name: "kube-proxy",
    file,
    args: [`--config=${site.file("kube-proxy.yaml")}`],
    probe: answers200(`http://127.0.0.1:${site.ports.proxyHealth}/healthz`),
  };
};
