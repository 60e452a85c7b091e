/** What we ship is healthy: the doctor finds nothing to say of any form, and knows which one it is. */
import { expect, test } from "vitest";
import { OVERLAY_NAMES, type OverlayName } from "../../integration/platform/golden/overlays.ts";
import { CHECKS } from "../../../infra/doctor/examine.ts";
import { exitCodeOf } from "../../../infra/doctor/finding.ts";
import { clusterWith, examineCluster } from "./cluster.ts";

const FORM: Readonly<Record<OverlayName, string>> = {
  "knative-warm": "knative/warm",
  "knative-cold": "knative/cold",
  "knative-broker": "knative/broker",
  "knative-namespaced": "knative/warm",
  "keda-http": "keda/http",
  "keda-http-namespaced": "keda/http",
  "keda-push": "keda/push",
  "keda-push-namespaced": "keda/push",
  "keda-push-unlabelled-pods": "keda/push",
  standalone: "standalone",
  "standalone-namespaced": "standalone",
};

/** That example is installed beside the pods. */
const namespaceOf = (overlay: OverlayName): string => (overlay === "keda-push-unlabelled-pods" ? "data" : "bellwether");

test.each(OVERLAY_NAMES)("%s: nothing is wrong, and the form is known", async (overlay) => {
  const findings = await examineCluster(clusterWith(overlay), namespaceOf(overlay));
  expect(findings.filter(({ severity }) => severity !== "ok")).toEqual([]);
  expect(exitCodeOf(findings)).toBe(0);
  expect(findings.find(({ check }) => check === "form")?.got).toContain(`form ${FORM[overlay]}, Kubernetes v1.36.3`);
});

test("each check has something to look at in one of the forms", async () => {
  const all = await Promise.all([
    examineCluster(clusterWith("knative-warm")),
    examineCluster(clusterWith("keda-push")),
    examineCluster(clusterWith("standalone")),
  ]);
  expect(new Set(all.flat().map(({ check }) => check))).toEqual(new Set(CHECKS.map(({ name }) => name)));
});
