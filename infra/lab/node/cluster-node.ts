/** A running node as others use it: how to call its API as administrator, and where its files are. */
import { readFileSync } from "node:fs";
import { KubeConfig } from "@kubernetes/client-node";
import { createTransport, type ApiTransport } from "../../../functions/kit/kube/transport.ts";
import { createApi, type Api } from "../api.ts";
import { pkiOf } from "./pki.ts";
import type { Site } from "./site.ts";

export interface ClusterNode {
  readonly site: Site;
  /** Any call. */
  readonly api: Api;
  /** Requests-as-values. */
  readonly transport: ApiTransport;
  readonly kubeConfig: KubeConfig;
  /** Ends the connections, not the node. */
  readonly close: () => void;
}

/** Reads the node's files; its API server need not be ready. */
export const openNode = (site: Site): ClusterNode => {
  const { server, kubeconfigFile } = site;
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(kubeconfigFile);
  const token = kubeConfig.getCurrentUser()?.token ?? "";
  const caPem = readFileSync(pkiOf(site).caFile, "utf8");
  const api = createApi({ server, caPem, token });
  const transport = createTransport({ server, ca: () => caPem, token: () => token });
  const close = (): void => {
    api.close();
    transport.close();
  };
  return { site, api, transport, kubeConfig, close };
};
