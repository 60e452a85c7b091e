/** The scaler's process as it is shipped: its probes, and how it ends, which decides when KEDA comes back. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { freePort } from "../../../infra/lab/ports.ts";
import { bundle, IMAGE_ENTRIES } from "../../../infra/tools/build.ts";
import { createRolesAtRest } from "../../unit/roles/world.ts";
import { setReady } from "../../unit/support/world.ts";
import { openPlatform, openStage, type Stage } from "./stage.ts";

const MOST_MS = 10_000;
vi.setConfig({ testTimeout: 30_000 });

interface Process {
  readonly port: number;
  readonly health: string;
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  output(): string;
}

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "bellwether-scaler-"));
  await bundle(folder, IMAGE_ENTRIES);
});
afterAll(() => rm(folder, { recursive: true }));

let stage: Stage;
let children: readonly ChildProcess[] = [];
beforeEach(async () => {
  stage = await openStage();
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
  await stage.close();
});

const run = async (environment: Readonly<Record<string, string>> = {}): Promise<Process> => {
  const [port, healthPort] = [await freePort(), await freePort()];
  const settings = { PORT: String(healthPort), BELLWETHER_SCALER_PORT: String(port), LOG_LEVEL: "info" };
  const child = spawn(process.execPath, [path.join(folder, "scaler.js")], {
    env: { ...stage.environment, ...settings, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children = [...children, child];
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const exit = once(child, "exit").then(([code]) => code as number | null);
  return { port, health: `http://127.0.0.1:${healthPort}/health/`, child, exit, output: () => output };
};

const statusOf = async ({ health }: Process, what: string): Promise<number> =>
  fetch(`${health}${what}`).then(
    ({ status }) => status,
    () => 0,
  );

const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
  const end = performance.now() + MOST_MS;
  // oxlint-disable-next-line no-await-in-loop -- nothing announces it
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${MOST_MS} ms`);
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
};

const untilReady = (scaler: Process): Promise<void> =>
  until("ready", async () => (await statusOf(scaler, "readiness")) === 200);

/** KEDA has a stream that stays; its first one is ended. */
const untilHeard = (scaler: Process): Promise<void> =>
  until("KEDA listens", async () => scaler.output().includes("ScaledObject listens"));

test("on SIGTERM it ends its streams cleanly, so that KEDA comes back after its first pause, and exits with 0", async () => {
  const scaler = await run();
  await untilReady(scaler);
  const keda = stage.keda({ port: scaler.port });
  await untilHeard(scaler);
  scaler.child.kill("SIGTERM");
  expect(await scaler.exit).toBe(0);
  await keda.ended(2);
  expect([keda.endings[1], keda.pauses[1]]).toEqual(["clean", 1]);
});

test("killed it leaves KEDA to growing pauses, which the next one has it forget, and the stream is told what waits", async () => {
  const scaler = await run();
  await untilReady(scaler);
  const keda = stage.keda({ port: scaler.port });
  await untilHeard(scaler);
  scaler.child.kill("SIGKILL");
  await keda.ended(3);
  expect(keda.pauses.slice(0, 3)).toEqual([1, 2, 4]);
  setReady(stage.world, "db-0", false);
  await run({ BELLWETHER_SCALER_PORT: String(scaler.port) });
  await keda.activation();
  await until("a stream that was ended", async () => keda.endings.lastIndexOf("clean") > 2);
  expect(keda.pauses[keda.endings.lastIndexOf("clean")]).toBe(1);
});

test("it lives while the API server is away, is ready once all groups were read, and keeps asking until then", async () => {
  const scaler = await run({ BELLWETHER_API_SERVER: "http://127.0.0.1:1", BELLWETHER_TICK_SECONDS: "1" });
  await until("live", async () => (await statusOf(scaler, "liveness")) === 200);
  await until("a sweep that failed", async () => scaler.output().includes("sweep could not read"));
  expect(await statusOf(scaler, "readiness")).toBe(503);
});

test("without the function's address it does not start, and says what it needs", async () => {
  const scaler = await run({ BELLWETHER_FUNCTION_URL: "" });
  expect(await scaler.exit).toBe(1);
  expect(scaler.output()).toContain("BELLWETHER_FUNCTION_URL is not set; accepted: an http or https URL");
});

const postTo = ({ health }: Process, type: string): Promise<Response> => {
  const attributes = { specversion: "1.0", id: "1", source: "db-1", type, namespace: "default", name: "db-1" };
  const headers = { "content-type": "application/cloudevents+json" };
  return fetch(health.replace("health/", ""), { method: "POST", headers, body: JSON.stringify(attributes) });
};

test("a claim wakes a function that is away, and is held until it is there", async () => {
  const platform = await openPlatform((await createRolesAtRest()).api);
  try {
    const { server, fn } = platform;
    const scaler = await run({ BELLWETHER_API_SERVER: server, BELLWETHER_FUNCTION_URL: fn.url });
    await untilReady(scaler);
    // What the first sweep finds is out of the way.
    await fn.start();
    await fn.first("tick");
    fn.stop();
    const woken = platform.keda({ port: scaler.port }).activation();
    expect((await postTo(scaler, "dev.bellwether.role.claimed.v1")).status).toBe(204);
    await woken;
    await fn.start();
    expect(await fn.first("claim")).toBe("claim");
  } finally {
    await platform.close();
  }
});

test("of events only claims are for the scaler", async () => {
  const scaler = await run();
  await untilReady(scaler);
  const tick = await postTo(scaler, "dev.knative.sources.ping");
  expect([tick.status, await tick.text()]).toEqual([400, expect.stringContaining("posted to the function")]);
  const other = await postTo(scaler, "boson.fn");
  expect([other.status, await other.text()]).toEqual([400, expect.stringContaining('type: got "boson.fn"')]);
});
