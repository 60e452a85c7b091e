/** What brings events and ticks, and how long the Leases are that these have to keep. */
import { microTime } from "../../../functions/kit/kube/micro-time.ts";
import { env, FUNCTION, notReady, type Case } from "./cases.ts";
import { NOW } from "./cluster.ts";

const toScaler = (url: string): unknown => env(["BELLWETHER_FUNCTION_URL", url], ["BELLWETHER_TICK_SECONDS", "60"]);
const template = (annotations: object): unknown => ({ spec: { template: { metadata: { annotations } } } });
const kindless = (kind: string): unknown => ({ spec: { resources: [{ apiVersion: "v1", kind }] } });
const sinkTo = (sink: object): unknown => ({ spec: { sink: { ref: null, ...sink } } });

export const SOURCES: readonly Case[] = [
  [
    "a source that is not Ready",
    "knative-warm",
    { "ApiServerSource bellwether-locks": notReady },
    ["error sources", "ApiServerSource bellwether/bellwether-locks", "status.conditions[Ready]", "Broken why"],
  ],
  [
    "a source that is aimed at another Service of Knative",
    "knative-warm",
    { "PingSource bellwether-tick": { spec: { sink: { ref: { name: "other" } } } } },
    ["error sources", "PingSource bellwether/bellwether-tick", "spec.sink", "Service bellwether/other"],
  ],
  [
    "a source that posts to where the function was",
    "knative-warm",
    { "PingSource bellwether-tick": { status: { sinkUri: "http://old.example.com" } } },
    ["error sources", "PingSource bellwether/bellwether-tick", "spec.sink", "posts to http://old.example.com"],
  ],
  [
    "a source that is aimed at a Service that is not there",
    "knative-warm",
    { "PingSource bellwether-tick": sinkTo({ uri: "http://gone.bellwether.svc/" }) },
    ["error sources", "PingSource bellwether/bellwether-tick", "spec.sink", "there is no Service bellwether/gone"],
  ],
  [
    "a kind that nobody streams",
    "knative-warm",
    { "ApiServerSource bellwether-locks": kindless("Pod") },
    ["warning sources", "Namespace bellwether", "ApiServerSource spec.resources", "nobody streams StatefulSetLock"],
  ],
  [
    "no tick",
    "knative-warm",
    { "PingSource bellwether-tick": null },
    ["error sources", "Namespace bellwether", "PingSource", "there is none"],
  ],
  [
    "a Broker that leads elsewhere",
    "knative-broker",
    {
      "Trigger bellwether": { spec: { subscriber: { ref: { name: "other" } } } },
      "ApiServerSource bellwether-locks": null,
      "ApiServerSource bellwether-checkers": null,
      "ApiServerSource bellwether-objects": {
        spec: {
          resources: ["Pod", "StatefulSet", "Service", "StatefulSetLock", "LeaderStatusChecker"].map((kind) => ({
            kind,
          })),
        },
      },
    },
    [
      "error sources",
      "ApiServerSource bellwether/bellwether-objects",
      "spec.sink",
      "no Trigger leads from Broker bellwether to the function",
    ],
  ],
  [
    "ticks past the interceptor",
    "keda-http",
    { "PingSource bellwether-tick": sinkTo({ uri: "http://bellwether.bellwether.svc/" }) },
    ["error sources", "PingSource bellwether/bellwether-tick", "spec.sink", "past the interceptor"],
  ],
  [
    "a scaler that posts to a Service that is not there",
    "keda-push",
    { "Deployment bellwether-scaler": toScaler("http://function/") },
    [
      "error sources",
      "Deployment bellwether/bellwether-scaler",
      "BELLWETHER_FUNCTION_URL",
      "there is no Service bellwether/function",
    ],
  ],
  [
    "a Service that selects other pods",
    "standalone",
    { "Service bellwether": { spec: { selector: { app: "other" } } } },
    ["error sources", "Deployment bellwether/bellwether-source", "--sink", "does not select the function"],
  ],
  [
    "no source",
    "standalone",
    { "Deployment bellwether-source": null },
    ["error sources", "Namespace bellwether", "Deployment bellwether-source", "there is none"],
  ],
];

export const TICKS: readonly Case[] = [
  [
    "a schedule that the function does not know of",
    "knative-warm",
    { "PingSource bellwether-tick": { spec: { schedule: "*/30 * * * * *" } } },
    ["warning ticks", "PingSource bellwether/bellwether-tick", "spec.schedule", "*/30 * * * * * (30 s)"],
  ],
  [
    "a schedule that is none",
    "knative-warm",
    { "PingSource bellwether-tick": { spec: { schedule: "@every 10s" } } },
    ["error ticks", "PingSource bellwether/bellwether-tick", "spec.schedule", '"@every 10s"'],
  ],
  [
    "a window that outlasts the tick",
    "knative-cold",
    { [FUNCTION]: template({ "autoscaling.knative.dev/window": "60s" }) },
    [
      "warning ticks",
      "Service.serving.knative.dev bellwether/bellwether",
      "annotation autoscaling.knative.dev/window",
      "up to 90 s without a call, and a tick comes every 60 s",
    ],
  ],
  [
    "a cooldown that outlasts the tick",
    "keda-http",
    { "ScaledObject bellwether": { spec: { cooldownPeriod: 300 } } },
    ["warning ticks", "ScaledObject bellwether/bellwether", "spec.cooldownPeriod", "up to 300 s without a call"],
  ],
  [
    "a lock whose Lease the tick cannot keep",
    "knative-cold",
    { "StatefulSetLock db-lock": { spec: { leaseDurationSeconds: 121 } } },
    ["warning leases", "StatefulSetLock data/db-lock", "spec.leaseDurationSeconds", "121, with a tick every 60 s"],
  ],
  [
    "a record that the tick cannot keep",
    "knative-warm",
    { "Lease queue-lease": { spec: { leaseDurationSeconds: 20, renewTime: microTime(NOW) } } },
    ["warning leases", "Lease data/queue-lease", "spec.leaseDurationSeconds", "20, with a tick every 10 s"],
  ],
  [
    "a record that nobody renews, though its holder is Ready",
    "standalone",
    { "Lease db-lease": { spec: { renewTime: microTime(NOW - 250_000) } } },
    ["error records", "Lease data/db-lease", "spec.renewTime", "250 s ago"],
  ],
];
