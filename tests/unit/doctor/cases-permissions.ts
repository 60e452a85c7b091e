/** What the accounts may not do that the code behind them does, because a role or a binding is not as we ship it. */
import { objectsOf } from "../../integration/platform/golden/overlays.ts";
import type { Rule } from "./authorizer.ts";
import type { Case } from "./cases.ts";

const FUNCTION = "ServiceAccount bellwether/bellwether";
const EVERYWHERE = "permissions in all namespaces";

const SHIPPED = objectsOf("standalone").find(
  ({ kind, metadata }) => kind === "ClusterRole" && metadata.name === "bellwether",
)?.["rules"] as readonly Rule[];

/** The function's rules but for one verb on one resource. */
const rulesWithout = (verb: string, resource: string): object => ({
  rules: SHIPPED.flatMap((rule) => {
    const others = rule.resources.filter((one) => one !== resource);
    const verbs = rule.verbs.filter((one) => one !== verb);
    const isMeant = others.length < rule.resources.length;
    return isMeant
      ? [
          { ...rule, resources: others },
          { ...rule, resources: [resource], verbs },
        ].filter((left) => left.resources.length * left.verbs.length > 0)
      : rule;
  }),
});

const runUnder = (serviceAccountName: string): object => ({ spec: { template: { spec: { serviceAccountName } } } });

export const PERMISSIONS: readonly Case[] = [
  [
    "a role that is not bound",
    "standalone",
    { "ClusterRoleBinding bellwether": null },
    ["error permissions", FUNCTION, EVERYWHERE, /^may not .*patch, .*leases\.coordination\.k8s\.io/],
  ],
  [
    "a role that is bound to somebody else",
    "knative-warm",
    {
      "ClusterRoleBinding bellwether": {
        subjects: [{ kind: "ServiceAccount", name: "bellwether", namespace: "elsewhere" }],
      },
    },
    ["error permissions", FUNCTION, EVERYWHERE, "may not "],
  ],
  [
    "a role without one of its permissions",
    "standalone",
    { "ClusterRole bellwether": rulesWithout("patch", "pods") },
    ["error permissions", FUNCTION, EVERYWHERE, /^may not patch pods$/],
  ],
  [
    "sources that may not look",
    "knative-warm",
    { "ClusterRoleBinding bellwether-sources": null },
    ["error permissions", "ServiceAccount bellwether/bellwether-sources", EVERYWHERE, "list, watch pods"],
  ],
  [
    "a scaler that may not look where the function may",
    "keda-push-namespaced",
    { "RoleBinding bellwether-scaler": null },
    [
      "error permissions",
      "ServiceAccount bellwether/bellwether-scaler",
      "permissions in namespace data",
      "list, watch pods",
    ],
  ],
  [
    "a function that runs under another account",
    "standalone",
    { "Deployment bellwether": runUnder("other") },
    ["error permissions", "ServiceAccount bellwether/other", EVERYWHERE, "may not "],
  ],
  [
    "a checker with TLS whose Secret nobody may read",
    "standalone",
    { "LeaderStatusChecker queue-checker": { spec: { tls: { secretName: "ca" } } } },
    ["error permissions", FUNCTION, "permissions in namespace data", /^may not get secrets$/],
  ],
  [
    "slices of Services that a cluster may guard in a special way",
    "standalone",
    { "ClusterRole bellwether": rulesWithout("create", "endpointslices/restricted") },
    ["warning permissions", FUNCTION, EVERYWHERE, /^may not create endpointslices\/restricted\.discovery\.k8s\.io$/],
  ],
];
