/** Knative's real adapters deliver from the lab. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { startApiServerAdapter } from "../../../infra/lab/adapters.ts";
import { startPingAdapter } from "../../../infra/lab/ping-adapter.ts";
import { startLab, type Lab } from "../../../infra/lab/lab.ts";
import { createLock, createStatefulSet } from "../support/fixture.ts";
import { startSink, type Sink } from "../support/sink.ts";

const deadlineMs = 10_000;

let lab: Lab;
let sink: Sink;
beforeAll(async () => {
  [lab, sink] = await Promise.all([startLab(), startSink()]);
});
afterAll(async () => {
  await lab.stop();
  sink.close();
});

it("ApiServerSource delivers the first change of every kind after its start, under the shipped role", async () => {
  const adapter = await startApiServerAdapter({
    plane: lab.plane,
    identity: "bellwether-sources",
    sink: sink.url,
    name: "objects",
    resources: [
      { group: "", version: "v1", plural: "pods", selector: "app=db" },
      { group: "apps", version: "v1", plural: "statefulsets" },
      { group: "app.anukkrit.me", version: "v1", plural: "statefulsetlocks" },
    ],
  });
  await createStatefulSet(lab, { name: "other", namespace: "default", replicas: 1 });
  await createStatefulSet(lab, { name: "db", namespace: "default", replicas: 1 });
  await createLock(lab, { name: "db-lock", namespace: "default", statefulSetName: "db" });
  const added = (kind: string, name: string): Promise<unknown> => {
    const type = "dev.knative.apiserver.resource.add";
    return sink.next((event) => event.type === type && event.kind === kind && event.name === name, deadlineMs);
  };
  await Promise.all([added("StatefulSet", "db"), added("StatefulSet", "other"), added("StatefulSetLock", "db-lock")]);
  await added("Pod", "db-0");
  expect(sink.events.filter(({ name }) => name === "other-0")).toEqual([]);
  await adapter.stop();
});

it("PingSource ticks on a schedule with seconds, and can be stopped", async () => {
  const adapter = await startPingAdapter({ plane: lab.plane });
  const source = { namespace: "default", name: "tick", schedule: "* * * * * *", sink: sink.url };
  await adapter.createPingSource(source);
  const tick = await sink.next(({ type }) => type === "dev.knative.sources.ping", deadlineMs);
  expect(tick.source).toBe("/apis/v1/namespaces/default/pingsources/tick");
  await adapter.stop();
});
