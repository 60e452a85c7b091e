/** The credentials of a pod: a token for its ServiceAccount, bound to the pod, as a kubelet asks for it. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { succeed } from "../api.ts";
import { kubeconfigFor } from "../identities.ts";
import type { Lab } from "../lab.ts";
import type { RunnablePod } from "./container.ts";

export interface PodAccess {
  readonly server: string;
  readonly caFile: string;
  readonly tokenFile: string;
  /** The same as a kubeconfig, for programs that look for their token only where a container has it. */
  readonly kubeconfigFile: string;
  /** `system:serviceaccount:<namespace>:<name>` */
  readonly user: string;
}

/** Longer than any test: the token is never renewed. */
const lifetimeSeconds = 7200;

/** https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/ */
export const grantAccess = async (
  { api, plane }: Pick<Lab, "api" | "plane">,
  { metadata, spec }: RunnablePod,
): Promise<PodAccess> => {
  const { name, uid, namespace = "default" } = metadata;
  const account = spec.serviceAccountName ?? "default";
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
  const boundObjectRef = { apiVersion: "v1", kind: "Pod", name, uid };
  const { status } = await succeed<{ readonly status: { readonly token: string } }>(api, "POST", path, {
    body: { spec: { expirationSeconds: lifetimeSeconds, boundObjectRef } },
  });
  const kubeconfigFile = join(plane.dataDir, `pod-${uid}.kubeconfig`);
  const tokenFile = join(plane.dataDir, `pod-${uid}.token`);
  const identity = { name: account, token: status.token };
  await Promise.all([
    writeFile(kubeconfigFile, kubeconfigFor(identity, plane.server, plane.caPem), { mode: 0o600 }),
    writeFile(tokenFile, status.token, { mode: 0o600 }),
  ]);
  return {
    server: plane.server,
    caFile: plane.caFile,
    tokenFile,
    kubeconfigFile,
    user: `system:serviceaccount:${namespace}:${account}`,
  };
};
