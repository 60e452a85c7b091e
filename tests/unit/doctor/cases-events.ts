/** What brings events and ticks, and how long the Leases are that these have to keep. */
import { microTime } from "../../../functions/kit/kube/micro-time.ts";
import { env, FUNCTION, notReady, source, template, type Case } from "./cases.ts";
import { ALL_KINDS, resources } from "./cases-streams.ts";
import type { Changes } from "./cluster.ts";

const toScaler = (url: string): unknown => env(["BELLWETHER_FUNCTION_URL", url], ["BELLWETHER_TICK_SECONDS", "60"]);
const lease = (leaseDurationSeconds: number): unknown => ({ spec: { leaseDurationSeconds } });
const renewed = (at: number): unknown => ({ spec: { leaseDurationSeconds: 122, renewTime: microTime(at) } });
const sinkTo = (sink: object): unknown => ({ spec: { sink: { ref: null, ...sink } } });

/** One ApiServerSource sends everything to the Broker, so that what is wrong behind it is said once. */
const DIRECT: Changes = {
  "ApiServerSource bellwether-locks": null,
  "ApiServerSource bellwether-checkers": null,
  "ApiServerSource bellwether-objects": resources(...ALL_KINDS),
};
const BROKERED = "ApiServerSource bellwether/bellwether-objects";
const SOURCE = "Deployment bellwether/bellwether-source";
const TICK = "PingSource bellwether/bellwether-tick";

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
    "no tick",
    "knative-warm",
    { "PingSource bellwether-tick": null },
    ["error sources", "Namespace bellwether", "PingSource", "there is none"],
  ],
  [
    "a Broker that leads elsewhere",
    "knative-broker",
    { ...DIRECT, "Trigger bellwether": { spec: { subscriber: { ref: { name: "other" } } } } },
    ["error sources", BROKERED, "spec.sink", "no Trigger leads from Broker bellwether to the function"],
  ],
  [
    "a Trigger that lets nothing through",
    "knative-broker",
    { ...DIRECT, "Trigger bellwether": { spec: { filter: { attributes: { type: "nobody.sends.this" } } } } },
    ["error sources", BROKERED, "spec.sink", "lets nothing through that the sources send"],
  ],
  [
    "a Trigger that lets nothing through, in the other way to say it",
    "knative-broker",
    { ...DIRECT, "Trigger bellwether": { spec: { filters: [{ exact: { type: "nobody.sends.this" } }] } } },
    ["error sources", BROKERED, "spec.sink", "lets nothing through that the sources send"],
  ],
  [
    "a Trigger that lets through who knows what",
    "knative-broker",
    { "Trigger bellwether": { spec: { filters: [{ prefix: { type: "dev.knative." } }] } } },
    ["unknown sources", "Trigger bellwether/bellwether", "spec.filters", "which events pass is not looked at"],
  ],
  [
    "a Trigger that posts to another path",
    "knative-broker",
    { ...DIRECT, "Trigger bellwether": { spec: { subscriber: { uri: "/events" } } } },
    ["error sources", BROKERED, "spec.sink", "the function takes events at / alone"],
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
    "a source that posts to another port",
    "standalone",
    source({ "--sink=http://bellwether/": ["--sink=http://bellwether:8080/"] }),
    ["error sources", SOURCE, "--sink", "Service bellwether/bellwether has no port 8080, it has 80"],
  ],
  [
    "a source that posts to another path",
    "standalone",
    source({ "--sink=http://bellwether/": ["--sink=http://bellwether/events"] }),
    ["error sources", SOURCE, "--sink", "the function takes events at / alone"],
  ],
  [
    "a source that posts with TLS",
    "standalone",
    source({ "--sink=http://bellwether/": ["--sink", "https://bellwether/"] }),
    ["error sources", SOURCE, "--sink", "the function speaks http alone"],
  ],
  [
    "a Service that leads to another port",
    "standalone",
    { "Service bellwether": { spec: { ports: [{ name: "http", port: 80, targetPort: 9999 }] } } },
    ["error sources", SOURCE, "--sink", "has targetPort 9999, and the function listens on 8080"],
  ],
  [
    "a function that listens elsewhere",
    "standalone",
    { "Deployment bellwether": env(["PORT", "9999"]) },
    ["error sources", SOURCE, "--sink", "has targetPort http, and the function listens on 9999"],
  ],
  [
    "a tick that is aimed at another path of the function",
    "knative-warm",
    { "PingSource bellwether-tick": { spec: { sink: { uri: "/tick" } } } },
    ["error sources", TICK, "spec.sink", "the function takes events at / alone"],
  ],
  [
    "a tick that is aimed at a port that Serving does not have",
    "knative-warm",
    { "PingSource bellwether-tick": sinkTo({ uri: "http://bellwether.bellwether.svc.cluster.local:8080/" }) },
    ["error sources", TICK, "spec.sink", "bellwether.svc.cluster.local:8080"],
  ],
  [
    "a tick that is aimed at a port that the interceptor does not have",
    "keda-http",
    { "PingSource bellwether-tick": sinkTo({ uri: "http://bellwether-bridge.bellwether.svc/" }) },
    [
      "error sources",
      TICK,
      "spec.sink",
      "Service keda/keda-add-ons-http-interceptor-proxy has no port 80, it has 8080",
    ],
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
    (now) => ({ "Lease queue-lease": { spec: { leaseDurationSeconds: 20, renewTime: microTime(now) } } }),
    ["warning leases", "Lease data/queue-lease", "spec.leaseDurationSeconds", "20, with a tick every 10 s"],
  ],
  [
    "a record that nobody renews, though its holder is Ready",
    "standalone",
    (now) => ({ "Lease db-lease": { spec: { renewTime: microTime(now - 250_000) } } }),
    ["error records", "Lease data/db-lease", "spec.renewTime", /^2[45]\d s ago/],
  ],
  [
    "a record that nobody renews, long after the function had to be there",
    "keda-push",
    (now) => ({ "StatefulSetLock db-lock": lease(122), "Lease db-lease": renewed(now - 160_000) }),
    ["error records", "Lease data/db-lease", "spec.renewTime", /^1[567]\d s ago/],
  ],
];
