/**
 * The second trigger of examples/unlabelled-pods, with the real KEDA: while the scaler is away, and nobody hands on any event, pods without a
 * role have the function started, which finds them.
 */
import { beforeAll, expect, test } from "vitest";
import { waitForWriter } from "../../../infra/lab/group.ts";
import { startLab, type Lab } from "../../../infra/lab/lab.ts";
import type { Manifest } from "../../../infra/lab/manifests.ts";
import { install } from "../../../infra/lab/platform/install.ts";
import { openPlatform } from "../../../infra/lab/platform/platform.ts";
import { createLock, createNamespace, createStatefulSet } from "../support/fixture.ts";
import { objectsOf } from "./golden/overlays.ts";
import { merge } from "./support/mistake.ts";
import { asleep, scaledObjectIsReady, scaledProgram, stopScaler, waitForDeployment } from "./support/scaling.ts";
import { stopAfterAll } from "./support/stop-after-all.ts";

/** As the example names them. */
const NAMESPACE = "data";
const IMAGE = "registry.example.com/you/bellwether:0.1.0";

/** In place of 30 s. */
const POLL_SECONDS = 5;
/** From the pods to the leader: KEDA's poll, and a cold start of the function. */
const BOUND_MS = POLL_SECONDS * 1000 + 10_000;

interface ScaledObject extends Manifest {
  readonly spec: { readonly triggers: readonly unknown[] };
}

const stopping = stopAfterAll();
let lab: Lab;

/** The example, with the address that this machine has in place of the cluster's DNS, and with less patience. */
const manifests = (scalerPort: number): readonly Manifest[] =>
  objectsOf("keda-push-unlabelled-pods").map((object) => {
    if (object.kind !== "ScaledObject") return object;
    const metadata = { scalerAddress: `127.0.0.1:${scalerPort}` };
    const [push, ...others] = (object as ScaledObject).spec.triggers;
    const triggers = [merge(push, { metadata }), ...others];
    return merge(object, { spec: { pollingInterval: POLL_SECONDS, triggers } }) as Manifest;
  });

beforeAll(async () => {
  lab = stopping(await startLab());
  const { program, scalerPort } = await scaledProgram(lab, IMAGE);
  stopping(await openPlatform(lab, { keda: "running", programs: [program], namespaces: [NAMESPACE] }));
  // Beside our pods there are others, which no program makes Ready.
  await lab.kubelet.holdReady(NAMESPACE, /^bellwether/, true);
  await lab.kubelet.holdReady(NAMESPACE, /^/, false);
  await createNamespace(lab, NAMESPACE);
  await install(lab.api, manifests(scalerPort));
  await waitForDeployment(lab, "bellwether-scaler", ({ status }) => status?.readyReplicas === 1, NAMESPACE);
  await scaledObjectIsReady(lab, NAMESPACE);
  await asleep(lab, NAMESPACE);
});

test("pods without a role wake the function while the scaler is away", async () => {
  await stopScaler(lab, NAMESPACE);
  await createLock(lab, { name: "db", namespace: NAMESPACE, statefulSetName: "db", leaseDurationSeconds: 600 });
  const began = performance.now();
  await createStatefulSet(lab, { name: "db", namespace: NAMESPACE, replicas: 2 });
  await waitForWriter(lab, { namespace: NAMESPACE, name: "db", leaseName: "db" }, { deadlineMs: BOUND_MS });
  const tookMs = performance.now() - began;
  process.stdout.write(`first writer, unlabelled pods without the scaler: ${tookMs.toFixed(0)} ms\n`);
  expect(tookMs).toBeLessThan(BOUND_MS);
});
