/**
 * Every form of installation is accepted by the real API server with the real CRDs and webhooks of Knative and KEDA; deliberate mistakes
 * are not, so that the acceptance means something.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { startLab, type Lab } from "../../../infra/lab/lab.ts";
import type { Manifest } from "../../../infra/lab/manifests.ts";
import { install } from "../../../infra/lab/platform/install.ts";
import { openPlatform } from "../../../infra/lab/platform/platform.ts";
import { createNamespace } from "../support/fixture.ts";
import { objectsOf, OVERLAY_NAMES, type OverlayName } from "./golden/overlays.ts";
import { answerTo } from "./support/mistake.ts";
import { applyOverlay, removeOverlay } from "./support/overlay.ts";
import { stopAfterAll } from "./support/stop-after-all.ts";

const goodOf = (name: OverlayName, wanted: string): Manifest => {
  const found = objectsOf(name).find(({ apiVersion, kind }) => `${apiVersion.split("/")[0]}/${kind}` === wanted);
  if (found === undefined) throw new Error(`${name} has no ${wanted}`);
  return found;
};

interface Revision {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly [object] } } };
}

const apiServerSource = goodOf("knative-warm", "sources.knative.dev/ApiServerSource");
const pingSource = goodOf("knative-warm", "sources.knative.dev/PingSource");
const trigger = goodOf("knative-broker", "eventing.knative.dev/Trigger");
const service = goodOf("knative-warm", "serving.knative.dev/Service");
const scaledObject = goodOf("keda-push", "keda.sh/ScaledObject");
const GOOD = [apiServerSource, pingSource, trigger, service, scaledObject] as const;

const scaled = (annotations: Readonly<Record<string, string>>): unknown => {
  const named = Object.entries(annotations).map(([key, value]) => [`autoscaling.knative.dev/${key}`, value]);
  return { spec: { template: { metadata: { annotations: Object.fromEntries(named) } } } };
};
const inPod = (change: object): unknown => ({ spec: { template: { spec: change } } });
const inContainer = (change: object): unknown => {
  const [container] = (service as unknown as Revision).spec.template.spec.containers;
  return inPod({ containers: [{ ...container, ...change }] });
};
const push = { type: "external-push", name: "twice", metadata: { scalerAddress: "a:1" } };

/** The kind, what is wrong, the change, and what the refusal says. */
const MISTAKES: readonly (readonly [Manifest, string, unknown, string])[] = [
  [apiServerSource, "a mode that does not exist", { spec: { mode: "Foo" } }, "invalid value: Foo: spec.mode"],
  [apiServerSource, "no sink", { spec: { sink: { ref: null } } }, "got none: spec.sink.ref, spec.sink.uri"],
  [
    apiServerSource,
    "a resource without its kind",
    { spec: { resources: [{ apiVersion: "v1" }] } },
    "missing field(s): spec.resources[0].kind",
  ],
  [
    apiServerSource,
    "filters, which are an alpha feature",
    { spec: { filters: [{ exact: { type: "x" } }] } },
    "Filters is not empty but the NewAPIServerFilters feature is disabled",
  ],
  [apiServerSource, "a field that does not exist", { spec: { replicas: 2 } }, 'unknown field "replicas"'],
  [pingSource, "an interval", { spec: { schedule: "@every 10s" } }, "unsupported descriptor @every"],
  [pingSource, "seven fields", { spec: { schedule: "0 0 * * * * *" } }, "expected 5 to 6 fields, found 7"],
  [
    pingSource,
    "a day that does not exist",
    { spec: { schedule: "0 0 0 99 * *" } },
    "end of range (99) above maximum (31)",
  ],
  [pingSource, "an unknown time zone", { spec: { timezone: "Moon/Crater" } }, "unknown time zone"],
  [
    pingSource,
    "data twice",
    { spec: { data: "{}", dataBase64: "e30=" } },
    "expected exactly one, got both: spec.data, spec.dataBase64",
  ],
  [trigger, "no broker", { spec: { broker: null } }, "missing field(s): spec.broker"],
  [trigger, "no subscriber", { spec: { subscriber: { ref: null } } }, "expected at least one, got none"],
  [
    trigger,
    "a delay that is no ISO 8601 period",
    { spec: { delivery: { backoffDelay: "1s" } } },
    "spec.delivery.backoffDelay",
  ],
  [
    service,
    "a setting of the autoscaler on the Service itself",
    { metadata: { annotations: { "autoscaling.knative.dev/min-scale": "1" } } },
    'autoscaling annotations must be put under "spec.template.metadata.annotations"',
  ],
  [service, "a window that is too short", scaled({ window: "1s" }), "expected 6s <= 1s <= 1h0m0s"],
  [
    service,
    "less at most than at least",
    scaled({ "min-scale": "3", "max-scale": "1" }),
    "max-scale=1 is less than min-scale=3",
  ],
  [service, "no instance at first", scaled({ "initial-scale": "0" }), "initial-scale=0 not allowed by cluster"],
  [service, "a reply that may take hours", inPod({ timeoutSeconds: 10_000 }), "expected 0 <= 10000 <= 600"],
  [service, "the network of the node", inPod({ hostNetwork: true }), "hostNetwork"],
  [
    service,
    "a grace period, which Serving sets",
    inPod({ terminationGracePeriodSeconds: 9 }),
    "terminationGracePeriodSeconds",
  ],
  [service, "no image", inContainer({ image: "" }), "missing field(s): spec.template.spec.containers[0].image"],
  [service, "a privileged container", inContainer({ securityContext: { privileged: true } }), "privileged"],
  [
    service,
    "two ports",
    inContainer({ ports: [{ containerPort: 8080 }, { containerPort: 8081 }] }),
    "more than one container port is set",
  ],
  [service, "a hook", inContainer({ lifecycle: { preStop: { sleep: { seconds: 1 } } } }), "lifecycle"],
  [
    scaledObject,
    "more at least than at most",
    { spec: { minReplicaCount: 3 } },
    "minReplicaCount must be less than or equal to maxReplicaCount",
  ],
  [scaledObject, "no trigger", { spec: { triggers: [] } }, "spec.triggers in body should have at least 1 items"],
  [scaledObject, "polling without a pause", { spec: { pollingInterval: 0 } }, "spec.pollingInterval"],
  [
    scaledObject,
    "more when idle than at least",
    { spec: { idleReplicaCount: 1 } },
    "IdleReplicaCount=1 must be less than MinReplicaCount=1",
  ],
  [scaledObject, "two triggers of one name", { spec: { triggers: [push, push] } }, "twice"],
];

