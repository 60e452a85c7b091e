/** KEDA with its HTTP add-on: the interceptor holds an event for a function at zero, KEDA starts it, and the event arrives. */
import { request } from "node:http";
import { beforeAll, expect, test } from "vitest";
import { startApiServerAdapter } from "../../../infra/lab/adapters.ts";
import { waitForWriter } from "../../../infra/lab/group.ts";
import { startLab, type Lab } from "../../../infra/lab/lab.ts";
import type { Manifest } from "../../../infra/lab/manifests.ts";
import { startHttpAddOn, type HttpAddOn } from "../../../infra/lab/platform/http-add-on.ts";
import { ourImage } from "../../../infra/lab/platform/image.ts";
import { install } from "../../../infra/lab/platform/install.ts";
import { openPlatform } from "../../../infra/lab/platform/platform.ts";
import { freePort } from "../../../infra/lab/ports.ts";
import { createLock, createNamespace, createStatefulSet } from "../support/fixture.ts";
import { createGroup } from "../support/objects.ts";
import { EVENT_BOUND_MS } from "../support/stage.ts";
import { objectsOf } from "./golden/overlays.ts";
import { merge } from "./support/mistake.ts";
import { measureFailOvers, sampleCount } from "./support/samples.ts";
import { asleep, IMAGE, scaledObjectIsReady } from "./support/scaling.ts";
import { stopAfterAll } from "./support/stop-after-all.ts";

/** The host of the bridge, which sources post to. */
const HOST = "bellwether-bridge.bellwether.svc";

/** From a fault to the new leader, a cold start of the function included. */
const WAKE_BOUND_MS = 10_000;
const SAMPLES = sampleCount(1);
const SAMPLES_TIMEOUT_MS = 60_000 + SAMPLES * 60_000;

/** As the shipped source has it: not our own pods, whose end would wake what has gone to zero. */
const OBJECTS = [
  { group: "", version: "v1", plural: "pods", selector: "app.kubernetes.io/name!=bellwether" },
  { group: "app.anukkrit.me", version: "v1", plural: "statefulsetlocks" },
];

const TICK = {
  "ce-specversion": "1.0",
  "ce-type": "dev.knative.sources.ping",
  "ce-source": "/apis/v1/namespaces/bellwether/pingsources/bellwether-tick",
  "ce-id": "1",
  "content-type": "application/json",
};

const stopping = stopAfterAll();
let lab: Lab;
let addOn: HttpAddOn;

/** The overlay without its sources, with the addresses that this machine has in place of the cluster's DNS, and with less patience. */
const manifests = (functionPort: number): readonly Manifest[] => {
  const changes: Readonly<Record<string, unknown>> = {
    // The adapter knows the interceptor by its address.
    InterceptorRoute: { spec: { target: { port: functionPort }, rules: [{ hosts: [HOST, "127.0.0.1"] }] } },
    ScaledObject: {
      spec: {
        cooldownPeriod: 5,
        triggers: [
          {
            type: "external-push",
            metadata: { scalerAddress: addOn.scalerAddress, interceptorRoute: "bellwether" },
          },
        ],
      },
    },
  };
  return objectsOf("keda-http")
    .filter(({ apiVersion }) => !apiVersion.startsWith("sources."))
    .map((object) => merge(object, changes[object.kind] ?? {}) as Manifest);
};

/** Resolves to the status of the answer to a tick that is posted as PingSource does. */
const tick = (): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const posted = request(addOn.url, { method: "POST", headers: { ...TICK, host: HOST } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    posted.on("error", reject);
    posted.end("{}");
  });

beforeAll(async () => {
  lab = stopping(await startLab());
  const functionPort = await freePort();
  const addresses = { function: { PORT: String(functionPort) } };
  const program = await ourImage(lab.plane, { image: IMAGE, addresses });
  stopping(await openPlatform(lab, { keda: "running", programs: [program] }));
  addOn = await startHttpAddOn(lab, ["bellwether.bellwether"]);
  await createNamespace(lab, "data");
  await install(lab.api, manifests(functionPort));
  await scaledObjectIsReady(lab);
  await asleep(lab);
});

test("a tick for a function at zero is held until an instance runs, and does its work", async () => {
  await createStatefulSet(lab, { name: "db", namespace: "data", replicas: 1 });
  await createLock(lab, { name: "db", namespace: "data", statefulSetName: "db", leaseDurationSeconds: 600 });
  expect(await tick()).toBe(204);
  await waitForWriter(lab, { namespace: "data", name: "db", leaseName: "db" }, { deadlineMs: EVENT_BOUND_MS });
});

test("with no more events it goes back to zero, and the next one wakes it again", async () => {
  await asleep(lab);
  expect(await tick()).toBe(204);
});

test(
  "a leader that is lost while it is at zero is replaced by what the real adapter sends",
  {
    timeout: SAMPLES_TIMEOUT_MS,
  },
  async () => {
    const { plane } = lab;
    const identity = "bellwether-sources";
    await startApiServerAdapter({ plane, identity, sink: addOn.url, name: "objects", resources: OBJECTS });
    const lock = await createGroup(lab, "events", { leaseDurationSeconds: 600 });
    await waitForWriter(lab, lock, { deadlineMs: WAKE_BOUND_MS });
    const wanted = { form: "keda-http", lock, count: SAMPLES, boundMs: WAKE_BOUND_MS, toZero: asleep };
    expect(await measureFailOvers(lab, wanted)).toBeLessThan(WAKE_BOUND_MS);
  },
);
