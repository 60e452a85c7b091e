/** What is told, and that it is told once: Services have no status that would remember it. */
import { expect, test } from "vitest";
import { PODS, SERVICES } from "../../../functions/kit/kube/request.ts";
import { createSaid } from "../../../functions/standby/said.ts";
import { addPod, addService, createGroup, createGroupAtRest, setReady, tell, toldOf } from "./cluster.ts";
import { createWorld, KEY, LEASE } from "./world.ts";

test("what was said the last time is no news; what was gone in between is", () => {
  const said = createSaid();
  expect([...said.news("key", ["one", "two"])]).toEqual(["one", "two"]);
  expect([...said.news("key", ["two", "three"])]).toEqual(["three"]);
  expect([...said.news("other", ["two"])]).toEqual(["two"]);
  expect([said.has("key"), [...said.news("key", [])], said.has("key")]).toEqual([true, [], false]);
  expect([...said.news("key", ["two"])]).toEqual(["two"]);
  said.forget("key");
  expect([...said.news("key", ["two"])]).toEqual(["two"]);
});

const typesOf = (events: readonly { readonly type: string }[]): readonly string[] => events.map(({ type }) => type);

test("a promotion is told once, as an Event on the oldest Service and as a CloudEvent that names it", async () => {
  const world = createGroup();
  addService(world, "younger");
  await world.drain([KEY, KEY]);
  const elected = toldOf(world).filter((text) => text.includes("LeaderElected"));
  expect(elected).toEqual([
    expect.stringMatching(/^Normal LeaderElected: pod store-a is the active pod under epoch \d+ \(FirstElection\)$/),
  ]);
  expect(typesOf(world.events)).toEqual(["dev.bellwether.leader.elected.v1"]);
  expect(world.events[0]?.data).toMatchObject({
    feature: "standby",
    owner: { apiVersion: "v1", kind: "Service", name: "store" },
    record: { name: LEASE },
    leader: { name: "store-a" },
  });
  expect(toldOf(world, "younger")).toEqual([
    "Normal SelectorExtended: the selector asks for qoqo.dev/pod-designation=active, too: the Service leads to the active pod",
  ]);
});

test("whoever finds a promotion that its maker could not tell of tells it, while it is new", async () => {
  const world = createGroup();
  world.intercept(({ resource }) => (resource.plural === "events" ? { status: 0, body: {} } : undefined));
  await world.run();
  world.intercept(undefined);
  const next = world.instance();
  await world.drain([KEY], next);
  expect(toldOf(world)[0]).toMatch(/pod store-a is the active pod under epoch \d+ \(PromotionFound\)$/);
  const late = world.instance();
  await world.clock.advance(120_000);
  world.forget();
  await world.drain([KEY], late);
  expect(world.requests.filter(({ resource }) => resource.plural === "events")).toEqual([]);
});

test("when no pod can be active that is told once, as a Warning and as the loss of the leader; and it is no loss of the label", async () => {
  const world = await createGroupAtRest();
  for (const pod of ["store-a", "store-b"]) setReady(world, pod, false);
  await tell(world, PODS, "store-a");
  await world.tick();
  await world.tick();
  expect(typesOf(world.events)).toEqual(["dev.bellwether.leader.elected.v1", "dev.bellwether.leader.lost.v1"]);
  expect(toldOf(world).filter((text) => text.includes("NoEligiblePod"))).toHaveLength(1);
  expect(world.requests.filter(({ method }) => method !== "GET").map(({ verb }) => verb)).toEqual(["create"]);
});

test("the end of a group is told to those who listen, with the Service that it belonged to", async () => {
  const world = await createGroupAtRest();
  world.remove(SERVICES, "store");
  await world.tick();
  expect(world.events.at(-1)).toMatchObject({
    type: "dev.bellwether.leader.lost.v1",
    data: { owner: { kind: "Service", name: "store" }, reason: "GroupEnded", previous: { name: "store-a" } },
  });
});

test("what a user wrote wrongly on a pod is told on the Service", async () => {
  const world = createWorld();
  addPod(world, "store-a", { annotations: { "bellwether.dev/priority": "high" } });
  addService(world);
  await world.tick();
  expect(toldOf(world).find((text) => text.includes("InvalidPriority"))).toContain('got "high"');
});

test("a Lease of our name that is not ours is not touched, and that is told", async () => {
  const world = createGroup();
  world.create(
    { group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease" },
    {
      metadata: { name: LEASE },
      spec: { holderIdentity: "somebody", leaseDurationSeconds: 9 },
    },
  );
  world.forget();
  await world.tick();
  expect(world.requests.filter(({ method }) => method !== "GET").map(({ resource }) => resource.plural)).toEqual([
    "events",
  ]);
  expect(toldOf(world)).toEqual([`Warning LeaseForeign: Lease ${LEASE} is not the record of this Service; delete it`]);
});

test("the gauge of a Service that is gone goes with it", async () => {
  const world = await createGroupAtRest();
  expect(world.metrics.render()).toContain('bellwether_standby_active_info{namespace="default",service="store"} 1');
  world.remove(SERVICES, "store");
  await world.tick();
  expect(world.metrics.render()).not.toContain('bellwether_standby_active_info{namespace="default",service="store"}');
});
