/**
 * KEDA without any Knative: the real operator starts the function from zero when our scaler says so, the function elects and fails over, goes
 * back to zero, and a new scaler is heard as soon as the old one was.
 */
import { beforeAll, expect, test } from "vitest";
import { succeed } from "../../../infra/lab/api.ts";
import { waitForWriter, writersOf } from "../../../infra/lab/group.ts";
import { startLab, type Lab } from "../../../infra/lab/lab.ts";
import type { Manifest } from "../../../infra/lab/manifests.ts";
import { ourImage } from "../../../infra/lab/platform/image.ts";
import { install } from "../../../infra/lab/platform/install.ts";
import { openPlatform } from "../../../infra/lab/platform/platform.ts";
import { freePort } from "../../../infra/lab/ports.ts";
import { createLock, createNamespace, createStatefulSet } from "../support/fixture.ts";
import { objectsOf } from "./golden/overlays.ts";
import { merge } from "./support/mistake.ts";
import { asleep, IMAGE, scaledObjectIsReady, waitForDeployment } from "./support/scaling.ts";
import { stopAfterAll } from "./support/stop-after-all.ts";

const LOCK = { namespace: "data", name: "db", leaseName: "db" };
/** From a change to the new leader, a cold start of the function included. */
const WAKE_BOUND_MS = 10_000;

const stopping = stopAfterAll();
let lab: Lab;

const scalerIsReady = (): Promise<unknown> =>
  waitForDeployment(lab, "bellwether-scaler", ({ status }) => status?.readyReplicas === 1);

/** The overlay, with the address that this machine has in place of the cluster's DNS, and with less patience. */
const manifests = (scalerPort: number): readonly Manifest[] =>
  objectsOf("keda-push").map((object) => {
    if (object.kind !== "ScaledObject") return object;
    const triggers = [{ type: "external-push", metadata: { scalerAddress: `127.0.0.1:${scalerPort}` } }];
    return merge(object, { spec: { pollingInterval: 1, cooldownPeriod: 5, triggers } }) as Manifest;
  });

beforeAll(async () => {
  lab = stopping(await startLab());
  const [functionPort, scalerPort] = [await freePort(), await freePort()];
  const program = await ourImage(lab.plane, {
    image: IMAGE,
    addresses: {
      function: { PORT: String(functionPort) },
      scaler: {
        BELLWETHER_SCALER_PORT: String(scalerPort),
        BELLWETHER_FUNCTION_URL: `http://127.0.0.1:${functionPort}/`,
      },
    },
  });
  stopping(await openPlatform(lab, { keda: "running", programs: [program] }));
  await createNamespace(lab, "data");
  await install(lab.api, manifests(scalerPort));
  await scalerIsReady();
  await scaledObjectIsReady(lab);
  await asleep(lab);
});

/** Resolves to how long it took, in milliseconds. */
const failOver = async (): Promise<number> => {
  const [leader] = writersOf(await waitForWriter(lab, LOCK, { deadlineMs: WAKE_BOUND_MS }));
  const name = leader?.name ?? "";
  const began = performance.now();
  await lab.kubelet.setReady("data", name, false);
  await waitForWriter(lab, LOCK, { is: (writer) => writer.name !== name, deadlineMs: WAKE_BOUND_MS });
  const tookMs = performance.now() - began;
  await lab.kubelet.setReady("data", name, true);
  return tookMs;
};

test("a new lock wakes the function, which elects", async () => {
  await createStatefulSet(lab, { name: "db", namespace: "data", replicas: 3 });
  await createLock(lab, { name: "db", namespace: "data", statefulSetName: "db", leaseDurationSeconds: 600 });
  await waitForWriter(lab, LOCK, { deadlineMs: WAKE_BOUND_MS });
});

test("when nothing is left to do it goes back to zero, and a leader that is lost wakes it again", async () => {
  await asleep(lab);
  expect(await failOver()).toBeLessThan(WAKE_BOUND_MS);
});

test("a scaler that was replaced is heard at once: its streams ended cleanly", async () => {
  await asleep(lab);
  const pods = "/api/v1/namespaces/bellwether/pods";
  await succeed(lab.api, "DELETE", `${pods}?labelSelector=app.kubernetes.io/component=scaler`);
  await waitForDeployment(lab, "bellwether-scaler", ({ status }) => (status?.readyReplicas ?? 0) === 0);
  await scalerIsReady();
  expect(await failOver()).toBeLessThan(WAKE_BOUND_MS);
});
