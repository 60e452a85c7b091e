/** Whether KEDA starts the function. */
import { notReady, type Case } from "./cases.ts";

const push = (...triggers: readonly object[]): unknown => ({
  spec: { triggers: triggers.map((metadata) => ({ type: "external-push", metadata })) },
});
const SCALED = "ScaledObject bellwether/bellwether";
const ADD_ON = "keda-add-ons-http-external-scaler.keda:9090";
const SCALER = "bellwether-scaler.bellwether.svc:9090";

export const SCALING: readonly Case[] = [
  [
    "nobody who wakes the function",
    "keda-push",
    { "ScaledObject bellwether": null },
    ["error scaling", "Namespace bellwether", "ScaledObject", "none with scaleTargetRef to Deployment bellwether"],
  ],
  [
    "a ScaledObject that is not Ready",
    "keda-push",
    { "ScaledObject bellwether": notReady },
    ["error scaling", "ScaledObject bellwether/bellwether", "status.conditions[Ready]", "Broken why"],
  ],
  [
    "a ScaledObject that is paused",
    "keda-http",
    { "ScaledObject bellwether": { metadata: { annotations: { "autoscaling.keda.sh/paused": "true" } } } },
    ["error scaling", "ScaledObject bellwether/bellwether", "annotation autoscaling.keda.sh/paused", '"true"'],
  ],
  [
    "a ScaledObject that asks nobody of ours",
    "keda-push",
    { "ScaledObject bellwether": { spec: { triggers: [{ type: "cron", metadata: { start: "0 6 * * *" } }] } } },
    ["error scaling", SCALED, "spec.triggers", "none of type external-push"],
  ],
  [
    "a ScaledObject that asks another address",
    "keda-push",
    { "ScaledObject bellwether": push({ scalerAddress: "other.bellwether.svc:9090" }) },
    ["error scaling", SCALED, "spec.triggers", "other.bellwether.svc:9090 is no Service"],
  ],
  [
    "a ScaledObject that asks in KEDA's own namespace",
    "keda-push",
    { "ScaledObject bellwether": push({ scalerAddress: "bellwether-scaler:9090" }) },
    ["error scaling", SCALED, "spec.triggers", "bellwether-scaler:9090 is no Service of this installation"],
  ],
  [
    "a ScaledObject that asks on the port for claims",
    "keda-push",
    { "ScaledObject bellwether": push({ scalerAddress: "bellwether-scaler.bellwether.svc:80" }) },
    ["error scaling", SCALED, "spec.triggers", "the scaler listens on 9090"],
  ],
  [
    "a ScaledObject that tells the scaler what it does not take",
    "keda-push",
    { "ScaledObject bellwether": push({ scalerAddress: SCALER, selector: "app=db" }) },
    ["error scaling", SCALED, "spec.triggers", 'triggers.metadata.selector: got "app=db"'],
  ],
  [
    "a Service that does not select the scaler",
    "keda-push",
    { "Service bellwether-scaler": { spec: { selector: { app: "other" } } } },
    ["error scaling", SCALED, "spec.triggers", "does not select the scaler"],
  ],
  [
    "a ScaledObject that names a route that is not there",
    "keda-http",
    { "ScaledObject bellwether": push({ scalerAddress: ADD_ON, interceptorRoute: "gone" }) },
    ["error scaling", SCALED, "spec.triggers", 'there is no InterceptorRoute "gone"'],
  ],
  [
    "a ScaledObject that names no route",
    "keda-http",
    { "ScaledObject bellwether": push({ scalerAddress: ADD_ON }) },
    ["error scaling", SCALED, "spec.triggers", 'there is no InterceptorRoute ""'],
  ],
  [
    "a ScaledObject that asks an add-on that is not there",
    "keda-http",
    { "ScaledObject bellwether": push({ scalerAddress: "gone.keda:9090", interceptorRoute: "bellwether" }) },
    ["error scaling", SCALED, "spec.triggers", "there is no Service keda/gone"],
  ],
];
