/** The scaler as KEDA meets it: a real gRPC client, the function's code on the memory API, a function that is away or there. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ENDPOINT_SLICES, PODS, SERVICES } from "../../../functions/kit/kube/request.ts";
import { MODE_ANNOTATION, MODE_VALUE } from "../../../functions/standby/labels.ts";
import { MANAGER, MANAGER_LABEL, SELECTOR_CONTROLLER, SERVICE_LABEL } from "../../../functions/standby/route/names.ts";
import { createMemoryApi } from "../../../infra/lab/memory/api.ts";
import { handsOn } from "../../unit/support/hands-on.ts";
import { setReady } from "../../unit/support/world.ts";
import { openPlatform, openStage, untilReady, type Stage } from "./stage.ts";

vi.setConfig({ testTimeout: 20_000 });

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const IDLE = { value: 0, active: false };
const BUSY = { value: 1, active: true };

/** A pod that nobody serves comes, and then one that is served changes: what came of the first is known by then. */
const disturb = ({ world }: Stage): void => {
  world.create(PODS, { metadata: { name: "web-1" }, spec: { containers: [{ name: "web", image: "web" }] } });
  world.change(PODS, "web-1", { metadata: { labels: { more: "news" } } });
  world.change(PODS, "db-2", { metadata: { labels: { more: "news" } } });
};

test("the metric is known before there is a ScaledObject, and before the first sweep", async () => {
  const { port } = await stage.scaler();
  const metric = { metricName: "bellwether-work", targetSize: 1n, targetSizeFloat: 1 };
  const keda = stage.keda({ port, name: "not-there-yet" });
  expect(await keda.metricSpec()).toEqual({ metricSpecs: [metric] });
});

test("a lost writer is pushed at once; polls say 1 from then on", async () => {
  const scaler = await stage.scaler();
  const keda = stage.keda({ port: scaler.port });
  await untilReady(scaler);
  expect(await keda.poll()).toEqual(IDLE);
  const lostAt = performance.now();
  setReady(stage.world, "db-0", false);
  expect((await keda.activation()) - lostAt).toBeLessThan(2_000);
  expect(await keda.poll()).toEqual(BUSY);
});

test("what waits is said again each second, and to a stream that is opened meanwhile at once", async () => {
  const scaler = await stage.scaler();
  const keda = stage.keda({ port: scaler.port });
  await untilReady(scaler);
  setReady(stage.world, "db-0", false);
  // The event, and the sweep after the watches began, may both find it.
  const last = await keda.activation(4);
  expect(last - (keda.activations[2] ?? 0)).toBeGreaterThan(900);
  await keda.activation();
  const openedAt = performance.now();
  expect((await stage.keda({ port: scaler.port, name: "late" }).activation()) - openedAt).toBeLessThan(800);
});

test("the function gets the event once it is there, and nothing is pending then; a while longer it is active", async () => {
  const scaler = await stage.scaler();
  const keda = stage.keda({ port: scaler.port });
  await untilReady(scaler);
  setReady(stage.world, "db-0", false);
  await keda.activation();
  await stage.fn.start();
  expect(await stage.fn.first("Pod db-0")).toBe("Pod db-0 update");
  expect(await keda.poll()).toEqual(BUSY);
  const before = keda.activations.length;
  // A stream that is opened now is told nothing: there is nothing to start anybody for.
  const late = stage.keda({ port: scaler.port, name: "late" });
  await late.poll();
  expect([late.activations.length, keda.activations.length]).toEqual([0, before]);
});

test("events that are no work wake nobody, and reach a function that runs where they concern a group", async () => {
  const scaler = await stage.scaler();
  const keda = stage.keda({ port: scaler.port });
  await stage.fn.start();
  await untilReady(scaler);
  disturb(stage);
  await stage.fn.first("Pod db-2");
  expect(stage.fn.received.filter((title) => title.includes("web"))).toEqual([]);
  expect([await keda.poll(), keda.activations]).toEqual([IDLE, []]);
});

test("a slice that says it is ours, of a Service that is not there, is pushed at once; one of a controller is not", async () => {
  const scaler = await stage.scaler();
  const keda = stage.keda({ port: scaler.port });
  await untilReady(scaler);
  const create = (name: string, manager: string): unknown =>
    stage.world.create(ENDPOINT_SLICES, {
      metadata: { name, labels: { [SERVICE_LABEL]: "web", [MANAGER_LABEL]: manager } },
      addressType: "IPv4",
      endpoints: [],
    });
  create("web-1", SELECTOR_CONTROLLER);
  create("web-2", MANAGER);
  await keda.activation(1);
  await stage.fn.start();
  await stage.fn.first("EndpointSlice web-2");
  expect(stage.fn.received.filter((title) => title.includes("web-1"))).toEqual([]);
});

