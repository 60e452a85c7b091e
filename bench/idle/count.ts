/** What was asked of the API server while nothing happened, sorted into what is due and what is not. */
import { isWrite, type GatedRequest } from "../../infra/lab/api-gate.ts";

export interface AtRest {
  /** Writes of each Lease, by its path. */
  readonly renewals: ReadonlyMap<string, number>;
  readonly others: number;
  readonly reads: number;
}

const LEASE_PATCH = /^\/apis\/coordination\.k8s\.io\/v1\/namespaces\/[^/]+\/leases\/[^/?]+/;

export const writesAtRest = (requests: readonly GatedRequest[]): AtRest => {
  const writes = requests.filter(isWrite);
  const renewals = new Map<string, number>();
  for (const { method, path } of writes) {
    const lease = method === "PATCH" ? LEASE_PATCH.exec(path)?.[0] : undefined;
    if (lease !== undefined) renewals.set(lease, (renewals.get(lease) ?? 0) + 1);
  }
  const renewed = [...renewals.values()].reduce((sum, count) => sum + count, 0);
  return { renewals, others: writes.length - renewed, reads: requests.length - writes.length };
};

/** Each lock is renewed by the first tick after half of its Lease's duration D has passed: each T x ceil(D / 2T) seconds. */
export const renewalsDue = ({
  windowSeconds,
  leaseSeconds,
  tickSeconds,
}: {
  readonly windowSeconds: number;
  readonly leaseSeconds: number;
  readonly tickSeconds: number;
}): number => windowSeconds / (tickSeconds * Math.ceil(leaseSeconds / (2 * tickSeconds)));
