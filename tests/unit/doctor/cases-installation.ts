/** The installation itself: its form, CRDs, settings, what runs, and who may reach it. */
import { env, FUNCTION, notReady, type Case } from "./cases.ts";

export const FORM: readonly Case[] = [
  [
    "no function",
    "standalone",
    { "Deployment bellwether": null },
    ["error form", "Namespace bellwether", "Service.serving.knative.dev or Deployment bellwether", "neither"],
  ],
  [
    "no KEDA",
    "keda-push",
    { "CustomResourceDefinition scaledobjects.keda.sh": null },
    ["error form", "Deployment bellwether/bellwether", "form keda/push", "the cluster does not serve keda.sh/v1alpha1"],
  ],
];

export const DEFINITIONS: readonly Case[] = [
  [
    "a CRD that is not there",
    "standalone",
    { "CustomResourceDefinition statefulsetlocks.app.anukkrit.me": null },
    [
      "error definitions",
      "CustomResourceDefinition statefulsetlocks.app.anukkrit.me",
      "metadata.name",
      "there is none",
    ],
  ],
  [
    "a CRD that is not established",
    "standalone",
    {
      "CustomResourceDefinition statefulsetlocks.app.anukkrit.me": {
        status: { conditions: [{ type: "Established", status: "False", message: "names conflict" }] },
      },
    },
    [
      "error definitions",
      "CustomResourceDefinition statefulsetlocks.app.anukkrit.me",
      "status.conditions[Established]",
      "names conflict",
    ],
  ],
  [
    "a CRD without its status",
    "standalone",
    {
      "CustomResourceDefinition statefulsetlocks.app.anukkrit.me": {
        spec: { versions: [{ name: "v1", served: true }] },
      },
    },
    [
      "error definitions",
      "CustomResourceDefinition statefulsetlocks.app.anukkrit.me",
      "spec.versions[v1]",
      "without its subresource status",
    ],
  ],
  [
    "a CRD of another release",
    "standalone",
    {
      "CustomResourceDefinition statefulsetlocks.app.anukkrit.me": {
        spec: { versions: [{ name: "v1", served: true, subresources: { status: {} }, schema: {} }] },
      },
    },
    [
      "warning definitions",
      "CustomResourceDefinition statefulsetlocks.app.anukkrit.me",
      "spec.versions[v1].schema",
      "differs in openAPIV3Schema.",
    ],
  ],
];

export const SETTINGS: readonly Case[] = [
  [
    "a function that only observes",
    "knative-warm",
    { [FUNCTION]: env(["BELLWETHER_MODE", "observe"]) },
    ["error settings", "Service.serving.knative.dev bellwether/bellwether", "BELLWETHER_MODE", "observe"],
  ],
  [
    "a setting that is not accepted",
    "knative-warm",
    { [FUNCTION]: env(["BELLWETHER_TICK_SECONDS", "often"]) },
    [
      "error settings",
      "Service.serving.knative.dev bellwether/bellwether",
      "env",
      'BELLWETHER_TICK_SECONDS is "often"',
    ],
  ],
  [
    "a source that hears of another namespace only",
    "standalone",
    {
      "Deployment bellwether-source": {
        spec: {
          template: {
            spec: {
              containers: [{ args: ["--sink=http://bellwether/", "--namespace=one", "--schedule=*/10 * * * * *"] }],
            },
          },
        },
      },
    },
    ["warning settings", "Deployment bellwether/bellwether-source", "--namespace", "one"],
  ],
];

export const WORKLOADS: readonly Case[] = [
  [
    "a Service that is not Ready",
    "knative-warm",
    { [FUNCTION]: notReady },
    ["error workloads", "Service.serving.knative.dev bellwether/bellwether", "status.conditions[Ready]", "Broken why"],
  ],
  [
    "a status of another generation",
    "knative-warm",
    { [FUNCTION]: { metadata: { generation: 2 } } },
    [
      "error workloads",
      "Service.serving.knative.dev bellwether/bellwether",
      "status.conditions[Ready]",
      "status of generation 1, the object is at 2",
    ],
  ],
  [
    "a function none of whose pods is Ready",
    "standalone",
    { "Deployment bellwether": { status: { readyReplicas: 0 } } },
    ["error workloads", "Deployment bellwether/bellwether", "status.readyReplicas", "0 of 2"],
  ],
  [
    "a function that somebody scaled to zero",
    "standalone",
    { "Deployment bellwether": { spec: { replicas: 0 }, status: { readyReplicas: 0 } } },
    ["error workloads", "Deployment bellwether/bellwether", "spec.replicas", "0"],
  ],
  [
    "a source that does not run",
    "standalone",
    { "Deployment bellwether-source": { status: { readyReplicas: 0 } } },
    ["error workloads", "Deployment bellwether/bellwether-source", "status.readyReplicas", "0 of 2"],
  ],
  [
    "nobody who wakes the function",
    "keda-push",
    { "ScaledObject bellwether": null },
    ["error workloads", "Namespace bellwether", "ScaledObject", "none with scaleTargetRef to Deployment bellwether"],
  ],
  [
    "a ScaledObject that is not Ready",
    "keda-push",
    { "ScaledObject bellwether": notReady },
    ["error workloads", "ScaledObject bellwether/bellwether", "status.conditions[Ready]", "Broken why"],
  ],
  [
    "a ScaledObject that is paused",
    "keda-http",
    { "ScaledObject bellwether": { metadata: { annotations: { "autoscaling.keda.sh/paused": "true" } } } },
    ["error workloads", "ScaledObject bellwether/bellwether", "annotation autoscaling.keda.sh/paused", '"true"'],
  ],
  [
    "a setting of the autoscaler on the Service itself",
    "knative-warm",
    { [FUNCTION]: { metadata: { annotations: { "autoscaling.knative.dev/min-scale": "1" } } } },
    [
      "warning annotations",
      "Service.serving.knative.dev bellwether/bellwether",
      'metadata.annotations["autoscaling.knative.dev/min-scale"]',
      "nobody reads it there",
    ],
  ],
];

const inFrom = (name: string): unknown => ({
  spec: {
    ingress: [{ from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } } }] }],
  },
});
const POLICY = "NetworkPolicy bellwether-function-in";

export const NETWORK: readonly Case[] = [
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
];
