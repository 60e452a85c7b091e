/** What was asked of the API server while nothing happened, sorted into what is due and what is not. */
import { isWrite, type GatedRequest } from "../../infra/lab/api-gate.ts";

export interface AtRest {
  /** Writes of each Lease, by its path. */
  readonly renewals: ReadonlyMap<string, number>;
  /** Each other write: method and resource. */
  readonly others: readonly string[];
  readonly reads: number;
}

const LEASE_PATCH = /^\/apis\/coordination\.k8s\.io\/v1\/namespaces\/[^/]+\/leases\/[^/?]+/;

const RESOURCE = /\/namespaces\/[^/]+\/(?<plural>[^/?]+)(?:\/[^/?]+(?<subresource>\/[^/?]+)?)?/;

const titleOf = ({ method, path }: GatedRequest): string => {
  const { plural = path, subresource = "" } = RESOURCE.exec(path)?.groups ?? {};
  return `${method} ${plural}${subresource}`;
};

export const writesAtRest = (requests: readonly GatedRequest[]): AtRest => {
  const writes = requests.filter(isWrite);
  const renewals = new Map<string, number>();
  const others: string[] = [];
  for (const write of writes) {
    const lease = write.method === "PATCH" ? LEASE_PATCH.exec(write.path)?.[0] : undefined;
    if (lease === undefined) others.push(titleOf(write));
    else renewals.set(lease, (renewals.get(lease) ?? 0) + 1);
  }
  return { renewals, others, reads: requests.length - writes.length };
};

/** Each Lease is renewed by the first tick after half of its duration D has passed: each T x ceil(D / 2T) seconds. */
export const renewalsDue = ({
  windowSeconds,
  leaseSeconds,
  tickSeconds,
}: {
  readonly windowSeconds: number;
  readonly leaseSeconds: number;
  readonly tickSeconds: number;
}): number => windowSeconds / (tickSeconds * Math.ceil(leaseSeconds / (2 * tickSeconds)));