const stopping = stopAfterAll();
let lab: Lab;

beforeAll(async () => {
  lab = stopping(await startLab());
  stopping(await openPlatform(lab, { eventing: "admission", serving: "admission", keda: "admission" }));
  // What the component namespaced serves.
  await createNamespace(lab, "data");
});

describe.each(OVERLAY_NAMES)("%s", (name) => {
  test("is accepted without a warning", async () => {
    const applied = await applyOverlay(lab, name);
    expect(applied).toHaveLength(objectsOf(name).length);
    expect(applied.filter((line) => !line.endsWith(" serverside-applied"))).toEqual([]);
    await removeOverlay(lab, name);
  });
});

describe("what the same webhooks refuse", () => {
  test.each(GOOD)("our $kind is accepted as it is", async (good) => {
    expect(await answerTo(lab, good, {})).toBe("accepted");
  });

  const mistakes = MISTAKES.map(([good, wrong, change, says]) => ({ kind: good.kind, wrong, good, change, says }));
  test.each(mistakes)("$kind: $wrong", async ({ good, change, says }) => {
    expect(await answerTo(lab, good, change)).toContain(says);
  });

  test("ScaledObject: a Deployment that another one scales", async () => {
    await install(lab.api, [scaledObject]);
    // The webhook hears of the first one a moment later.
    await expect
      .poll(() => answerTo(lab, scaledObject, {}))
      .toContain("the workload 'bellwether' of type 'apps/v1.Deployment' is already managed by the ScaledObject");
  });
});
