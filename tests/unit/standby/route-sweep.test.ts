/** Goal: what events did not tell of route mode is found by the sweep, in a number of reads that does not grow with the Services. */
import { describe, expect, it } from "vitest";
import { createRequest, ENDPOINT_SLICES, PODS, SERVICES } from "../../../functions/kit/kube/request.ts";
import { createStandby } from "../../../functions/standby/feature.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { viewService } from "../../../functions/standby/model.ts";
import { NAMESPACE } from "../support/builders.ts";
import {
  createRouted,
  createRouteWorld,
  createScene,
  DUAL,
  ROUTE,
  setReady,
  warningsOf,
  type RouteWorld,
} from "./route-world.ts";

const V4 = "db-bellwether-ipv4";
const V6 = "db-bellwether-ipv6";

describe("the sweep", () => {
  it("finds a move that no event told of, with one LIST of pods for all Services", async () => {
    const world = await createRouted();
    setReady(world, "db-1", false);
    expect(await world.sweep()).toEqual(["db"]);
    const lists = world.requests.filter(({ verb, resource }) => verb === "list" && resource === PODS);
    expect(lists.map(({ path }) => path)).toEqual(["/api/v1/pods?labelSelector=app+in+%28db%29&limit=500"]);
  });

  it("finds the slices of a Service that is gone, and a run takes them away", async () => {
    const world = await createRouted(DUAL);
    world.remove(SERVICES, "db");
    expect(await world.sweep()).toEqual(["db"]);
    expect(await world.run()).toEqual({ kind: "done", reason: "ServiceGone" });
    expect([world.get(ENDPOINT_SLICES, V4), world.get(ENDPOINT_SLICES, V6)]).toEqual([undefined, undefined]);
    expect(world.events.map(({ type }) => type)).toEqual(["dev.bellwether.leader.lost.v1"]);
    expect(await world.sweep()).toEqual([]);
  });

  it("runs every Service of the mode when it cannot read", async () => {
    const world = await createRouted();
    world.intercept(({ verb, resource }) =>
      verb === "list" && resource === PODS
        ? { status: 500, body: { kind: "Status", reason: "InternalError" } }
        : undefined,
    );
    expect(await world.sweep()).toEqual(["db"]);
  });

  it("runs no Service whose slices may not be read, and says each time what is missing", async () => {
    const world = await createRouted();
    const answer = { status: 403, body: { kind: "Status", reason: "Forbidden", message: "no" } };
    world.intercept(({ resource }) => (resource === ENDPOINT_SLICES ? answer : undefined));
    expect([await world.sweep(), await world.sweep()]).toEqual([[], []]);
    const said = world.errors.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    const remedy = "grant the function what its present ClusterRole lists (infra/rbac/function.yaml)";
    const text = { reason: "list endpointslices: 403 Forbidden: no", remedy };
    expect(said).toEqual([expect.objectContaining(text), expect.objectContaining(text)]);
  });

  it("runs the Services of the namespaces that may be read", async () => {
    const world = await createRouted();
    setReady(world, "db-1", false);
    const context = { ...world.context, namespaces: ["closed", NAMESPACE] };
    const answer = { status: 403, body: { kind: "Status", reason: "Forbidden", message: "no" } };
    world.intercept(({ path }) => (path.includes("/namespaces/closed/") ? answer : undefined));
    const db = viewService(world.get(SERVICES, "db") as KubeObject);
    const metadata = { ...db.raw.metadata, namespace: "closed" };
    const services = [db, viewService({ ...db.raw, metadata })];
    const swept = await world.clock.settle(world.route.sweep({ context, send: world.send }, Promise.resolve(services)));
    expect(swept).toEqual({ services: 2, runs: [{ namespace: NAMESPACE, name: "db" }] });
    expect(world.errors).toHaveLength(1);
  });

  it("leaves out the namespaces in which the feature may not list, and concludes nothing of slices there", async () => {
    const world = await createRouted();
    setReady(world, "db-1", false);
    const { addressType, metadata } = world.get(ENDPOINT_SLICES, V4) as KubeObject & { readonly addressType: string };
    const slice = { addressType, endpoints: [], metadata: { name: metadata.name, labels: metadata.labels ?? {} } };
    expect(world.api.handle(createRequest(ENDPOINT_SLICES, "kube-public", slice))).toMatchObject({ status: 201 });
    const answer = { status: 403, body: { kind: "Status", reason: "Forbidden", message: "no" } };
    world.intercept(({ resource, namespace }) =>
      resource === SERVICES && namespace === "kube-public" ? answer : undefined,
    );
    const feature = createStandby({ ...world.context, namespaces: ["kube-public", NAMESPACE] });
    const found: string[] = [];
    const outcome = await world.clock.settle(feature.sweep(world.send, (groups) => found.push(...groups)));
    expect(outcome).toMatchObject({ groups: 1, barred: { namespaces: ["kube-public"] } });
    expect(found).toEqual([`route:${NAMESPACE}/db`]);
    expect(world.errors).toEqual([]);
  });

  it("finds controllers' slices that are filled again, and says so until they are empty", async () => {
    const world = await createRouted();
    await world.clock.advance(5_000);
    world.change(PODS, "db-2", { metadata: { labels: { "bellwether.dev/routed": "slice" } } });
    world.control();
    expect(await world.sweep()).toEqual(["db"]);
    await world.run();
    expect(warningsOf(world)).toHaveLength(1);
    world.change(PODS, "db-2", { metadata: { labels: { "bellwether.dev/routed": null } } });
    world.control();
    await world.settle();
    expect(await world.sweep()).toEqual([]);
  });

  it("forgets what was said of a Service that has left the mode while another instance served it", async () => {
    const world = createScene();
    for (const name of ["db-1", "db-2", "db-3"]) setReady(world, name, false);
    const mode = (value: string | null): void => {
      world.change(SERVICES, "db", { metadata: { annotations: { "bellwether.dev/route": value } } });
    };
    await world.run();
    await world.run();
    mode(null);
    await world.sweep();
    mode("slice");
    await world.run();
    expect(warningsOf(world).map((text) => text.split(":")[0])).toEqual(["NoEligiblePod", "NoEligiblePod"]);
  });

  it("asks for the label alone where its value is empty", async () => {
    const world = createScene({ selector: { role: "" } });
    await world.sweep();
    expect(world.requests.map(({ path }) => path)).toContain("/api/v1/pods?labelSelector=role&limit=500");
  });

  it("reads one LIST where there is no Service of the mode", async () => {
    const world = createScene({ annotations: {} });
    expect(await world.sweep()).toEqual([]);
    expect(world.requests).toHaveLength(1);
  });
});

