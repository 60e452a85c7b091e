/** Goal: the whole way into route mode, on to another pod and back, on the memory API with a stand-in for the EndpointSlice controller. */
import { describe, expect, it } from "vitest";
import { EPOCH_ANNOTATION } from "../../../functions/kit/handover/names.ts";
import { ENDPOINT_SLICES, EVENTS, PODS, SERVICES, type KubeResponse } from "../../../functions/kit/kube/request.ts";
import { NAMESPACE } from "../support/builders.ts";
import {
  addPod,
  createRouted,
  createScene,
  DUAL,
  ROUTE,
  setReady,
  uidOf,
  writesOf,
  type RouteWorld,
} from "./route-world.ts";

const V4 = "db-bellwether-ipv4";
const V6 = "db-bellwether-ipv6";

describe("the cut-over", () => {
  it("makes our slice first, then narrows the selector, and ends when the controllers' slices are empty", async () => {
    const world = createScene();
    expect(await world.run()).toMatchObject({ kind: "retry", reason: "ControllersNotEmpty" });
    expect(writesOf(world)).toEqual([
      "patch services db",
      `create endpointslices ${V4}`,
      `patch endpointslices ${V4}`,
      "patch services db",
      "create events",
    ]);
    world.control();
    world.forget();
    expect(await world.run()).toEqual({ kind: "done", reason: "Routed" });
    expect(writesOf(world)).toEqual([`patch endpointslices ${V4}`]);
    expect(world.reach()).toEqual({ IPv4: [uidOf(world, "db-1")], IPv6: [] });
    expect(world.gaps).toEqual([]);
  });

  it("at rest writes nothing, and the sweep finds nothing to do", async () => {
    const world = await createRouted();
    expect(await world.run()).toEqual({ kind: "done", reason: "Routed" });
    expect(writesOf(world)).toEqual([]);
    expect(await world.sweep()).toEqual([]);
    expect(world.requests.filter(({ verb }) => verb === "list")).toHaveLength(2 + 3);
  });
});

describe("fail-over", () => {
  it("is one compare-and-swap before anything else is written", async () => {
    const world = await createRouted();
    setReady(world, "db-1", false);
    expect(await world.sweep()).toEqual(["db"]);
    world.forget();
    await world.run();
    expect(writesOf(world)).toEqual([`patch endpointslices ${V4}`, "patch services db", "create events"]);
    expect(world.reach().IPv4).toEqual([uidOf(world, "db-2")]);
    expect(world.events.map(({ type }) => type)).toEqual(["dev.bellwether.leader.elected.v1"]);
    expect(world.violations).toEqual([]);
  });

  it("of two families empties the second, swaps the record, fills the second", async () => {
    const world = await createRouted(DUAL);
    expect(world.reach()).toEqual({ IPv4: [uidOf(world, "db-1")], IPv6: [uidOf(world, "db-1")] });
    setReady(world, "db-1", false);
    await world.run();
    expect(writesOf(world).slice(0, 3)).toEqual([
      `patch endpointslices ${V6}`,
      `patch endpointslices ${V4}`,
      `patch endpointslices ${V6}`,
    ]);
    expect(world.reach()).toEqual({ IPv4: [uidOf(world, "db-2")], IPv6: [uidOf(world, "db-2")] });
    expect(world.violations).toEqual([]);
  });
});

describe("the way back", () => {
  it("gives the selector back first, and takes our slices away when the controllers have filled theirs", async () => {
    const world = await createRouted(DUAL);
    world.change(SERVICES, "db", {
      metadata: { annotations: Object.fromEntries(Object.keys(ROUTE).map((key) => [key, null])) },
    });
    expect(await world.run()).toMatchObject({ kind: "retry", reason: "ControllersNotFilled" });
    expect(writesOf(world)).toEqual(["patch services db"]);
    world.control();
    world.forget();
    expect(await world.run()).toEqual({ kind: "done", reason: "NotRouted" });
    expect(writesOf(world)).toEqual([
      `delete endpointslices ${V6}`,
      `delete endpointslices ${V4}`,
      "patch services db",
    ]);
    expect(world.gaps).toEqual([]);
    expect(world.get(SERVICES, "db")?.spec).toMatchObject({ selector: { app: "db" } });
    expect(world.get(SERVICES, "db")?.metadata.labels).toEqual({ team: "data" });
    expect(world.get(SERVICES, "db")?.metadata.annotations).toBeUndefined();
    expect(world.events.map(({ type }) => type)).toEqual(["dev.bellwether.leader.lost.v1"]);
    expect(world.get(ENDPOINT_SLICES, V4)).toBeUndefined();
  });
});

