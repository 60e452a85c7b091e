/** What network policies shut in or out. */
import { FUNCTION, type Case } from "./cases.ts";

const inFrom = (name: string): unknown => ({
  spec: {
    ingress: [{ from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } } }] }],
  },
});
const POLICY = "NetworkPolicy bellwether-function-in";

const out = (...ports: readonly object[]): unknown => ({ spec: { egress: [{ ports }] } });
const LABELS = { "app.kubernetes.io/name": null, "app.kubernetes.io/component": null };

export const NETWORK: readonly Case[] = [
  [
    "an ingress that is not known",
    "knative-warm",
    { "ConfigMap config-network": { data: { "ingress-class": "gateway-api.example.com" } } },
    [
      "warning network-policies",
      "NetworkPolicy bellwether/bellwether-function-in",
      "spec.ingress",
      "the namespace of the ingress gateway-api.example.com is not known here",
    ],
  ],
  [
    "a policy without the namespace of the ingress",
    "knative-warm",
    { [POLICY]: inFrom("knative-serving") },
    ["error network-policies", "NetworkPolicy bellwether/bellwether-function-in", "spec.ingress", "kourier-system"],
  ],
  [
    "a policy that does not let the interceptor in",
    "keda-http",
    { [POLICY]: inFrom("elsewhere") },
    ["error network-policies", "NetworkPolicy bellwether/bellwether-function-in", "spec.ingress", "namespace keda"],
  ],
  [
    "a policy for another port",
    "standalone",
    { [POLICY]: { spec: { ingress: [{ ports: [{ port: 80 }] }] } } },
    ["error network-policies", "NetworkPolicy bellwether/bellwether-function-in", "spec.ingress", "to port 8080"],
  ],
  [
    "a policy that does not let the scaler in",
    "keda-push",
    { [POLICY]: { spec: { ingress: null } } },
    ["error network-policies", "NetworkPolicy bellwether/bellwether-function-in", "spec.ingress", '"scaler"'],
  ],
  [
    "a policy that does not let KEDA in",
    "keda-push",
    { "NetworkPolicy bellwether-scaler": inFrom("elsewhere") },
    [
      "unknown network-policies",
      "NetworkPolicy bellwether/bellwether-scaler",
      "spec.ingress",
      "namespace keda to port 9090",
    ],
  ],
  [
    "a policy that lets nobody in to the scaler",
    "keda-push",
    { "NetworkPolicy bellwether-scaler": { spec: { ingress: null } } },
    [
      "error network-policies",
      "NetworkPolicy bellwether/bellwether-scaler",
      "spec.ingress",
      "the function is not started",
    ],
  ],
  [
    "a policy that lets nothing out to the API server",
    "knative-warm",
    { "NetworkPolicy bellwether-out": out({ protocol: "UDP", port: 53 }) },
    ["unknown network-policies", "NetworkPolicy bellwether/bellwether-out", "spec.egress", "to the API server"],
  ],
  [
    "a policy that lets nothing out but to pods",
    "knative-warm",
    { "NetworkPolicy bellwether-out": { spec: { egress: [{ to: [{ namespaceSelector: {} }] }] } } },
    ["unknown network-policies", "NetworkPolicy bellwether/bellwether-out", "spec.egress", "which is no pod"],
  ],
  [
    "a policy that lets nothing out at all",
    "knative-warm",
    { "NetworkPolicy bellwether-out": { spec: { egress: null } } },
    ["error network-policies", "NetworkPolicy bellwether/bellwether-out", "spec.egress", "to the API server"],
  ],
  [
    "a policy that lets nothing out to DNS",
    "standalone",
    { "NetworkPolicy bellwether-out": out({ protocol: "TCP", port: 6443 }) },
    [
      "unknown network-policies",
      "NetworkPolicy bellwether/bellwether-out, NetworkPolicy bellwether/bellwether-source",
      "spec.egress",
      "to DNS on UDP port 53",
    ],
  ],
  [
    "a policy that does not let the source out to the function",
    "standalone",
    { "NetworkPolicy bellwether-source": null },
    ["error network-policies", "NetworkPolicy bellwether/bellwether-out", "spec.egress", "on port 8080"],
  ],
  [
    "pods that none of our policies selects",
    "knative-warm",
    { [FUNCTION]: { spec: { template: { metadata: { labels: LABELS } } } } },
    [
      "warning network-policies",
      "Service.serving.knative.dev bellwether/bellwether",
      "spec.template.metadata.labels",
      "anybody reaches these pods",
    ],
  ],
];
