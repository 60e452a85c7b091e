/** Objects that an API server would hardly store: whatever is missing in them is told, and ends nothing. */
import { expect, test } from "vitest";
import type { OverlayName } from "../../integration/platform/golden/overlays.ts";
import { changed, clusterWith, problemsOf } from "./cluster.ts";

const NOTHING = { spec: null };

test.each<readonly [string, OverlayName, unknown]>([
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
])("%s (%s): %j", async (name, overlay, change) => {
  expect(await problemsOf(changed(clusterWith(overlay), { [name]: change }))).not.toEqual([]);
});
