/** Goal: the exact requests of route mode: what is read before a write, and what each write says and on which condition. */
import { describe, expect, it } from "vitest";
import type { KubeRequest } from "../../../functions/kit/kube/request.ts";
import { ENDPOINT_SLICES, SERVICES } from "../../../functions/kit/kube/request.ts";
import { FLOOR } from "../../unit/support/builders.ts";
import {
  addressesOf,
  createRouted,
  createScene,
  DUAL,
  setReady,
  uidOf,
  type RouteWorld,
} from "../../unit/standby/route-world.ts";

const SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
const V4 = "db-bellwether-ipv4";
const SERVICE = "/api/v1/namespaces/default/services/db";
const MANAGER = "?fieldManager=bellwether";
const READS = [`GET ${SERVICE}`, `GET ${SLICES}?labelSelector=kubernetes.io%2Fservice-name%3Ddb&limit=500`] as const;
const PODS = "GET /api/v1/namespaces/default/pods?labelSelector=app%3Ddb&limit=500";

const lines = ({ requests }: RouteWorld): readonly string[] => requests.map(({ method, path }) => `${method} ${path}`);
const writes = ({ requests }: RouteWorld): readonly KubeRequest[] => requests.filter(({ method }) => method !== "GET");

const labels = (part: string): unknown => ({
  team: "data",
  "kubernetes.io/service-name": "db",
  "endpointslice.kubernetes.io/managed-by": "bellwether.dev",
  "bellwether.dev/route": part,
});

const ownedBy = (world: RouteWorld): unknown => [
  { apiVersion: "v1", kind: "Service", name: "db", uid: world.get(SERVICES, "db")?.metadata.uid, controller: true },
];

const endpoint = (world: RouteWorld, pod: string, address: string | undefined): unknown => ({
  addresses: [address],
  conditions: { ready: true, serving: true, terminating: false },
  nodeName: "node-1",
  targetRef: { kind: "Pod", namespace: "default", name: pod, uid: uidOf(world, pod) },
});

const PORTS = [{ name: "sql", port: 5432, protocol: "TCP" }];

