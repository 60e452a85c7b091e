/** What is written in another way than we ship it, and works. */
import { microTime } from "../../../functions/kit/kube/micro-time.ts";
import type { OverlayName } from "../../integration/platform/golden/overlays.ts";
import { ARGUMENTS, container, env, source } from "./cases.ts";
import type { Change } from "./cluster.ts";

const SCALER = { type: "external-push", metadata: { scalerAddress: "bellwether-scaler.bellwether:9090" } };
const WORKDAYS = { type: "cron", metadata: { timezone: "UTC", start: "0 6 * * *", end: "0 20 * * *" } };
const [SINK = "", , PODS = ""] = ARGUMENTS;
const TICKS = ARGUMENTS.at(-1) ?? "";

export const SOUND: readonly (readonly [string, OverlayName, Change])[] = [
  [
    "options and their values as arguments of their own",
    "standalone",
    source({ [SINK]: SINK.split("="), [TICKS]: TICKS.split("=") }),
  ],
  [
    "arguments in the command",
    "standalone",
    { "Deployment bellwether-source": container({ command: ["node", "build/source.js", ...ARGUMENTS] }) },
  ],
  [
    "the kinds that the source streams when it is not told",
    "standalone",
    { "Deployment bellwether-source": container({ args: ARGUMENTS.filter((one) => !one.startsWith("--resource")) }) },
  ],
  ["all pods but our own", "standalone", source({ [PODS]: [`${PODS}?app.kubernetes.io/name!=bellwether`] })],
  [
    "the namespace that is served, as two arguments",
    "standalone-namespaced",
    source({ "--all-namespaces": ["--namespace", "data"] }),
  ],
  [
    "a targetPort by its number",
    "standalone",
    { "Service bellwether": { spec: { ports: [{ port: 80, targetPort: 8080 }] } } },
  ],
  [
    "another port on both sides",
    "standalone",
    {
      "Deployment bellwether": container({
        env: [{ name: "PORT", value: "8081" }],
        ports: [{ name: "http", containerPort: 8081 }],
      }),
    },
  ],
  [
    "a variable of ours that no check goes by, from a Secret",
    "standalone",
    {
      "Deployment bellwether": container({
        env: [{ name: "K_SINK", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }],
      }),
    },
  ],
  [
    "a schedule beside the scaler",
    "keda-push",
    { "ScaledObject bellwether": { spec: { triggers: [WORKDAYS, SCALER] } } },
  ],
  [
    "a Trigger that asks for any value",
    "knative-broker",
    { "Trigger bellwether": { spec: { filter: { attributes: { type: "" } } } } },
  ],
  [
    "a policy for the API server's port alone, and one for DNS of OpenShift",
    "standalone",
    {
      "NetworkPolicy bellwether-out": {
        spec: {
          egress: [
            { to: [{ ipBlock: { cidr: "10.0.0.1/32" } }], ports: [{ port: 6443 }] },
            { ports: [{ protocol: "UDP", port: 5353 }] },
          ],
        },
      },
    },
  ],
  [
    "a Lease of 122 s that is renewed by the second tick, once an instance has started",
    "keda-push",
    (now) => ({
      "StatefulSetLock db-lock": { spec: { leaseDurationSeconds: 122 } },
      "Lease db-lease": { spec: { leaseDurationSeconds: 122, renewTime: microTime(now - 126_000) } },
    }),
  ],
  [
    "the same namespaces in another order",
    "keda-push",
    {
      "Deployment bellwether": env(["BELLWETHER_TICK_SECONDS", "60"], ["BELLWETHER_NAMESPACES", "data,more"]),
      "Deployment bellwether-scaler": env(
        ["BELLWETHER_TICK_SECONDS", "60"],
        ["BELLWETHER_FUNCTION_URL", "http://bellwether/"],
        ["BELLWETHER_NAMESPACES", "more, data"],
      ),
    },
  ],
];
