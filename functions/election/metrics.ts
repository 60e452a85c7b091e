/** The replaced operator's metrics where they make sense: one series per lock, labels with bounded values. */
import type { Counter, Gauge, Metric, Metrics } from "../kit/host/metrics.ts";
import { keyOf, type ObjectKey } from "../kit/keys.ts";

const LOCK_LABELS = ["namespace", "statefulsetlock"] as const;

export const ELECTIONS: Counter = {
  type: "counter",
  name: "statefulsetlock_leader_elections_total",
  help: "Writers promoted, by lock and reason of the election.",
  labels: [...LOCK_LABELS, "reason"],
};

export const RENEWALS: Counter = {
  type: "counter",
  name: "statefulsetlock_lease_renewals_total",
  help: "Lease renewals by lock.",
  labels: LOCK_LABELS,
};

export const ERRORS: Counter = {
  type: "counter",
  name: "statefulsetlock_reconciliation_errors_total",
  help: "Passes that did not bring the lock to rest, by lock and kind (refused, unfinished).",
  labels: [...LOCK_LABELS, "error_type"],
};

export const LEADER_INFO: Gauge = {
  type: "gauge",
  name: "statefulsetlock_current_leader_info",
  help: "1 while the lock has a writer, 0 while it has none.",
  labels: LOCK_LABELS,
};

export const READY_PODS: Gauge = {
  type: "gauge",
  name: "statefulsetlock_ready_pods",
  help: "Pods of the lock that could lead at the last pass.",
  labels: LOCK_LABELS,
};

/** Values of `LOCK_LABELS`. */
export const seriesOf = ({ namespace, name }: ObjectKey): Readonly<Record<string, string>> => ({
  namespace,
  statefulsetlock: name,
});

/** A lock that is gone is not one without a writer. */
export const forgetSeries = ({ metrics }: { readonly metrics: Metrics }, key: string): void => {
  for (const gauge of [LEADER_INFO, READY_PODS]) metrics.forget(gauge, seriesOf(keyOf(key)));
};

export const ELECTION_METRICS: readonly Metric[] = [ELECTIONS, RENEWALS, ERRORS, LEADER_INFO, READY_PODS];