describe("route mode", () => {
  it("makes the slice, and then gives it its pod, between two writes of the Service", async () => {
    const world = createScene();
    const uid = world.get(SERVICES, "db")?.metadata.uid;
    await world.run();
    expect(lines(world)).toEqual([
      ...READS,
      `GET ${SLICES}/${V4}`,
      PODS,
      `PATCH ${SERVICE}${MANAGER}`,
      `GET ${SERVICE}`,
      `POST ${SLICES}${MANAGER}`,
      `GET ${SERVICE}`,
      `PATCH ${SLICES}/${V4}${MANAGER}`,
      `PATCH ${SERVICE}${MANAGER}`,
      `POST /apis/events.k8s.io/v1/namespaces/default/events${MANAGER}`,
    ]);
    const [claim, creation, assignment, narrowing] = writes(world).map(({ body }) => body);
    const { resourceVersion: turn } = (narrowing as { readonly metadata: { readonly resourceVersion: string } })
      .metadata;
    expect(claim).toEqual({
      metadata: {
        annotations: { "bellwether.dev/routed-selector": '{"app":"db"}' },
        uid,
        resourceVersion: expect.any(String),
      },
    });
    expect(creation).toEqual({
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: V4,
        namespace: "default",
        labels: labels("record"),
        annotations: {
          "bellwether.dev/epoch": String(FLOOR - 1),
          "bellwether.dev/holder-uid": "",
          "bellwether.dev/holder": "",
          "bellwether.dev/route-turn": turn,
        },
        ownerReferences: ownedBy(world),
      },
      addressType: "IPv4",
      endpoints: [],
      ports: [],
    });
    expect(assignment).toMatchObject({
      metadata: {
        annotations: {
          "bellwether.dev/epoch": String(FLOOR),
          "bellwether.dev/holder-uid": uidOf(world, "db-1"),
          "bellwether.dev/holder": "db-1",
          "bellwether.dev/route-turn": turn,
        },
        uid: world.get(ENDPOINT_SLICES, V4)?.metadata.uid,
        resourceVersion: expect.any(String),
      },
      endpoints: [endpoint(world, "db-1", addressesOf(1)[0])],
      ports: PORTS,
    });
    expect(narrowing).toEqual({
      metadata: {
        annotations: {
          "bellwether.dev/routed-selector": '{"app":"db"}',
          "bellwether.dev/routed-epoch": String(FLOOR),
        },
        labels: { "bellwether.dev/route-turn": turn },
        uid,
        resourceVersion: expect.any(String),
      },
      spec: { selector: { "bellwether.dev/routed": "slice" } },
    });
  });

  it("fails over by one patch of the slice, after two rounds of reads", async () => {
    const world = await createRouted();
    const { uid, resourceVersion } = world.get(ENDPOINT_SLICES, V4)?.metadata ?? {};
    const turn = world.get(SERVICES, "db")?.metadata.labels?.["bellwether.dev/route-turn"];
    setReady(world, "db-1", false);
    await world.clock.advance(2_000);
    await world.run();
    expect(lines(world).slice(0, 4)).toEqual([...READS, PODS, `PATCH ${SLICES}/${V4}${MANAGER}`]);
    expect(writes(world)[0]).toMatchObject({ contentType: "application/merge-patch+json" });
    expect(writes(world)[0]?.body).toEqual({
      metadata: {
        labels: labels("record"),
        annotations: {
          "bellwether.dev/epoch": String(FLOOR + 2),
          "bellwether.dev/holder-uid": uidOf(world, "db-2"),
          "bellwether.dev/holder": "db-2",
          "bellwether.dev/second-uid": null,
          "bellwether.dev/route-turn": turn,
          "bellwether.dev/exclusive": "true",
        },
        ownerReferences: ownedBy(world),
        uid,
        resourceVersion,
      },
      endpoints: [endpoint(world, "db-2", addressesOf(2)[0])],
      ports: PORTS,
    });
  });

  it("of two families empties the second under the epoch that the record then takes", async () => {
    const world = await createRouted(DUAL);
    setReady(world, "db-1", false);
    await world.run();
    const epochs = writes(world)
      .slice(0, 3)
      .map(({ name, body }) => {
        const { metadata, endpoints } = body as {
          readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
          readonly endpoints: readonly unknown[];
        };
        return `${name} ${metadata.annotations["bellwether.dev/epoch"]} ${metadata.annotations["bellwether.dev/holder"]} ${endpoints.length}`;
      });
    expect(epochs).toEqual([
      `db-bellwether-ipv6 ${FLOOR + 1}  0`,
      `${V4} ${FLOOR + 1} db-2 1`,
      `db-bellwether-ipv6 ${FLOOR + 1} db-2 1`,
    ]);
  });

  it("takes away labels that the Service does not have any more", async () => {
    const world = await createRouted();
    world.change(SERVICES, "db", { metadata: { labels: { team: null } } });
    await world.run();
    expect(writes(world)[0]?.body).toMatchObject({ metadata: { labels: { team: null } } });
    expect(world.get(ENDPOINT_SLICES, V4)?.metadata.labels).not.toHaveProperty("team");
  });

  it("sends every write but creations on the condition of uid and resourceVersion", async () => {
    const world = await createRouted(DUAL);
    setReady(world, "db-1", false);
    await world.run();
    world.change(SERVICES, "db", {
      metadata: { annotations: { "bellwether.dev/route": null, "qoqo.dev/service-mode": null } },
    });
    await world.settle();
    const conditional = writes(world).filter(({ verb }) => verb !== "create");
    expect(conditional.length).toBeGreaterThan(6);
    for (const { verb, body } of conditional) {
      const { metadata, preconditions } = body as { readonly metadata?: unknown; readonly preconditions?: unknown };
      expect(verb === "delete" ? preconditions : metadata).toMatchObject({
        uid: expect.stringMatching(/./),
        resourceVersion: expect.stringMatching(/./),
      });
    }
  });
});
