/** Goal: a slice of ours is never overlooked because it was made, or lost its label, between the reads of one pass. */
import { expect, test } from "vitest";
import { ENDPOINT_SLICES, SERVICES, type KubeRequest, type Transport } from "../../../functions/kit/kube/request.ts";
import { loadSituation } from "../../../functions/standby/route/load.ts";
import { NAMESPACE } from "../support/builders.ts";
import { createRouted, type RouteWorld } from "./route-world.ts";

const V4 = "db-bellwether-ipv4";
const KEY = { namespace: NAMESPACE, name: "db" };

const isList = ({ verb, resource }: KubeRequest): boolean => verb === "list" && resource === ENDPOINT_SLICES;

/** Its first LIST of slices is from before ours was made. */
const late = ({ send }: RouteWorld): Transport => {
  let lists = 0;
  return (request) => {
    if (!isList(request)) return send(request);
    lists += 1;
    return lists === 1 ? Promise.resolve({ status: 200, body: { metadata: {}, items: [] } }) : send(request);
  };
};

const namesFrom = async (world: RouteWorld, send: Transport): Promise<readonly string[]> => {
  const loaded = await loadSituation({ context: world.context, send }, KEY);
  if (!loaded.ok) throw new Error(`${loaded.doing}: ${loaded.response.status}`);
  return loaded.value.slices.map(({ metadata }) => metadata.name);
};

test.each<[string, string | null]>([
  ["which the Service asks for", "slice"],
  ["which is on its way back", null],
])("one that was made after the LIST is read with everything else again: route mode, %s", async (_title, route) => {
  const world = await createRouted();
  world.change(SERVICES, "db", { metadata: { annotations: { "bellwether.dev/route": route } } });
  const all = await namesFrom(world, world.send);
  expect(all).toContain(V4);
  expect(await namesFrom(world, late(world))).toEqual(all);
});

test("one that has lost its label is found by its name, and one that says it is another Service's is not ours", async () => {
  const world = await createRouted();
  world.change(ENDPOINT_SLICES, V4, { metadata: { labels: { "kubernetes.io/service-name": null } } });
  expect(await namesFrom(world, world.send)).toContain(V4);
  world.change(ENDPOINT_SLICES, V4, { metadata: { labels: { "kubernetes.io/service-name": "other" } } });
  expect(await namesFrom(world, world.send)).not.toContain(V4);
});
