/** The cluster's DNS: CoreDNS, which answers for Services and knows nothing outside of the cluster. */
import type { Manifest } from "../../manifests.ts";
import { localName } from "../images.ts";
import { CLUSTER_DOMAIN, DNS_SERVICE_IP } from "../site.ts";
import { accountWith } from "./account.ts";

const namespace = "kube-system";
const name = "coredns";
const labels = { "k8s-app": "kube-dns" };
/** Above those that only root may open. */
const port = 1053;

const COREFILE = `.:${port} {
  errors
  health
  ready
  kubernetes ${CLUSTER_DOMAIN} in-addr.arpa ip6.arpa
}
`;

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
        // Itself is the one that it cannot ask.
        dnsPolicy: "Default",
        containers: [
          {
            name,
            image: localName(name),
            args: ["-conf", "/etc/coredns/Corefile"],
            readinessProbe: { httpGet: { path: "/ready", port: 8181 }, periodSeconds: 1 },
            volumeMounts: [{ name: "config", mountPath: "/etc/coredns" }],
          },
        ],
        volumes: [{ name: "config", configMap: { name } }],
      },
    },
  },
};

export const DNS: readonly Manifest[] = [
  ...accountWith(name, namespace, [
    { apiGroups: [""], resources: ["namespaces", "pods", "services"], verbs: ["list", "watch"] },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
  ]),
  { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data: { Corefile: COREFILE } },
  deployment,
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "kube-dns", namespace },
    spec: {
      clusterIP: DNS_SERVICE_IP,
      selector: labels,
      ports: ["UDP", "TCP"].map((protocol) => ({ name: protocol.toLowerCase(), protocol, port: 53, targetPort: port })),
    },
  },
];
