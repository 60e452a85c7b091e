/** What is left of groups ends whatever their labels say: a group that ends under a record of its own must be able to have one. */
import { expect, test } from "vitest";
import { enrolmentLabel, MANAGED_BY_LABEL } from "../../../functions/kit/handover/names.ts";
import { LEASES, PODS } from "../../../functions/kit/kube/request.ts";
import { ROLES } from "../../../functions/standby/labels.ts";
import { activePods, addPod, addService, createGroupAtRest, setMode } from "./cluster.ts";
import { createWorld, GROUP, LEASE } from "./world.ts";

const ENROLMENT = enrolmentLabel(ROLES.feature);

test.each(["true", "True", "my_db", ""])(
  "a pod template that carries the enrolment label as %o does not keep the group from its active pod",
  async (value) => {
    const world = createWorld();
    addPod(world, "store-a");
    addPod(world, "store-b", { labels: { app: "store", [ENROLMENT]: value } });
    addService(world);
    await world.tick();
    expect(activePods(world)).toEqual(["store-a"]);
    expect(world.get(PODS, "store-b")?.metadata.labels).toEqual({ app: "store", [ENROLMENT]: GROUP });
  },
);

test("a Lease that has lost our managed-by label does not keep the group from its end", async () => {
  const world = await createGroupAtRest();
  world.change(LEASES, LEASE, { metadata: { labels: { [MANAGED_BY_LABEL]: "Helm" } } });
  await setMode(world, null);
  await world.run();
  expect([world.get(PODS, "store-a")?.metadata.labels, world.get(LEASES, LEASE)]).toEqual([
    { app: "store" },
    undefined,
  ]);
});

test("a group without a record ends under one that names nobody", async () => {
  const world = await createGroupAtRest();
  world.remove(LEASES, LEASE);
  await setMode(world, null);
  await world.run();
  const writes = world.requests.filter(({ method, resource }) => method !== "GET" && resource === LEASES);
  expect(writes.map(({ verb }) => verb)).toEqual(["create", "patch", "delete"]);
  expect(writes[0]?.body).toMatchObject({ metadata: { name: LEASE }, spec: { holderIdentity: "" } });
  expect([world.get(PODS, "store-a")?.metadata.labels, world.get(LEASES, LEASE)]).toEqual([
    { app: "store" },
    undefined,
  ]);
});
