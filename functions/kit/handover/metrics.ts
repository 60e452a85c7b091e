/** What a hand-over counts, for every feature that uses it. */
import type { Counter, Histogram, Metric, Metrics } from "../host/metrics.ts";
import type { HandoverObserver } from "./executor.ts";

const PHASE_SECONDS: Histogram = {
  type: "histogram",
  name: "bellwether_handover_phase_duration_seconds",
  help: "Duration of one phase of a hand-over (enrol, record, fence, promote), by feature.",
  labels: ["feature", "phase"],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
};

const WRITES: Counter = {
  type: "counter",
  name: "bellwether_handover_writes_total",
  help: "Writes of hand-overs that were applied, by feature and phase: record the Leases, the others pods.",
  labels: ["feature", "phase"],
};

const CONFLICTS: Counter = {
  type: "counter",
  name: "bellwether_handover_conflicts_total",
  help: "Conditional writes that were refused because somebody was faster, by feature and phase.",
  labels: ["feature", "phase"],
};

export const HANDOVER_METRICS: readonly Metric[] = [PHASE_SECONDS, WRITES, CONFLICTS];

export const observeHandover = (metrics: Metrics, feature: string): HandoverObserver => ({
  phase: (phase, milliseconds) => metrics.observe(PHASE_SECONDS, { feature, phase }, milliseconds / 1000),
  wrote: (phase) => metrics.count(WRITES, { feature, phase }),
  conflict: (phase) => metrics.count(CONFLICTS, { feature, phase }),
});
