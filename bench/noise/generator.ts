/**
 * Updates of pods that belong to no lock, at a constant rate: bare pods whose annotation counts the updates, so that what the
 * server took can be read from the pods.
 */
import { setInterval } from "node:timers/promises";
import { apiAsAdmin, setting } from "../lab/access.ts";

const PODS = 50;
const EVERY_MS = 10;
/** Beyond this the server is not keeping up: more requests would measure a queue. */
const PENDING_MAX = 48;

const namespace = setting("BENCH_NAMESPACE");
const perSecond = Number(setting("BENCH_RATE"));
const api = apiAsAdmin();
const path = `/api/v1/namespaces/${namespace}/pods`;
const names = Array.from({ length: PODS }, (_, index) => `noise-${index}-pod`);

const pod = (name: string): unknown => ({
  metadata: { name, labels: { app: "noise" } },
  spec: { containers: [{ name: "main", image: "example.invalid/main" }] },
});

await Promise.all(names.map((name) => api.call("POST", path, { body: pod(name) })));

const patch = (name: string | undefined, metadata: unknown): Promise<unknown> =>
  api.call("PATCH", `${path}/${name}`, { body: { metadata }, contentType: "application/merge-patch+json" });

// The server then keeps no record of who owns which field, which is more than half of what an update costs it.
await Promise.all(names.map((name) => patch(name, { managedFields: [{}] })));

let sent = 0;
let pending = 0;

const update = async (): Promise<void> => {
  const [turn, index] = [Math.floor(sent / PODS) + 1, sent % PODS];
  sent += 1;
  pending += 1;
  await patch(names[index], { annotations: { "bench/updates": String(turn) } }).catch(() => undefined);
  pending -= 1;
};

const begun = performance.now();
let due = 0;
for await (const _ of setInterval(EVERY_MS)) {
  const until = ((performance.now() - begun) / 1000) * perSecond;
  for (; due < until; due += 1) if (pending < PENDING_MAX) void update();
}
