/** Addresses of pods as gRPC writes them. */
import { describe, expect, test } from "vitest";
import { governedHost, grpcTarget } from "../../../functions/roles/ask/address.ts";

test("a pod's DNS name is below the governing Service of its set and the domain of the cluster", () => {
  expect(governedHost({ pod: "db-0", serviceName: "db", namespace: "data", clusterDomain: "k8s.example" })).toBe(
    "db-0.db.data.svc.k8s.example",
  );
});

describe("a target", () => {
  test.each([
    ["10.0.0.1", "ipv4:10.0.0.1:8000"],
    ["fd00::1", "ipv6:[fd00::1]:8000"],
    ["::ffff:10.0.0.1", "ipv6:[::ffff:10.0.0.1]:8000"],
    ["db-0.db.data.svc.cluster.local", "dns:db-0.db.data.svc.cluster.local:8000"],
  ])("with the host %s is %s", (host, target) => {
    expect(grpcTarget({ host, port: 8000 })).toBe(target);
  });
});
