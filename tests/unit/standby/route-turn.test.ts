/** Goal: whoever comes late, with a Service, slices or a time from before, neither takes our slice away nor gives an epoch twice. */
import { expect, test } from "vitest";
import { EPOCH_ANNOTATION } from "../../../functions/kit/handover/names.ts";
import { ENDPOINT_SLICES, PODS, SERVICES, type KubeRequest } from "../../../functions/kit/kube/request.ts";
import { createRouteMode } from "../../../functions/standby/route/route.ts";
import { FLOOR, NAMESPACE } from "../support/builders.ts";
import { createRouted, createScene, DUAL, ROUTE, uidOf, writesOf, type RouteWorld } from "./route-world.ts";

const V4 = "db-bellwether-ipv4";
const V6 = "db-bellwether-ipv6";

/** Another instance, before whose first request of that kind something happens. */
const runWith = async (
  world: RouteWorld,
  is: (request: KubeRequest) => boolean,
  happen: () => Promise<unknown>,
): Promise<void> => {
  let happened = false;
  await createRouteMode().run(
    {
      context: world.context,
      send: async (request) => {
        const isNow = !happened && is(request);
        happened ||= isNow;
        if (isNow) await happen();
        return world.send(request);
      },
    },
    { namespace: NAMESPACE, name: "db" },
  );
  expect(happened).toBe(true);
};

const annotate = (world: RouteWorld, annotations: Readonly<Record<string, string | null>>): void => {
  world.change(SERVICES, "db", { metadata: { annotations } });
};

const OFF = { "bellwether.dev/route": "off" };

type Moment = (request: KubeRequest) => boolean;
const beforeSlices: Moment = ({ verb, resource }) => verb === "list" && resource === ENDPOINT_SLICES;
const beforeDeletion: Moment = ({ verb }) => verb === "delete";

test.each<[families: string, when: string, spec: Readonly<Record<string, unknown>>, moment: Moment]>([
  ["one family", "before it reads the slices", {}, beforeSlices],
  ["one family", "before it deletes", {}, beforeDeletion],
  ["two families", "before it reads the slices", DUAL, beforeSlices],
  ["two families", "before it deletes", DUAL, beforeDeletion],
])(
  "F4: our slices of %s outlive an instance that has read the Service before it was routed again, %s",
  async (_families, _when, spec, moment) => {
    const world = await createRouted(spec);
    const slices = (): unknown => [V4, V6].map((name) => world.get(ENDPOINT_SLICES, name)?.metadata.uid);
    const before = slices();
    annotate(world, OFF);
    await world.run();
    world.control();
    world.forget();
    await runWith(world, moment, async () => {
      annotate(world, ROUTE);
      expect(await world.run()).toMatchObject({ reason: "ControllersNotEmpty" });
    });
    world.control();
    await world.settle();
    expect([slices(), world.gaps, world.violations]).toEqual([before, [], []]);
    expect(world.reach().IPv4).toEqual([uidOf(world, "db-1")]);
  },
);

test("a turn does not give way to an older one: who wants to write it reads the Service once more", async () => {
  const world = await createRouted();
  world.change(SERVICES, "db", { spec: { selector: { "bellwether.dev/routed": null } } });
  world.forget();
  const turnOf = (): string | undefined =>
    world.get(ENDPOINT_SLICES, V4)?.metadata.annotations?.["bellwether.dev/route-turn"];
  let served: string | undefined;
  await runWith(
    world,
    ({ verb, resource }) => verb === "list" && resource === PODS,
    async () => {
      await world.settle();
      served = turnOf();
      world.forget();
    },
  );
  expect([turnOf(), writesOf(world)]).toEqual([served, []]);
  expect(world.get(SERVICES, "db")?.metadata.labels?.["bellwether.dev/route-turn"]).toBe(served);
});

test("a slice whose creation arrives after the Service was given back leads nowhere, and goes", async () => {
  const world = createScene();
  await runWith(
    world,
    ({ verb, resource }) => verb === "create" && resource === ENDPOINT_SLICES,
    async () => {
      annotate(world, OFF);
      expect(await world.run()).toEqual({ kind: "done", reason: "NotRouted" });
      world.forget();
    },
  );
  expect(writesOf(world)).toEqual([`create endpointslices ${V4}`, `delete endpointslices ${V4}`]);
  const created = world.requests.find(({ verb }) => verb === "create");
  expect(created?.body).toMatchObject({ endpoints: [] });
});

test("F5: the epoch of a record that the reads did not find is of a time after them", async () => {
  const world = createScene();
  await runWith(
    world,
    ({ verb, resource }) => verb === "list" && resource === PODS,
    () => world.clock.advance(5_000),
  );
  expect(world.get(ENDPOINT_SLICES, V4)?.metadata.annotations).toMatchObject({ [EPOCH_ANNOTATION]: String(FLOOR + 5) });
});

test("a Service that is replaced by one that has nothing of ours is cut over again, and given back whole", async () => {
  const world = await createRouted();
  const annotations = { "bellwether.dev/routed-selector": null, "bellwether.dev/routed-epoch": null };
  world.change(SERVICES, "db", {
    metadata: { annotations, labels: { "bellwether.dev/route-turn": null } },
    spec: { selector: { app: "db", "bellwether.dev/routed": null } },
  });
  expect(await world.run()).toMatchObject({ reason: "ControllersNotEmpty" });
  world.control();
  expect(await world.run()).toEqual({ kind: "done", reason: "Routed" });
  annotate(world, Object.fromEntries(Object.keys(ROUTE).map((key) => [key, null])));
  await world.settle();
  const { metadata, spec } = world.get(SERVICES, "db") ?? {};
  expect([metadata?.labels, metadata?.annotations, (spec as { readonly selector: unknown }).selector]).toEqual([
    { team: "data" },
    undefined,
    { app: "db" },
  ]);
  expect(world.gaps).toEqual([]);
});
