/**
 * The metrics of events, runs, sweeps and API calls, as values: the code counts with them and docs/metrics.md is
 * generated from them. Features have lists of their own.
 */
import type { Counter, Gauge, Histogram, Metric } from "./metrics.ts";

const MILLISECONDS_TO_A_MINUTE = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export const EVENTS: Counter = {
  type: "counter",
  name: "bellwether_events_total",
  help: "Events received, by type (object, tick, invalid) and status of the reply.",
  labels: ["type", "status"],
};

export const EVENT_SECONDS: Histogram = {
  type: "histogram",
  name: "bellwether_event_duration_seconds",
  help: "Time from the event to its reply. A source sends its next event only then.",
  labels: ["type"],
  buckets: MILLISECONDS_TO_A_MINUTE,
};

export const RUNS: Counter = {
  type: "counter",
  name: "bellwether_runs_total",
  help: "Runs of a group, by feature and outcome (done, retry).",
  labels: ["feature", "outcome"],
};

export const RUN_SECONDS: Histogram = {
  type: "histogram",
  name: "bellwether_run_duration_seconds",
  help: "Duration of one run of a group.",
  labels: ["feature"],
  buckets: MILLISECONDS_TO_A_MINUTE,
};

export const GROUPS: Gauge = {
  type: "gauge",
  name: "bellwether_groups",
  help: "Groups found by the last sweep, by feature.",
  labels: ["feature"],
};

export const BARRED: Gauge = {
  type: "gauge",
  name: "bellwether_feature_barred",
  help: "1 while a feature is not swept everywhere because it may not list what it needs (403), else 0.",
  labels: ["feature"],
};

export const SWEEP_SECONDS: Histogram = {
  type: "histogram",
  name: "bellwether_sweep_duration_seconds",
  help: "Duration of one sweep, by feature.",
  labels: ["feature"],
  buckets: MILLISECONDS_TO_A_MINUTE,
};

export const API_REQUESTS: Counter = {
  type: "counter",
  name: "bellwether_api_requests_total",
  help: "Calls to the API server, by verb, resource and status; status 0 means that no answer came.",
  labels: ["verb", "resource", "status"],
};

export const API_REQUEST_SECONDS: Histogram = {
  type: "histogram",
  name: "bellwether_api_request_duration_seconds",
  help: "Duration of calls to the API server, by verb and resource.",
  labels: ["verb", "resource"],
  buckets: MILLISECONDS_TO_A_MINUTE,
};

/** In the order of docs/metrics.md. */
export const METRICS: readonly Metric[] = [
  EVENTS,
  EVENT_SECONDS,
  RUNS,
  RUN_SECONDS,
  GROUPS,
  BARRED,
  SWEEP_SECONDS,
  API_REQUESTS,
  API_REQUEST_SECONDS,
];
