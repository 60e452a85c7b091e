/** Goal: two groups that come to share a pod lead no Service to two active pods, and the older one is led on, whoever was not told. */
import { beforeEach, expect, test } from "vitest";
import { PODS, SERVICES } from "../../../functions/kit/kube/request.ts";
import { ROLES } from "../../../functions/standby/labels.ts";
import { activePods, addPod, addService, setReady } from "./cluster.ts";
import { APP, createWorld, KEY, type World } from "./world.ts";

const FRONT = { tier: "front" };
const WEB = { web: "yes" };
const BOTH = { ...APP, ...FRONT, ...WEB };
const FORBIDDEN = { kind: "Status", status: "Failure", reason: "Forbidden", message: "a policy", code: 403 };

let world: World;

/** `store` is older than `front`; both are served, each by a pod of its own. */
beforeEach(async () => {
  world = createWorld();
  addPod(world, "store-a");
  addPod(world, "front-a", { labels: { ...FRONT, ...WEB } });
  addService(world);
  await world.clock.advance(2_000);
  addService(world, "front", { selector: FRONT });
  await world.tick();
  await world.clock.advance(5_000);
});

/** Where a selector with our key leads to more than one. */
const doubled = (service: string): readonly unknown[] =>
  world.routes(service).filter(({ selector, ready }) => ROLES.roleLabel in selector && ready.length > 1);

const forbidFront = (): void => {
  world.intercept(({ verb, resource, name }) =>
    verb === "patch" && resource === SERVICES && name === "front" ? { status: 403, body: FORBIDDEN } : undefined,
  );
};

test.each([
  ["whose event was lost", () => undefined],
  [
    "whose selector was edited around our key",
    () => world.change(SERVICES, "front", { spec: { selector: { tier: null, ...WEB } } }),
  ],
])("a younger Service %s does not lead to the older one's next pod beside its own", async (_which, happen) => {
  happen();
  setReady(world, "store-a", false);
  addPod(world, "both", { labels: BOTH });
  await world.drain([KEY]);
  expect([activePods(world).includes("both"), doubled("front")]).toEqual([true, []]);
});

test("one that may not be written keeps the older group from the pods that it finds, and from no other", async () => {
  addPod(world, "both", { labels: BOTH });
  addPod(world, "store-b");
  forbidFront();
  setReady(world, "store-a", false);
  await world.drain([KEY]);
  expect([activePods(world).includes("store-b"), doubled("front")]).toEqual([true, []]);
});

test("a Service that comes to the older group is not led to the younger one's active pod, too", async () => {
  world.change(PODS, "front-a", { metadata: { labels: BOTH } });
  addService(world, "second", { selector: APP });
  await world.drain([KEY]);
  expect(doubled("second")).toEqual([]);
});
