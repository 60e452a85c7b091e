/** What we ship is healthy: the doctor finds nothing to say of any form, and knows which one it is. */
import { expect, test } from "vitest";
import { OVERLAY_NAMES } from "../../integration/platform/golden/overlays.ts";
import { CHECKS } from "../../../infra/doctor/examine.ts";
import { clusterWith, examineCluster } from "./cluster.ts";
import { namespaceOf, wellOf, wholeOf } from "./table.ts";

test.each(OVERLAY_NAMES)("%s: nothing is wrong, and the form is known", async (overlay) => {
  expect(wholeOf(await examineCluster(clusterWith(overlay), namespaceOf(overlay)))).toEqual(wellOf(overlay));
});

test("each check has something to look at in one of the forms", async () => {
  const all = await Promise.all([
    examineCluster(clusterWith("knative-warm")),
    examineCluster(clusterWith("keda-push")),
    examineCluster(clusterWith("standalone")),
  ]);
  expect(new Set(all.flat().map(({ check }) => check))).toEqual(new Set(CHECKS.map(({ name }) => name)));
});