test("work that was there before the scaler is found by its first sweep, and handed over as a tick", async () => {
  setReady(stage.world, "db-0", false);
  const { port } = await stage.scaler();
  await stage.keda({ port }).activation();
  await stage.fn.start();
  expect(await stage.fn.first("tick")).toBe("tick");
});

test("the tick comes at its period, and wakes the function only for work", async () => {
  const scaler = await stage.scaler({ BELLWETHER_TICK_SECONDS: "1" });
  const keda = stage.keda({ port: scaler.port });
  await untilReady(scaler);
  await stage.fn.start();
  await stage.fn.first("tick");
  expect([await keda.poll(), keda.activations]).toEqual([IDLE, []]);
  stage.fn.stop();
  // No event tells of time that passes: the next tick is asked for what has come due.
  await stage.world.clock.advance(1_900_000);
  await keda.activation();
});

test("all ScaledObjects are told", async () => {
  const scaler = await stage.scaler();
  const kedas = ["one", "two", "three"].map((name) => stage.keda({ port: scaler.port, name }));
  await Promise.all(kedas.map((keda) => keda.poll()));
  await untilReady(scaler);
  setReady(stage.world, "db-0", false);
  expect(await Promise.all(kedas.map((keda) => keda.activation()))).toHaveLength(3);
});

test("metadata that means nothing is refused by name where KEDA shows it, and no autoscaler by CPU time comes of it", async () => {
  const { port } = await stage.scaler();
  const keda = stage.keda({ port, metadata: { podSelector: "app=db" } });
  const message = 'triggers.metadata.podSelector: got "app=db"; accepts only scalerAddress';
  await expect(keda.poll()).rejects.toThrow(`3 INVALID_ARGUMENT: ${message}`);
  await keda.ended(1);
  expect(keda.endings[0]).toContain(message);
  expect((await keda.metricSpec()).metricSpecs).toHaveLength(1);
});

test("StreamMetricSpec is answered UNIMPLEMENTED, which KEDA takes for never", async () => {
  const { port } = await stage.scaler();
  expect(await stage.keda({ port }).metricStream()).toContain("12 UNIMPLEMENTED");
});

test("two scalers both tell and both hand over; when one goes the other has the same to say", async () => {
  const scalers = await Promise.all([stage.scaler(), stage.scaler()]);
  const kedas = scalers.map(({ port }) => stage.keda({ port }));
  await Promise.all(scalers.map((scaler) => untilReady(scaler)));
  setReady(stage.world, "db-0", false);
  await Promise.all(kedas.map((keda) => keda.activation()));
  await scalers[0]?.stop();
  await kedas[1]?.activation();
  await stage.fn.start();
  await stage.fn.first("Pod db-0");
  expect(await kedas[1]?.poll()).toEqual(BUSY);
});

test("where none of our kinds is installed an annotated Service is served all the same", async () => {
  const api = createMemoryApi({ now: Date.now, crds: [] });
  const platform = await openPlatform(api);
  try {
    const scaler = await platform.scaler();
    const keda = platform.keda({ port: scaler.port });
    await untilReady(scaler);
    expect([await keda.poll(), keda.activations]).toEqual([IDLE, []]);
    handsOn(api).create(SERVICES, {
      metadata: { name: "web", annotations: { [MODE_ANNOTATION]: MODE_VALUE } },
      spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
    });
    await keda.activation();
  } finally {
    await platform.close();
  }
});

test("a sweep that cannot read is made again within seconds, and not with the next tick only", async () => {
  const { api } = stage.world;
  const endsAt = performance.now() + 1_500;
  const isInTrouble = (path: string): boolean => path.includes("/leases") && performance.now() < endsAt;
  const handle: typeof api.handle = (request, options) =>
    isInTrouble(request.path) ? { status: 500, body: { kind: "Status" } } : api.handle(request, options);
  const platform = await openPlatform({ ...api, handle });
  try {
    const scaler = await platform.scaler();
    await new Promise((resolve) => {
      setTimeout(resolve, 1_400);
    });
    expect(scaler.isReady()).toBe(false);
    await untilReady(scaler);
  } finally {
    await platform.close();
  }
});
