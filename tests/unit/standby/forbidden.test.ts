/** Permissions that an older installation does not have: whoever needs them is told to come again, and nobody else is harmed. */
import { expect, test } from "vitest";
import type { KubeResponse } from "../../../functions/kit/kube/request.ts";
import { activePods, addPod, addService, createGroup, routingOf } from "./cluster.ts";
import { APP, createWorld, type Interceptor } from "./world.ts";

const forbidden = (plural: string): Interceptor => {
  const answer: KubeResponse = { status: 403, body: { kind: "Status", reason: "Forbidden", message: "no" } };
  return ({ resource }) => (resource.plural === plural ? answer : undefined);
};

const ROUTE = { "bellwether.dev/route": "slice" };
const EXTENDED = { ...APP, "qoqo.dev/pod-designation": "active" };

test("without EndpointSlices label mode is served as ever, beside a Service in route mode that is not", async () => {
  const world = createGroup();
  addPod(world, "shop-a", { labels: { app: "shop" } });
  addService(world, "shop", { selector: { app: "shop" }, annotations: ROUTE });
  world.intercept(forbidden("endpointslices"));
  await world.tick();
  expect([activePods(world), routingOf(world).selector]).toEqual([["store-a"], EXTENDED]);
  expect(routingOf(world, "shop").selector).toEqual({ app: "shop" });
  const outcome = await world.run("route:default/shop");
  expect(outcome).toMatchObject({ kind: "retry", reason: "list EndpointSlices: 403 Forbidden: no", trouble: "group" });
});

test("without EndpointSlices nothing is said of them where no Service asks for them", async () => {
  const world = createWorld();
  world.intercept(forbidden("endpointslices"));
  expect(await world.clock.settle(world.feature.sweep(world.send, () => undefined))).toMatchObject({ kind: "swept" });
  expect(await world.tick()).toEqual([]);
});

test("without Services the sweep says that it could not read, and runs ask to come again later: nothing is thrown", async () => {
  const world = createGroup();
  world.intercept(forbidden("services"));
  const swept = await world.clock.settle(world.feature.sweep(world.send, () => undefined));
  expect(swept).toMatchObject({ reason: "list services: 403 Forbidden: no" });
  for (const key of [undefined, "route:default/store", "service:default/store"]) {
    // oxlint-disable-next-line no-await-in-loop
    expect(await world.run(key)).toMatchObject({ kind: "retry", trouble: "group", afterMs: 5_000 });
  }
});
