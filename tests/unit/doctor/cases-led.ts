/** What is led: what it says of itself, who follows, and how soon a dead leader is noticed. */
import type { Case } from "./cases.ts";
import { condition, endpoint, leaderPod, probed } from "./led.ts";

const LOCK = "StatefulSetLock db-lock";
const probe = (change?: object): unknown => ({ spec: { template: { spec: { containers: [probed(change)] } } } });
const available = condition("Available", "True", "Available");
const saying = (type: string, status: string): unknown => ({
  status: { conditions: [...(type === "Available" ? [] : [available]), condition(type, status, "Why", "so")] },
});

export const LED: readonly Case[] = [
  [
    "a lock without a status",
    "standalone",
    { [LOCK]: { status: null } },
    ["error conditions", "StatefulSetLock data/db-lock", "status.observedGeneration", "no status"],
  ],
  [
    "a lock whose status is of the past",
    "standalone",
    { [LOCK]: { metadata: { generation: 2 }, spec: { leaseDurationSeconds: 250 } } },
    ["error conditions", "StatefulSetLock data/db-lock", "status.observedGeneration", /^\d+$/],
  ],
  [
    "a lock that nobody can serve",
    "standalone",
    { [LOCK]: saying("Available", "False") },
    ["error conditions", "StatefulSetLock data/db-lock", "status.conditions[Available]", "False Why: so"],
  ],
  [
    "a checker in trouble",
    "standalone",
    { "LeaderStatusChecker queue-checker": saying("Unreachable", "True") },
    ["warning conditions", "LeaderStatusChecker data/queue-checker", "status.conditions[Unreachable]", "Why: so"],
  ],
  [
    "an annotation that is not accepted",
    "standalone",
    { "Service store": { metadata: { annotations: { "qoqo.dev/service-mode": "active" } } } },
    ["error standby", "Service data/store", "annotation qoqo.dev/service-mode", '"active"'],
  ],
  [
    "a Service that leads to all of its pods",
    "standalone",
    { "Service store": { spec: { selector: { "qoqo.dev/pod-designation": null } } } },
    ["error standby", "Service data/store", 'spec.selector["qoqo.dev/pod-designation"]', "leads to all of its pods"],
  ],
  [
    "a routed Service whose slice has no Ready endpoint",
    "standalone",
    { "EndpointSlice store-routed-bellwether-ipv4": { endpoints: [endpoint(false)] } },
    ["error standby", "Service data/store-routed", "EndpointSlice", "none of ours has a Ready endpoint"],
  ],
  [
    "a leader that no Service follows",
    "standalone",
    { "Service db-writer": null },
    ["warning followers", "StatefulSetLock data/db-lock", 'Service spec.selector["sts-role"]', "users do not follow"],
  ],
  [
    "a Service that selects the role of pods that nobody leads",
    "standalone",
    { "Service db-readers": { spec: { selector: { app: "other" } } } },
    ["warning followers", "Service data/db-readers", 'spec.selector["sts-role"]', "the Service finds nobody"],
  ],
  [
    "a Service that selects a role that nobody has",
    "standalone",
    { "Service db-readers": { spec: { selector: { "sts-role": "leader" } } } },
    ["warning followers", "Service data/db-readers", 'spec.selector["sts-role"]', "leader"],
  ],
  [
    "a slow probe",
    "standalone",
    { "StatefulSet db": probe({ periodSeconds: 10, failureThreshold: 3 }) },
    [
      "warning probes",
      "StatefulSet data/db",
      "spec.template.spec.containers[main].readinessProbe",
      "periodSeconds 10 x failureThreshold 3 = 30 s",
    ],
  ],
  [
    "no probe",
    "standalone",
    { "StatefulSet queue": probe() },
    ["warning probes", "StatefulSet data/queue", "spec.template.spec.containers[*].readinessProbe", "none"],
  ],
  [
    "a slow probe of a pod behind a Service",
    "standalone",
    { "Pod store-1": { ...leaderPod("store-1", "standby"), spec: { containers: [probed({})] } } },
    ["warning probes", "Pod data/store-1", "spec.containers[main].readinessProbe", "= 30 s"],
  ],
];
