/** Whether the NetworkPolicies that concern the function's pods let in whoever brings events. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { selects, type LabelSelector } from "../../../functions/kit/selector.ts";
import type { Check } from "../check.ts";
import { error, warning, type Finding } from "../finding.ts";
import type { Installation } from "../installation.ts";
import { externalNameOf, serviceOfHost } from "../sinks.ts";
import { nameOf, type Snapshot } from "../snapshot.ts";

interface Port {
  readonly protocol?: string;
  readonly port?: number | string;
  readonly endPort?: number;
}

interface Peer {
  readonly namespaceSelector?: LabelSelector;
  readonly podSelector?: LabelSelector;
  readonly ipBlock?: object;
}

interface Policy {
  readonly podSelector?: LabelSelector;
  readonly policyTypes?: readonly string[];
  readonly ingress?: readonly { readonly from?: readonly Peer[]; readonly ports?: readonly Port[] }[];
}

/** Who brings events, and where to. */
interface Bringer {
  readonly namespace: string;
  /** Undefined: not known, so that a selector of pods may match. */
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly port: { readonly number: number; readonly name: string };
}

/** Of its pods, where requests from inside the cluster come through. https://knative.dev/docs/install/ */
const INGRESS_NAMESPACES: Readonly<Record<string, string>> = {
  "istio.ingress.networking.knative.dev": "istio-system",
  "kourier.ingress.networking.knative.dev": "kourier-system",
  "contour.ingress.networking.knative.dev": "contour-internal",
};

const NAMESPACE_LABEL = "kubernetes.io/metadata.name";
const QUEUE_PROXY = { number: 8012, name: "queue-port" };
const OURS = { number: 8080, name: "http" };

const specOf = ({ spec }: KubeObject): Policy => spec ?? {};

/** An address block says nothing about pods that we know: it may well hold them. */
const isFrom = (peer: Peer, { namespace, labels }: Bringer, own: string): boolean => {
  if (peer.ipBlock !== undefined) return true;
  const { namespaceSelector, podSelector = {} } = peer;
  const isThere =
    namespaceSelector === undefined ? namespace === own : selects(namespaceSelector, { [NAMESPACE_LABEL]: namespace });
  return isThere && (labels === undefined || selects(podSelector, labels));
};

const isTo = ({ protocol = "TCP", port, endPort }: Port, wanted: Bringer["port"]): boolean => {
  if (protocol !== "TCP") return false;
  if (typeof port !== "number") return port === undefined || port === wanted.name;
  return wanted.number >= port && wanted.number <= (endPort ?? port);
};

const admits = (policy: KubeObject, bringer: Bringer): boolean =>
  (specOf(policy).ingress ?? []).some(
    ({ from, ports }) =>
      (from === undefined ||
        from.length === 0 ||
        from.some((peer) => isFrom(peer, bringer, policy.metadata.namespace ?? ""))) &&
      (ports === undefined || ports.length === 0 || ports.some((port) => isTo(port, bringer.port))),
  );

const interceptorNamespace = ({ own, namespace }: Snapshot): string | undefined => {
  const [bridge] = own.ownServices.flatMap((service) => externalNameOf(service) ?? []);
  return bridge === undefined ? undefined : serviceOfHost(bridge, namespace).namespace;
};

const bringersOf = (snapshot: Snapshot, { form, source, scaler }: Installation): readonly Bringer[] => {
  const { namespace, ingressClass } = snapshot;
  if (form === "keda/http") {
    const of = interceptorNamespace(snapshot);
    return of === undefined ? [] : [{ namespace: of, labels: undefined, port: OURS }];
  }
  const sender = form === "standalone" ? source : scaler;
  if (!form.startsWith("knative/"))
    return sender === undefined ? [] : [{ namespace, labels: sender.labels, port: OURS }];
  const ingress = INGRESS_NAMESPACES[ingressClass ?? ""];
  const namespaces = ["knative-serving", ...(ingress === undefined ? [] : [ingress])];
  return namespaces.map((of) => ({ namespace: of, labels: undefined, port: QUEUE_PROXY }));
};

const shut = (policies: readonly KubeObject[], { namespace, labels, port }: Bringer): Finding => {
  const pods = labels === undefined ? "" : ` pods ${JSON.stringify(labels)}`;
  const [policy] = policies;
  const name = policy?.metadata.name ?? "";
  return error({
    object: policies.map(nameOf).join(", "),
    field: "spec.ingress",
    got: `lets nobody in from namespace ${namespace}${pods} to port ${port.number}: events do not reach the function`,
    accepted: `a rule from there, to port ${port.number}`,
    remedy: `kubectl -n ${policy?.metadata.namespace ?? ""} edit networkpolicy ${name}, or apply the form again (docs/install.md, Network policies)`,
  });
};

/** Where Serving's ingress runs is for its installer to choose. */
const unknownIngress = ({ ingressClass = "" }: Snapshot, [policy]: readonly KubeObject[]): readonly Finding[] =>
  ingressClass in INGRESS_NAMESPACES || policy === undefined
    ? []
    : [
        warning({
          object: nameOf(policy),
          field: "spec.ingress",
          got: `the namespace of the ingress ${ingressClass === "" ? "(config-network of Serving cannot be read)" : ingressClass} is not known here`,
          accepted: Object.keys(INGRESS_NAMESPACES).join(", "),
          remedy: "Look whether the policy names the namespace in which your ingress runs.",
        }),
      ];

export const networkPolicies: Check = {
  name: "network-policies",
  reads: ["networkPolicies", "ownServices"],
  fine: "network policies let in whoever brings events",
  run: (snapshot, installation) => {
    if (installation === undefined) return undefined;
    const { fn, form } = installation;
    const policies = snapshot.own.networkPolicies.filter((policy) => {
      const { podSelector = {}, policyTypes = ["Ingress"] } = specOf(policy);
      return policyTypes.includes("Ingress") && selects(podSelector, fn.labels);
    });
    if (policies.length === 0) return undefined;
    const bringers = bringersOf(snapshot, installation);
    return [
      ...bringers
        .filter((bringer) => !policies.some((policy) => admits(policy, bringer)))
        .map((bringer) => shut(policies, bringer)),
      ...(form.startsWith("knative/") ? unknownIngress(snapshot, policies) : []),
    ];
  },
};