/** The notes of the Kubernetes Events that were asked for. */
const notesOf = ({ requests }: RouteWorld): readonly string[] =>
  requests.filter(({ resource }) => resource === EVENTS).map(({ body }) => (body as { readonly note: string }).note);

const epochOf = (world: RouteWorld): number =>
  Number(world.get(ENDPOINT_SLICES, V4)?.metadata.annotations?.[EPOCH_ANNOTATION]);

const refusal = (status: number, reason: string, causes: readonly unknown[] = []): KubeResponse => ({
  status,
  body: { kind: "Status", reason, message: "no", details: { causes } },
});

const switchOff = (world: RouteWorld): void => {
  const annotations = Object.fromEntries(Object.keys(ROUTE).map((key) => [key, null]));
  world.change(SERVICES, "db", { metadata: { annotations } });
};

describe("the choice", () => {
  it("prefers the pod that a label already calls active, then priority, then age, then name", async () => {
    const labelled = createScene();
    labelled.change(PODS, "db-3", { metadata: { labels: { "qoqo.dev/pod-designation": "active" } } });
    await labelled.settle();
    expect(labelled.reach().IPv4).toEqual([uidOf(labelled, "db-3")]);
    const preferred = createScene();
    addPod(preferred, "db-4", { priority: 5 });
    await preferred.settle();
    expect(preferred.reach().IPv4).toEqual([uidOf(preferred, "db-4")]);
  });

  it("with nobody eligible keeps the active pod, and says once that its endpoint is not Ready", async () => {
    const world = await createRouted();
    for (const name of ["db-1", "db-2", "db-3"]) setReady(world, name, false);
    await world.run();
    await world.run();
    expect(writesOf(world)).toEqual([`patch endpointslices ${V4}`, "create events"]);
    expect(world.get(ENDPOINT_SLICES, V4)).toMatchObject({
      endpoints: [{ targetRef: { name: "db-1" }, conditions: { ready: false, serving: false } }],
    });
    expect(await world.sweep()).toEqual([]);
  });

  it("never leaves the address of a pod that is gone", async () => {
    const world = await createRouted();
    for (const name of ["db-2", "db-3"]) setReady(world, name, false);
    world.remove(PODS, "db-1");
    await world.run();
    expect(world.get(ENDPOINT_SLICES, V4)).toMatchObject({ endpoints: null });
  });
});

describe("epochs", () => {
  it("grow with each move, and are told on the Service", async () => {
    const world = await createRouted();
    const first = epochOf(world);
    setReady(world, "db-1", false);
    await world.run();
    expect(epochOf(world)).toBe(first + 1);
    expect(world.get(SERVICES, "db")?.metadata.annotations).toMatchObject({
      "bellwether.dev/routed-epoch": String(first + 1),
    });
  });

  it("go on above the last one when somebody deletes the slice", async () => {
    const world = await createRouted();
    for (const name of ["db-1", "db-2"]) {
      setReady(world, name, false);
      // oxlint-disable-next-line no-await-in-loop
      await world.run();
    }
    const before = epochOf(world);
    world.remove(ENDPOINT_SLICES, V4);
    expect(await world.sweep()).toEqual(["db"]);
    await world.settle();
    expect(epochOf(world)).toBeGreaterThan(before);
    expect(world.reach().IPv4).toEqual([uidOf(world, "db-3")]);
  });
});