const SERVICES_COUNT = 1_000;
/** Of a whole tick, whatever it sweeps. */
const READS_MAX = 30;
const deadlineMs = 60_000;
const READY = {
  status: {
    phase: "Running",
    podIPs: [{ ip: "10.1.0.1" }],
    conditions: [{ type: "Ready", status: "True" }],
  },
};

type Labelling = (index: number) => Readonly<Record<string, string>>;

/** One pod for each Service; nothing of ours yet. */
const createCrowd = (labelling: Labelling): RouteWorld => {
  const world = createRouteWorld();
  for (let index = 0; index < SERVICES_COUNT; index += 1) {
    const labels = labelling(index);
    world.create(PODS, {
      metadata: { name: `pod-${index}`, labels },
      spec: { containers: [{ name: "main", image: "example.test/db" }] },
    });
    world.change(PODS, `pod-${index}`, READY, "status");
    const spec = { selector: labels, ports: [{ port: 80 }] };
    world.create(SERVICES, { metadata: { name: `store-${index}`, annotations: ROUTE }, spec });
  }
  return world;
};

const LABEL_CHARACTERS = 63;
const CROWDS: readonly (readonly [title: string, labelling: Labelling, selectors: number])[] = [
  ["of one application each", (index) => ({ app: `store-${index}` }), 3],
  ["whose labels are as long as they may be", (index) => ({ app: String(index).padStart(LABEL_CHARACTERS, "x") }), 17],
  ["that have no label in common", (index) => ({ [`app-${index}`]: "store" }), 1],
];

describe(`the sweep of ${SERVICES_COUNT} Services in route mode`, () => {
  it.each(CROWDS)(
    `%s takes at most ${READS_MAX} reads`,
    async (_, labelling, selectors) => {
      const world = createCrowd(labelling);
      const found: string[] = [];
      await world.clock.settle(createStandby(world.context).sweep(world.send, (groups) => found.push(...groups)));
      expect(found).toHaveLength(SERVICES_COUNT);
      expect(world.requests.every(({ verb }) => verb === "list")).toBe(true);
      expect(world.requests.length).toBeLessThanOrEqual(READS_MAX);
      // Not the pages of label mode's LISTs, nor further pages.
      const asked = world.requests.filter(({ resource, path }) => resource === PODS && !path.includes("continue="));
      const own = asked.filter(({ path }) => !/labelSelector=(?:bellwether|qoqo)/.test(path));
      expect(own).toHaveLength(selectors);
    },
    deadlineMs,
  );
});
