/** Objects that are hardly ever stored: whatever is missing in them is told, and ends nothing. */
import type { OverlayName } from "../../integration/platform/golden/overlays.ts";

const NOTHING = { spec: null };

export const ODD: readonly (readonly [string, OverlayName, unknown])[] = [
  ["Deployment bellwether", "standalone", NOTHING],
  ["Deployment bellwether", "standalone", { spec: { template: { spec: { containers: [] } } } }],
  ["Deployment bellwether", "standalone", { spec: { template: { spec: { containers: [{ name: "main" }] } } } }],
  ["Deployment bellwether-source", "standalone", NOTHING],
  ["Deployment bellwether-scaler", "keda-push", NOTHING],
  ["Service bellwether", "standalone", NOTHING],
  ["NetworkPolicy bellwether-out", "standalone", { spec: { egress: [{ to: [{}], ports: [{}] }] } }],
  ["ApiServerSource bellwether-objects", "knative-warm", NOTHING],
  ["PingSource bellwether-tick", "knative-warm", NOTHING],
  ["Trigger bellwether", "knative-broker", NOTHING],
  ["ScaledObject bellwether", "keda-push", NOTHING],
  ["ScaledObject bellwether", "keda-http", { spec: { triggers: [{}] } }],
  ["InterceptorRoute bellwether", "keda-http", NOTHING],
  ["StatefulSetLock db-lock", "standalone", NOTHING],
  ["StatefulSet db", "standalone", NOTHING],
];
