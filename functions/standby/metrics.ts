/** What active/standby counts: one series for each group, named by its oldest Service, labels with bounded values. */
import type { Counter, Gauge, Metric, Metrics } from "../kit/host/metrics.ts";
import type { ObjectKey } from "../kit/keys.ts";

const SERVICE_LABELS = ["namespace", "service"] as const;

export const PROMOTIONS: Counter = {
  type: "counter",
  name: "bellwether_standby_promotions_total",
  help: "Pods made active, by Service (the oldest of those that share the pods) and reason of the choice.",
  labels: [...SERVICE_LABELS, "reason"],
};

export const SELECTOR_WRITES: Counter = {
  type: "counter",
  name: "bellwether_standby_selector_writes_total",
  help: "Selectors of Services that were written, by Service and kind (extended, restored).",
  labels: [...SERVICE_LABELS, "kind"],
};

export const RENEWALS: Counter = {
  type: "counter",
  name: "bellwether_standby_lease_renewals_total",
  help: "Lease renewals by Service.",
  labels: SERVICE_LABELS,
};

export const ERRORS: Counter = {
  type: "counter",
  name: "bellwether_standby_errors_total",
  help: "Passes that did not bring a group of Services to rest, by Service and kind (refused, unfinished).",
  labels: [...SERVICE_LABELS, "error_type"],
};

export const ACTIVE_INFO: Gauge = {
  type: "gauge",
  name: "bellwether_standby_active_info",
  help: "1 while the Service has an active pod that can serve, 0 while it has none.",
  labels: SERVICE_LABELS,
};

export const READY_PODS: Gauge = {
  type: "gauge",
  name: "bellwether_standby_ready_pods",
  help: "Pods of the Service that could be active at the last pass.",
  labels: SERVICE_LABELS,
};

/** Values of `SERVICE_LABELS`. */
export const seriesOf = ({ namespace, name }: ObjectKey): Readonly<Record<string, string>> => ({
  namespace,
  service: name,
});

/** A Service that is gone is not one without an active pod. */
export const forgetSeries = ({ metrics }: { readonly metrics: Metrics }, service: ObjectKey): void => {
  for (const gauge of [ACTIVE_INFO, READY_PODS]) metrics.forget(gauge, seriesOf(service));
};

export const STANDBY_METRICS: readonly Metric[] = [
  PROMOTIONS,
  SELECTOR_WRITES,
  RENEWALS,
  ERRORS,
  ACTIVE_INFO,
  READY_PODS,
];
