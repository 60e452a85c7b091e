/** Which requests of a cluster at rest are due. */
import { expect, test } from "vitest";
import { renewalsDue, writesAtRest } from "../../../bench/idle/count.ts";
import type { GatedRequest } from "../../../infra/lab/api-gate.ts";

const request = (method: string, path: string): GatedRequest => ({ method, path, status: 200, body: "" });
const lease = (name: string): string => `/apis/coordination.k8s.io/v1/namespaces/data/leases/${name}`;

test("patches of Leases are renewals, each Lease's own; every other write is told by its resource", () => {
  const { renewals, others, reads } = writesAtRest([
    request("GET", lease("db0")),
    request("PATCH", `${lease("db0")}?fieldManager=bellwether`),
    request("PATCH", `${lease("db0")}?fieldManager=bellwether`),
    request("PATCH", lease("db1")),
    request("POST", "/apis/coordination.k8s.io/v1/namespaces/data/leases"),
    request("DELETE", lease("db1")),
    request("PATCH", "/apis/app.anukkrit.me/v1/namespaces/data/statefulsetlocks/db0/status?fieldManager=bellwether"),
    request("GET", "/api/v1/pods?limit=500"),
  ]);
  expect([...renewals.values()]).toEqual([2, 1]);
  expect(others).toEqual(["POST leases", "DELETE leases", "PATCH statefulsetlocks/status"]);
  expect(reads).toBe(2);
});

test.each<[string, number, number, number]>([
  ["a Lease of 30 s is renewed by every second tick of 10 s", 30, 10, 6],
  ["a Lease of 40 s too, exactly at half of it", 40, 10, 6],
  ["a Lease of 41 s by every third", 41, 10, 4],
  ["a Lease of 15 s by every one", 15, 10, 12],
])("%s", (_title, leaseSeconds, tickSeconds, due) => {
  expect(renewalsDue({ windowSeconds: 120, leaseSeconds, tickSeconds })).toBe(due);
});
