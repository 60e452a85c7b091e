import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { createCluster, LEASES_PATH, pod, PODS_PATH } from "./support.ts";

/** Managers whose entry has the field, given as a path of `fieldsV1`. */
const ownersOf = ({ metadata }: KubeObject, ...path: readonly string[]): readonly (string | undefined)[] =>
  (metadata.managedFields ?? [])
    .filter(({ fieldsV1 }) => {
      const at = path.reduce<unknown>((node, step) => (node as Record<string, unknown> | undefined)?.[step], fieldsV1);
      return at !== undefined;
    })
    .map(({ manager }) => manager);

const RENEW_TIME = ["f:spec", "f:renewTime"] as const;
const ROLE = ["f:metadata", "f:labels", "f:sts-role"] as const;

describe("managedFields", () => {
  it("name the manager that changed a Lease's renewTime last, and when", () => {
    const { object, clock } = createCluster();
    const spec = { holderIdentity: "a", renewTime: "2026-01-01T00:00:00.000000Z" };
    expect(ownersOf(object("POST", LEASES_PATH, { metadata: { name: "l" }, spec }, "first"), ...RENEW_TIME)).toEqual([
      "first",
    ]);
    clock.nowMs += 5000;
    const renewed = object(
      "PATCH",
      `${LEASES_PATH}/l`,
      { spec: { renewTime: "2026-01-01T00:00:05.000000Z" } },
      "second",
    );
    expect(ownersOf(renewed, ...RENEW_TIME)).toEqual(["second"]);
    expect(ownersOf(renewed, "f:spec", "f:holderIdentity")).toEqual(["first"]);
    expect(renewed.metadata.managedFields?.map(({ manager, operation, time }) => [manager, operation, time])).toEqual([
      ["first", "Update", "2026-01-01T00:00:00Z"],
      ["second", "Update", "2026-01-01T00:00:05Z"],
    ]);
  });

  it("leave a field with its owner when another manager writes the same value", () => {
    const { object } = createCluster();
    object("POST", PODS_PATH, pod("a", { labels: { "sts-role": "writer" } }), "first");
    const after = object(
      "PATCH",
      `${PODS_PATH}/a`,
      { metadata: { labels: { "sts-role": "writer", x: "1" } } },
      "second",
    );
    expect(ownersOf(after, ...ROLE)).toEqual(["first"]);
    expect(ownersOf(after, "f:metadata", "f:labels", "f:x")).toEqual(["second"]);
  });

  it("forget a label that is removed, and who set it", () => {
    const { object } = createCluster();
    object("POST", PODS_PATH, pod("a"), "kubelet");
    object("PATCH", `${PODS_PATH}/a`, { metadata: { labels: { "sts-role": "writer" } } }, "person");
    const after = object("PATCH", `${PODS_PATH}/a`, { metadata: { labels: { "sts-role": null } } }, "bellwether");
    expect(after.metadata.managedFields?.map(({ manager }) => manager)).toEqual(["kubelet"]);
  });

  it("keep what was written through status apart", () => {
    const { object } = createCluster();
    object("POST", PODS_PATH, pod("a"), "kubelet");
    const after = object("PATCH", `${PODS_PATH}/a/status`, { status: { phase: "Running" } }, "kubelet");
    expect(after.metadata.managedFields?.map(({ subresource }) => subresource)).toEqual([undefined, "status"]);
  });

  it("take the manager from fieldManager in the query before the caller's", () => {
    const { object } = createCluster();
    const created = object("POST", `${PODS_PATH}?fieldManager=named`, pod("a"), "caller");
    expect(created.metadata.managedFields?.map(({ manager }) => manager)).toEqual(["named"]);
  });
});
