/** What is counted of checkers: one series per checker, labels with bounded values. */
import type { Counter, Gauge, Metric, Metrics } from "../kit/host/metrics.ts";
import { keyOf, type ObjectKey } from "../kit/keys.ts";

const CHECKER_LABELS = ["namespace", "leaderstatuschecker"] as const;

export const ANSWERS: Counter = {
  type: "counter",
  name: "bellwether_roles_answers_total",
  help: "Pods asked who leads, by checker and answer (leads, follows, silent).",
  labels: [...CHECKER_LABELS, "answer"],
};

export const PROMOTIONS: Counter = {
  type: "counter",
  name: "bellwether_roles_promotions_total",
  help: "Leaders labelled, by checker and reason.",
  labels: [...CHECKER_LABELS, "reason"],
};

export const LEADER_KNOWN: Gauge = {
  type: "gauge",
  name: "bellwether_roles_leader_known",
  help: "1 while a pod of the checker is labelled leader, 0 while none is, or it is not known.",
  labels: CHECKER_LABELS,
};

/** Values of `CHECKER_LABELS`. */
export const seriesOf = ({ namespace, name }: ObjectKey): Readonly<Record<string, string>> => ({
  namespace,
  leaderstatuschecker: name,
});

/** A checker that is gone is not one without a leader. */
export const forgetSeries = ({ metrics }: { readonly metrics: Metrics }, key: string): void => {
  metrics.forget(LEADER_KNOWN, seriesOf(keyOf(key)));
};

export const ROLES_METRICS: readonly Metric[] = [ANSWERS, PROMOTIONS, LEADER_KNOWN];
