/** Where a pod is asked: by its IP address, or by the name that it has under the governing Service of its set. */
import { isIP } from "node:net";

export interface Target {
  /** An IPv4 address, an IPv6 address without brackets, or a DNS name. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

export interface GovernedPod {
  readonly pod: string;
  /** `spec.serviceName` of the StatefulSet. */
  readonly serviceName: string;
  readonly namespace: string;
  /** Usually `cluster.local`. */
  readonly clusterDomain: string;
}

/** https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id */
export const governedHost = ({ pod, serviceName, namespace, clusterDomain }: GovernedPod): string =>
  `${pod}.${serviceName}.${namespace}.svc.${clusterDomain}`;

/** As gRPC writes it, with the scheme that keeps addresses from being looked up: https://grpc.github.io/grpc/core/md_doc_naming.html */
export const grpcTarget = ({ host, port }: Target): string => {
  const version = isIP(host);
  if (version === 6) return `ipv6:[${host}]:${port}`;
  return version === 4 ? `ipv4:${host}:${port}` : `dns:${host}:${port}`;
};
