/** The installation itself: its form, CRDs, settings, and what runs. */
import { container, env, FUNCTION, notReady, source, template, type Case } from "./cases.ts";

const CONFIG_MAP = { configMapKeyRef: { name: "c", key: "mode" } };
const SCALER = [
  ["BELLWETHER_TICK_SECONDS", "60"],
  ["BELLWETHER_FUNCTION_URL", "http://bellwether/"],
] as const;

const VERSION = { name: "v1", served: true, storage: true };
const ANYTHING = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };

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
        status: { conditions: [{ type: "Established", status: "False", message: "not all names are accepted" }] },
      },
    },
    [
      "error definitions",
      "CustomResourceDefinition statefulsetlocks.app.anukkrit.me",
      "status.conditions[Established]",
      "not all names are accepted",
    ],
  ],
  [
    "a CRD without its status",
    "standalone",
    {
      "CustomResourceDefinition statefulsetlocks.app.anukkrit.me": {
        spec: { versions: [{ ...VERSION, schema: ANYTHING }] },
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
        spec: { versions: [{ ...VERSION, subresources: { status: {} }, schema: ANYTHING }] },
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
    source({ "--all-namespaces": ["--namespace", "one"] }),
    ["warning settings", "Deployment bellwether/bellwether-source", "--namespace", "one"],
  ],
  [
    "a source that hears of its default namespace only",
    "standalone",
    source({ "--all-namespaces": [] }),
    ["warning settings", "Deployment bellwether/bellwether-source", "--namespace", "default"],
  ],
  [
    "a scaler that does not know of all namespaces",
    "keda-push",
    { "Deployment bellwether-scaler": env(...SCALER, ["BELLWETHER_NAMESPACES", "one"]) },
    ["error settings", "Deployment bellwether/bellwether-scaler", "BELLWETHER_NAMESPACES", "one"],
  ],
  [
    "a scaler that knows of more namespaces",
    "keda-push-namespaced",
    { "Deployment bellwether-scaler": env(...SCALER) },
    ["warning settings", "Deployment bellwether/bellwether-scaler", "BELLWETHER_NAMESPACES", "all namespaces"],
  ],
  [
    "a scaler that does not know where checkers may reach",
    "keda-push",
    { "Deployment bellwether": env(["BELLWETHER_TICK_SECONDS", "60"], ["BELLWETHER_ROLES_NAMESPACES", "a"]) },
    ["error settings", "Deployment bellwether/bellwether-scaler", "BELLWETHER_ROLES_NAMESPACES", "no namespace"],
  ],
  [
    "a setting that is in a ConfigMap",
    "standalone",
    { "Deployment bellwether": container({ env: [{ name: "BELLWETHER_MODE", valueFrom: CONFIG_MAP }] }) },
    ["unknown settings", "Deployment bellwether/bellwether", "BELLWETHER_MODE", '"key":"mode"'],
  ],
  [
    "a setting that is another variable's",
    "knative-warm",
    { [FUNCTION]: env(["BELLWETHER_NAMESPACES", "$(SERVED)"]) },
    ["unknown settings", "Service.serving.knative.dev bellwether/bellwether", "BELLWETHER_NAMESPACES", '"$(SERVED)"'],
  ],
  [
    "settings that are all in a ConfigMap",
    "keda-push",
    { "Deployment bellwether-scaler": container({ envFrom: [{ configMapRef: { name: "c" } }] }) },
    ["unknown settings", "Deployment bellwether/bellwether-scaler", "envFrom", '"configMapRef":{"name":"c"}'],
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
    { [FUNCTION]: { metadata: { generation: 2 }, ...template({ changed: "yes" }) } },
    [
      "error workloads",
      "Service.serving.knative.dev bellwether/bellwether",
      "status.conditions[Ready]",
      /^status of generation \d+, the object is at \d+$/,
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
