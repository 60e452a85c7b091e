/** An account of a cluster-wide service with what it may do. */
import type { Manifest } from "../../manifests.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const RBAC = "rbac.authorization.k8s.io";

/** Account, ClusterRole and binding, all of that name. */
export const accountWith = (name: string, namespace: string, rules: readonly Rule[]): readonly Manifest[] => [
  { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } },
  { apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata: { name: `bellwether-node:${name}` }, rules },
  {
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name: `bellwether-node:${name}` },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: `bellwether-node:${name}` },
    subjects: [{ kind: "ServiceAccount", name, namespace }],
  },
];
