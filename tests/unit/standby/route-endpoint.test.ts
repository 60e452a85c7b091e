/** Goal: our endpoint is what the EndpointSlice controller would write of that pod, for every kind of Service. */
import { describe, expect, test } from "vitest";
import { endpointOf, familiesOf, portsOf } from "../../../functions/standby/route/endpoint.ts";
import { contentOf, viewRouted, viewRoutePod } from "../../../functions/standby/route/model.ts";
import { NAMESPACE, NOW } from "../support/builders.ts";
import { aService, rawPod, rawService, type RoutePodOptions, type ServiceOptions } from "./route-scene.ts";

const endpoint = (pod: RoutePodOptions, service: ServiceOptions = {}, family: "IPv4" | "IPv6" = "IPv4"): unknown => {
  const view = aService(service);
  return endpointOf(view.raw, viewRoutePod(rawPod("a", pod), view, NOW), family);
};

const TARGET = { kind: "Pod", namespace: NAMESPACE, name: "a", uid: "uid-of-a" };
const READY = { ready: true, serving: true, terminating: false };

describe("the endpoint of a pod", () => {
  test("has its address of the family, its node, and a reference with its uid", () => {
    const rest = { conditions: READY, nodeName: "node-1", targetRef: TARGET };
    expect(endpoint({})).toEqual({ addresses: ["10.1.0.1"], ...rest });
    expect(endpoint({}, {}, "IPv6")).toEqual({ addresses: ["fd00::1"], ...rest });
  });

  test.each([
    [{}, {}, READY],
    [{ ready: false }, {}, { ready: false, serving: false, terminating: false }],
    [{ terminating: true }, {}, { ready: false, serving: true, terminating: true }],
    [{ ready: false, terminating: true }, {}, { ready: false, serving: false, terminating: true }],
    [
      { ready: false },
      { spec: { publishNotReadyAddresses: true } },
      { ready: true, serving: false, terminating: false },
    ],
    [
      { terminating: true },
      { spec: { publishNotReadyAddresses: true } },
      { ready: true, serving: true, terminating: true },
    ],
  ])("of %o behind %o says %o", (pod, service, conditions) => {
    expect(endpoint(pod, service)).toMatchObject({ conditions });
  });

  test.each([
    ["has finished", { phase: "Succeeded" }],
    ["has failed", { phase: "Failed" }],
    ["has no address of the family", { ips: ["fd00::1"] }],
    ["has no address yet", { ips: [] }],
  ])("is none when it %s", (_what, pod) => {
    expect(endpoint(pod)).toBeUndefined();
  });

  test("has a hostname only where the pod's subdomain is the Service", () => {
    const spec = { hostname: "a-host", containers: [] };
    expect(endpoint({ spec: { ...spec, subdomain: "db" } })).toMatchObject({ hostname: "a-host" });
    expect(endpoint({ spec: { ...spec, subdomain: "other" } })).not.toHaveProperty("hostname");
  });

  test("has the zone that the cluster copied from the node to the pod", () => {
    expect(endpoint({ labels: { "topology.kubernetes.io/zone": "eu-1a" } })).toMatchObject({ zone: "eu-1a" });
    expect(endpoint({})).not.toHaveProperty("zone");
  });
});

const container = (name: string, containerPort: number, protocol = "TCP"): unknown => ({
  ports: [{ name, containerPort, protocol }],
});

describe("the ports", () => {
  const pod = rawPod("a", {
    spec: {
      containers: [container("sql", 5432), container("dns", 53, "UDP")],
      initContainers: [
        { restartPolicy: "Always", ports: [{ name: "side", containerPort: 9000 }] },
        container("once", 1),
      ],
    },
  });
  const resolved = (...ports: readonly unknown[]): unknown => portsOf(rawService({ spec: { ports } }), pod);

  test("are those of the Service, with the numbers that the pod's containers give to their names", () => {
    expect(
      resolved(
        { name: "a", port: 80, targetPort: "sql", protocol: "TCP", appProtocol: "postgres" },
        { name: "b", port: 81, targetPort: 8080, protocol: "TCP" },
        { name: "c", port: 82, targetPort: "side", protocol: "TCP" },
        { name: "d", port: 53, targetPort: "dns", protocol: "UDP" },
      ),
    ).toEqual([
      { name: "a", port: 5432, protocol: "TCP", appProtocol: "postgres" },
      { name: "b", port: 8080, protocol: "TCP" },
      { name: "c", port: 9000, protocol: "TCP" },
      { name: "d", port: 53, protocol: "UDP" },
    ]);
  });

  test("leave out a name that no container has with this protocol", () => {
    const names = [
      ["dns", "TCP"],
      ["once", "TCP"],
      ["none", "TCP"],
    ];
    expect(resolved(...names.map(([targetPort, protocol]) => ({ port: 80, targetPort, protocol })))).toEqual([]);
  });

  test("of a Service with one port that has no name have an empty name", () => {
    expect(resolved({ port: 80, protocol: "TCP" })).toEqual([{ name: "", port: 80, protocol: "TCP" }]);
  });

  test("of a headless Service may be none", () => {
    expect(portsOf(rawService({ spec: { clusterIP: "None", ports: null } }), pod)).toEqual([]);
  });
});

const labelsOf = (service: ServiceOptions): Readonly<Record<string, string>> =>
  contentOf(viewRouted(rawService(service), NOW), "IPv4", undefined).labels;

describe("the labels of a slice", () => {
  test("are the Service's own, and those that say whose the slice is", () => {
    expect(labelsOf({ labels: { team: "data", "kubernetes.io/service-name": "liar" } })).toEqual({
      team: "data",
      "kubernetes.io/service-name": "db",
      "endpointslice.kubernetes.io/managed-by": "bellwether.dev",
      "bellwether.dev/route": "record",
    });
  });

  test("say that a Service is headless, and only then", () => {
    const label = "service.kubernetes.io/headless";
    expect(labelsOf({ spec: { clusterIP: "None" } })[label]).toBe("");
    expect(labelsOf({ labels: { [label]: "" } })).not.toHaveProperty(label);
  });
});

test.each([
  [{ ipFamilies: ["IPv6", "IPv4"] }, ["IPv6", "IPv4"]],
  [{ clusterIP: "fd00::9" }, ["IPv6"]],
  [{ clusterIP: "10.96.0.9" }, ["IPv4"]],
  [{ clusterIP: "None" }, ["IPv4"]],
])("the families of %o are %o", (spec, families) => {
  expect(familiesOf(spec)).toEqual(families);
});
