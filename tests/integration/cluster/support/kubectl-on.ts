/** The real kubectl against a node. */
import type { ClusterNode } from "../../../../infra/lab/node/cluster-node.ts";
import { kubectl } from "../../../../infra/lab/platform/kubectl.ts";

/** Runs it as administrator and resolves to what it prints. @throws with what it says when it fails. */
export const kubectlOn = ({ site }: ClusterNode, ...args: readonly string[]): Promise<string> =>
  kubectl({ kubeconfig: () => site.kubeconfigFile, dataDir: site.folder }, ...args);
