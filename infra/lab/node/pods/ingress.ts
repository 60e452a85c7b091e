/** The ingress of Knative Serving: Traefik with its own Knative provider. Without traffic from outside: events come from inside. */
import type { Manifest } from "../../manifests.ts";
import { localName } from "../images.ts";
import { accountWith } from "./account.ts";

const namespace = "traefik";
const name = "traefik";
const labels = { "app.kubernetes.io/name": name };

/** What `config-network` names it by. */
export const INGRESS_CLASS = "traefik.ingress.networking.knative.dev";

/** Knative's word for who may reach an address, its port in the pod, and the Service in front of it. */
const ENTRIES = [
  { who: "public", entryPoint: "web", port: 8000 },
  { who: "private", entryPoint: "local", port: 8001 },
] as const;

const args: readonly string[] = [
  "--experimental.knative=true",
  "--providers.knative=true",
  // Every change counts at once: the default adds up to 2 s to the first request.
  "--providers.knative.throttleduration=100ms",
  "--providers.providersthrottleduration=100ms",
  ...ENTRIES.flatMap(({ who, entryPoint, port }) => [
    `--entrypoints.${entryPoint}.address=:${port}`,
    `--providers.knative.${who}entrypoints=${entryPoint}`,
    `--providers.knative.${who}service.name=${name}-${who}`,
    `--providers.knative.${who}service.namespace=${namespace}`,
  ]),
  // Its entry point of its own is on port 8080.
  "--ping=true",
  "--global.checknewversion=false",
  "--global.sendanonymoususage=false",
];

const READ = ["get", "list", "watch"];
const KNATIVE = "networking.internal.knative.dev";

const deployment: Manifest = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, namespace },
  spec: {
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        serviceAccountName: name,
        containers: [
          {
            name,
            image: localName(name),
            args,
            readinessProbe: { httpGet: { path: "/ping", port: 8080 }, periodSeconds: 1 },
          },
        ],
      },
    },
  },
};

export const INGRESS: readonly Manifest[] = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
  ...accountWith(name, namespace, [
    {
      apiGroups: [""],
      resources: ["services", "endpoints", "secrets", "nodes", "namespaces", "configmaps"],
      verbs: READ,
    },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: READ },
    { apiGroups: [KNATIVE], resources: ["ingresses"], verbs: READ },
    { apiGroups: [KNATIVE], resources: ["ingresses/status"], verbs: ["update"] },
  ]),
  ...ENTRIES.map(({ who, port }) => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: `${name}-${who}`, namespace },
    spec: { selector: labels, ports: [{ name: "http", port: 80, targetPort: port }] },
  })),
  deployment,
];
