/**
 * A pod as an endpoint of a Service, as the EndpointSlice controller would write it, so that nobody who reads slices can tell the
 * difference. The zone comes from the pod's label, which newer clusters copy from its node: nodes are not ours to read.
 * https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/endpointslice/utils.go
 */
import type { KubeObject } from "../../kit/kube/object.ts";
import type { Candidate } from "../../kit/pods/candidate.ts";

export const FAMILIES = ["IPv4", "IPv6"] as const;

export type Family = (typeof FAMILIES)[number];

const ZONE_LABEL = "topology.kubernetes.io/zone";
const NO_CLUSTER_IP = "None";

export interface Endpoint {
  readonly addresses: readonly string[];
  readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly zone?: string;
  readonly targetRef?: {
    readonly kind?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly uid?: string;
  };
}

export interface EndpointPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly appProtocol?: string;
}

interface ServicePort {
  readonly name?: string;
  readonly protocol?: string;
  readonly port: number;
  /** A number, or the name of a port of the pod's containers; the API server fills it in. */
  readonly targetPort?: number | string;
  readonly appProtocol?: string;
}

export interface ServiceSpec {
  readonly type?: string;
  readonly clusterIP?: string;
  readonly ipFamilies?: readonly string[];
  readonly ports?: readonly ServicePort[] | null;
  readonly publishNotReadyAddresses?: boolean;
}

interface Container {
  readonly restartPolicy?: string;
  readonly ports?: readonly { readonly name?: string; readonly protocol?: string; readonly containerPort: number }[];
}

interface PodSpec {
  readonly nodeName?: string;
  readonly hostname?: string;
  readonly subdomain?: string;
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
}

interface PodStatus {
  readonly podIP?: string;
  readonly podIPs?: readonly { readonly ip: string }[];
}

export const specOf = (service: KubeObject): ServiceSpec => service.spec ?? {};

export const familyOf = (address: string): Family => (address.includes(":") ? "IPv6" : "IPv4");

const isFamily = (family: string): family is Family => family === "IPv4" || family === "IPv6";

/** At least one. */
export const familiesOf = ({ ipFamilies = [], clusterIP = "" }: ServiceSpec): readonly Family[] => {
  const families = ipFamilies.filter((family) => isFamily(family));
  return families.length > 0 ? families : [familyOf(clusterIP)];
};

export const isHeadless = ({ clusterIP = "" }: ServiceSpec): boolean => clusterIP === "" || clusterIP === NO_CLUSTER_IP;

export const addressesOf = ({ status }: KubeObject, family: Family): readonly string[] => {
  const { podIP, podIPs = podIP === undefined ? [] : [{ ip: podIP }] } = (status ?? {}) as PodStatus;
  return podIPs.map(({ ip }) => ip).filter((ip) => familyOf(ip) === family);
};

const protocolOf = ({ protocol = "TCP" }: { readonly protocol?: string }): string => protocol;

const namedPort = (pod: KubeObject | undefined, name: string, protocol: string): number | undefined => {
  const { containers = [], initContainers = [] } = (pod?.spec ?? {}) as PodSpec;
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === "Always");
  const ports = [...containers, ...sidecars].flatMap((container) => container.ports ?? []);
  return ports.find((port) => port.name === name && protocolOf(port) === protocol)?.containerPort;
};

/** A port whose name no container of the pod has is left out. `pod` undefined: ports with numbers only. */
export const portsOf = (service: KubeObject, pod: KubeObject | undefined): readonly EndpointPort[] =>
  (specOf(service).ports ?? []).flatMap((port) => {
    const { name = "", appProtocol, targetPort = port.port } = port;
    const protocol = protocolOf(port);
    const number = typeof targetPort === "number" ? targetPort : namedPort(pod, targetPort, protocol);
    if (number === undefined) return [];
    return [{ name, port: number, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });

const conditionsOf = (
  service: KubeObject,
  { ready: serving, terminating }: Candidate,
): NonNullable<Endpoint["conditions"]> => ({
  ready: specOf(service).publishNotReadyAddresses === true || (serving && !terminating),
  serving,
  terminating,
});

const filled = (texts: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(texts).flatMap(([key, text]) => (text === undefined || text === "" ? [] : [[key, text]])),
  );

/** Undefined: the pod is finished, or has no address of the family. */
export const endpointOf = (service: KubeObject, pod: Candidate, family: Family): Endpoint | undefined => {
  const { name, namespace, uid, raw } = pod;
  const addresses = addressesOf(raw, family);
  if (addresses.length === 0 || pod.finished) return undefined;
  const { nodeName, hostname, subdomain } = (raw.spec ?? {}) as PodSpec;
  const zone = raw.metadata.labels?.[ZONE_LABEL];
  return {
    addresses,
    conditions: conditionsOf(service, pod),
    ...filled({ nodeName, zone, hostname: subdomain === service.metadata.name ? hostname : undefined }),
    targetRef: { kind: "Pod", namespace, name, uid },
  };
};
