/** What NetworkPolicies let in and out, as far as labels and ports tell. https://kubernetes.io/docs/concepts/services-networking/network-policies/ */
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { selects, type LabelSelector } from "../../functions/kit/selector.ts";
import { NAMESPACE_LABEL } from "./resources.ts";

export type Direction = "ingress" | "egress";

interface PolicyPort {
  readonly protocol?: string;
  readonly port?: number | string;
  readonly endPort?: number;
}

interface Peer {
  readonly namespaceSelector?: LabelSelector;
  readonly podSelector?: LabelSelector;
  readonly ipBlock?: object;
}

interface IngressRule {
  readonly from?: readonly Peer[];
  readonly ports?: readonly PolicyPort[];
}

interface EgressRule {
  readonly to?: readonly Peer[];
  readonly ports?: readonly PolicyPort[];
}

interface Policy {
  readonly podSelector?: LabelSelector;
  readonly policyTypes?: readonly string[];
  readonly ingress?: readonly IngressRule[];
  readonly egress?: readonly EgressRule[];
}

export interface Port {
  readonly protocol: "TCP" | "UDP";
  readonly number: number;
  readonly name?: string;
}

export interface Pods {
  readonly namespace: string;
  /** Undefined: not known, so that a selector of pods may match. */
  readonly labels: Readonly<Record<string, string>> | undefined;
}

/** Who is at the other end. `server`: the API server, which is no pod. `anything`: it may be one, or not. */
export type Party = Pods | "server" | "anything";

export interface Connection {
  readonly direction: Direction;
  readonly party: Party;
  /** One of them is enough. */
  readonly ports: readonly Port[];
}

const specOf = ({ spec }: KubeObject): Policy => spec ?? {};

/** Those that restrict the pods in the direction; none: nothing is restricted. */
export const policiesOf = (
  policies: readonly KubeObject[],
  labels: Readonly<Record<string, string>>,
  direction: Direction,
): readonly KubeObject[] =>
  policies.filter((policy) => {
    const { podSelector = {}, egress, policyTypes } = specOf(policy);
    const types = policyTypes ?? ["Ingress", ...(egress === undefined ? [] : ["Egress"])];
    return types.includes(direction === "ingress" ? "Ingress" : "Egress") && selects(podSelector, labels);
  });

interface Rule {
  readonly peers: readonly Peer[];
  readonly ports: readonly PolicyPort[];
}

export const rulesOf = (policy: KubeObject, direction: Direction): readonly Rule[] => {
  const { ingress = [], egress = [] } = specOf(policy);
  return direction === "ingress"
    ? ingress.map(({ from = [], ports = [] }) => ({ peers: from, ports }))
    : egress.map(({ to = [], ports = [] }) => ({ peers: to, ports }));
};

/** An address block says nothing about pods that we know: it may well hold them. */
const isParty = ({ ipBlock, namespaceSelector, podSelector = {} }: Peer, party: Party, own: string): boolean => {
  if (ipBlock !== undefined || party === "anything") return true;
  if (party === "server") return false;
  const { namespace, labels } = party;
  const isThere =
    namespaceSelector === undefined ? namespace === own : selects(namespaceSelector, { [NAMESPACE_LABEL]: namespace });
  return isThere && (labels === undefined || selects(podSelector, labels));
};

const isPort = ({ protocol = "TCP", port, endPort }: PolicyPort, wanted: Port): boolean => {
  if (protocol !== wanted.protocol) return false;
  if (typeof port !== "number") return port === undefined || port === wanted.name;
  return wanted.number >= port && wanted.number <= (endPort ?? port);
};

/** A rule without peers means everybody, one without ports all of them. */
export const admits = (policy: KubeObject, { direction, party, ports: wanted }: Connection): boolean =>
  rulesOf(policy, direction).some(
    ({ peers, ports }) =>
      (peers.length === 0 || peers.some((peer) => isParty(peer, party, policy.metadata.namespace ?? ""))) &&
      (ports.length === 0 || ports.some((port) => wanted.some((one) => isPort(port, one)))),
  );
