/** The shortest Lease that each form keeps: of its tick and, where the function goes to zero, of the time that it needs to come back. */
import { expect, test } from "vitest";
import type { OverlayName } from "../../integration/platform/golden/overlays.ts";
import { textOf } from "./files.ts";
import { containerOf, ofKind, valueOf, workloadOf } from "./workloads.ts";

/** What the documents leave a function at zero until it renews what a tick found to be due. */
const WAKE_UP_SECONDS = 14;

const isAtZero = (name: OverlayName): boolean => {
  const { annotations = {} } = workloadOf(name, "bellwether").spec.template.metadata;
  return annotations["autoscaling.knative.dev/min-scale"] === "0" || ofKind(name, "ScaledObject").length > 0;
};

const tickOf = (name: OverlayName): number =>
  Number(valueOf(containerOf(workloadOf(name, "bellwether")).env, "BELLWETHER_TICK_SECONDS"));

/** Half a second of jitter, and the lease is renewed once per half of its duration (docs/architecture.md). */
const leastLeaseSeconds = (name: OverlayName): number =>
  2 * (tickOf(name) + (isAtZero(name) ? WAKE_UP_SECONDS : 0)) + 2;

test.each([
  ["infra/knative/warm", "knative-warm"],
  ["infra/knative/cold", "knative-cold"],
  ["infra/keda/push", "keda-push"],
  ["infra/keda/http", "keda-http"],
] as const)("%s names the shortest Lease that its tick keeps", (folder, name) => {
  expect(textOf(`${folder}/kustomization.yaml`)).toMatch(new RegExp(`^ *# .*\\b${leastLeaseSeconds(name)} s`, "m"));
});

test("docs/install.md tells the tick of each form, and the shortest Lease that it keeps", () => {
  const rows = textOf("docs/install.md").matchAll(
    /^\|[^|]*\| `infra\/(?<form>[\w/]+)` .*\| (?<tick>\d+) s +\| (?<lease>\d+) s +\|$/gm,
  );
  const told = [...rows].map(({ groups }) => [groups?.["form"], Number(groups?.["tick"]), Number(groups?.["lease"])]);
  const forms = ["knative/warm", "knative/cold", "knative/broker", "keda/push", "keda/http", "standalone"] as const;
  expect(told).toEqual(
    forms.map((form) => {
      const name = form.replace("/", "-") as OverlayName;
      return [form, tickOf(name), leastLeaseSeconds(name)];
    }),
  );
});
