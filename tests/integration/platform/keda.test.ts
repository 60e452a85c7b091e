/**
 * KEDA without any Knative: the real operator starts the function from zero when our scaler says so, and only then, for it does not ask; the
 * function elects and fails over, and a new scaler is heard as soon as the old one was, whichever way that one ended. When KEDA asks, the
 * function goes back to zero.
 */
import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { waitForWriter } from "../../../infra/lab/group.ts";
import { startLab, type Lab } from "../../../infra/lab/lab.ts";
import type { Manifest } from "../../../infra/lab/manifests.ts";
import { install } from "../../../infra/lab/platform/install.ts";
import { openPlatform, type Platform } from "../../../infra/lab/platform/platform.ts";
import { poll } from "../../../infra/lab/poll.ts";
import { createLock, createNamespace, createStatefulSet } from "../support/fixture.ts";
import { patch, remove } from "../support/objects.ts";
import { objectsOf } from "./golden/overlays.ts";
import { merge } from "./support/mistake.ts";
import { measureFailOvers, sampleCount, type FailOvers } from "./support/samples.ts";
import { asleep, putToSleep, scaledObjectIsReady, scaledProgram, waitForDeployment } from "./support/scaling.ts";
import { stopAfterAll } from "./support/stop-after-all.ts";

const LOCK = { namespace: "data", name: "db", leaseName: "db" };
/** From a change to the new leader, a cold start of the function included. */
const WAKE_BOUND_MS = 10_000;
/** Longer than this file takes: what is not pushed is not found. */
const NEVER_SECONDS = 600;
const SAMPLES = sampleCount(1);
const SAMPLES_TIMEOUT_MS = 60_000 + SAMPLES * 30_000;
/** After a stream that broke KEDA waits 2 s, then twice as long each time, until one is ended: 16 s after the fourth is beyond the bound. */
const KILLS = 4;

const stopping = stopAfterAll();
let lab: Lab;
let platform: Platform;

const scalerIs = (ready: boolean): Promise<unknown> =>
  waitForDeployment(lab, "bellwether-scaler", ({ status }) => (status?.readyReplicas === 1) === ready);

/** The overlay, with the address that this machine has in place of the cluster's DNS; and KEDA asks once, at the beginning. */
const manifests = (scalerPort: number): readonly Manifest[] =>
  objectsOf("keda-push").map((object) => {
    if (object.kind !== "ScaledObject") return object;
    const triggers = [{ type: "external-push", metadata: { scalerAddress: `127.0.0.1:${scalerPort}` } }];
    return merge(object, { spec: { pollingInterval: NEVER_SECONDS, cooldownPeriod: 5, triggers } }) as Manifest;
  });

beforeAll(async () => {
  lab = stopping(await startLab());
  const { program, scalerPort } = await scaledProgram(lab);
  platform = stopping(await openPlatform(lab, { keda: "running", programs: [program] }));
  await createNamespace(lab, "data");
  await install(lab.api, manifests(scalerPort));
  await scalerIs(true);
  await scaledObjectIsReady(lab);
  await asleep(lab);
});

const failOvers = (form: string, count: number, toZero: FailOvers["toZero"] = putToSleep): Promise<number> =>
  measureFailOvers(lab, { form, lock: LOCK, count, boundMs: WAKE_BOUND_MS, toZero });

test("a new lock wakes the function, which elects", async () => {
  await createStatefulSet(lab, { name: "db", namespace: "data", replicas: 3 });
  await createLock(lab, { name: "db", namespace: "data", statefulSetName: "db", leaseDurationSeconds: 600 });
  await waitForWriter(lab, LOCK, { deadlineMs: WAKE_BOUND_MS });
});

test("a leader that is lost while it is at zero wakes it", { timeout: SAMPLES_TIMEOUT_MS }, async () => {
  expect(await failOvers("keda-push", SAMPLES)).toBeLessThan(WAKE_BOUND_MS);
});

test("a scaler that was replaced is heard at once: its streams ended cleanly", async () => {
  await putToSleep(lab);
  await remove(lab, "/api/v1/namespaces/bellwether/pods?labelSelector=app.kubernetes.io/component=scaler");
  await scalerIs(false);
  await scalerIs(true);
  expect(await failOvers("keda-push, scaler replaced", 1)).toBeLessThan(WAKE_BOUND_MS);
});

/** How often KEDA has opened a stream that stays, over all lives of the scaler's pod. */
const timesListened = (): number => {
  const { logFile } = platform.pods.processOf("bellwether", /^bellwether-scaler/);
  return readFileSync(logFile, "utf8").split("ScaledObject listens").length - 1;
};

const kedaListens = (before: number): Promise<unknown> =>
  poll(async () => (timesListened() > before ? true : undefined), {
    what: "a stream of KEDA to the scaler",
    everyMs: 20,
    deadlineMs: 2 * WAKE_BOUND_MS,
  });

/** It dies with the streams that it has, and runs again. */
const killScaler = async (): Promise<void> => {
  const { kill, exited } = platform.pods.processOf("bellwether", /^bellwether-scaler/);
  const isNoticed = scalerIs(false);
  kill("SIGKILL");
  await Promise.all([exited, isNoticed]);
  await scalerIs(true);
};

test(`a scaler that was killed ${KILLS} times is heard as soon as after the first`, async () => {
  await putToSleep(lab);
  await kedaListens(0);
  for (let kill = 1; kill < KILLS; kill += 1) {
    const before = timesListened();
    // oxlint-disable-next-line no-await-in-loop -- each breaks a stream that KEDA has opened again
    await killScaler();
    // oxlint-disable-next-line no-await-in-loop
    await kedaListens(before);
  }
  await killScaler();
  expect(await failOvers(`keda-push, scaler killed ${KILLS} times`, 1)).toBeLessThan(WAKE_BOUND_MS);
});

test("when KEDA asks, it goes back to zero, and a leader that is lost wakes it again", async () => {
  const path = "/apis/keda.sh/v1alpha1/namespaces/bellwether/scaledobjects/bellwether";
  await patch(lab, path, { spec: { pollingInterval: 5 } });
  expect(await failOvers("keda-push, put to zero by KEDA", 1, asleep)).toBeLessThan(WAKE_BOUND_MS);
});