describe("a pass that cannot go on", () => {
  it("begins again when somebody was faster", async () => {
    const world = await createRouted();
    setReady(world, "db-1", false);
    let raced = false;
    world.intercept(({ resource, verb }) => {
      if (raced || verb !== "patch" || resource !== ENDPOINT_SLICES) return undefined;
      raced = true;
      return refusal(409, "Conflict");
    });
    expect(await world.run()).toEqual({ kind: "done", reason: "Routed" });
    expect(writesOf(world).filter((write) => write === `patch endpointslices ${V4}`)).toHaveLength(2);
  });

  it("says once that it is refused, and asks again later", async () => {
    const world = createScene();
    world.intercept(({ resource, verb }) =>
      resource === ENDPOINT_SLICES && verb === "create" ? refusal(403, "Forbidden") : undefined,
    );
    expect(await world.run()).toMatchObject({ kind: "retry", trouble: "group", afterMs: 5_000 });
    await world.run();
    expect(notesOf(world)).toEqual([`create EndpointSlice ${V4}: 403 Forbidden: no`]);
    expect(world.reach().IPv4).toHaveLength(3);
  });

  it("in a namespace that goes away is done", async () => {
    const world = createScene();
    const causes = [{ reason: "NamespaceTerminating" }];
    world.intercept(({ resource, verb }) =>
      resource === ENDPOINT_SLICES && verb === "create" ? refusal(403, "Forbidden", causes) : undefined,
    );
    expect(await world.run()).toEqual({ kind: "done", reason: "NamespaceTerminating" });
  });

  it("makes no slice for a Service that was edited since it was read", async () => {
    const world = createScene();
    let reads = 0;
    world.intercept(({ resource, verb }) => {
      if (resource !== SERVICES || verb !== "get") return undefined;
      reads += 1;
      if (reads === 2) switchOff(world);
      return undefined;
    });
    expect(await world.run()).toEqual({ kind: "done", reason: "NotRouted" });
    expect(writesOf(world).filter((write) => write.startsWith("create"))).toEqual([]);
    expect(world.get(SERVICES, "db")?.metadata.annotations).toBeUndefined();
  });
});

describe("a Service that leaves the mode and comes back", () => {
  it("is told of again", async () => {
    const world = await createRouted();
    switchOff(world);
    await world.settle();
    world.forget();
    world.change(SERVICES, "db", { metadata: { annotations: ROUTE } });
    await world.settle();
    expect(notesOf(world)).toEqual([expect.stringContaining("pod db-1 is the active pod under epoch")]);
    expect(world.events.map(({ type }) => type)).toEqual(["dev.bellwether.leader.elected.v1"]);
  });
});

describe("observe mode", () => {
  it("says what would be done, and writes nothing else", async () => {
    const world = createScene();
    const io = { context: { ...world.context, mode: "observe" as const }, send: world.send };
    await world.clock.settle(world.route.run(io, { namespace: NAMESPACE, name: "db" }));
    expect(writesOf(world)).toEqual(["create events"]);
    expect(notesOf(world)).toEqual(["pod db-1 would be active; next: service"]);
  });
});

describe("others", () => {
  it("that keep slices for the Service are named in an Event, and the cut-over has ended again when they are gone", async () => {
    const world = await createRouted();
    world.create(ENDPOINT_SLICES, {
      metadata: { name: "mine", labels: { "kubernetes.io/service-name": "db" } },
      addressType: "IPv4",
      endpoints: [{ addresses: ["10.9.9.9"] }],
      ports: [],
    });
    expect(await world.run()).toEqual({ kind: "done", reason: "OtherSlices" });
    expect(notesOf(world)).toEqual([
      "the Service leads past its active pod: somebody else keeps EndpointSlices for it: mine",
    ]);
    const exclusive = (): unknown => world.get(ENDPOINT_SLICES, V4)?.metadata.annotations?.["bellwether.dev/exclusive"];
    expect(exclusive()).toBeUndefined();
    world.remove(ENDPOINT_SLICES, "mine");
    expect(await world.sweep()).toEqual(["db"]);
    expect(await world.run()).toEqual({ kind: "done", reason: "Routed" });
    expect([exclusive(), await world.sweep()]).toEqual(["true", []]);
  });

  it("who take the slice's label off are found by the sweep, and it is put back", async () => {
    const world = await createRouted();
    world.change(ENDPOINT_SLICES, V4, { metadata: { labels: { "kubernetes.io/service-name": null } } });
    expect(await world.sweep()).toEqual(["db"]);
    await world.run();
    expect(world.reach().IPv4).toEqual([uidOf(world, "db-1")]);
  });

  it("who rewrite the name beside the holder's uid are put right once, though no pod can be active", async () => {
    const world = await createRouted();
    for (const name of ["db-1", "db-2", "db-3"]) setReady(world, name, false);
    await world.settle();
    world.change(ENDPOINT_SLICES, V4, { metadata: { annotations: { "bellwether.dev/holder": "other" } } });
    world.forget();
    await world.settle();
    await world.run();
    expect(writesOf(world).filter((write) => write.startsWith("patch"))).toEqual([
      `patch endpointslices ${V4}`,
      "patch services db",
    ]);
  });
});
