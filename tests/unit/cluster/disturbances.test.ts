/** A disturbance that found nothing to disturb would let any function pass. */
import { expect, test, vi } from "vitest";
import type { ClusterNode } from "../../../infra/lab/node/cluster-node.ts";
import {
  activatorRestarts,
  endingForced,
  instanceDeleted,
  instanceForced,
} from "../../integration/cluster/support/disturbances.ts";

const RUNNING = {
  metadata: { namespace: "a", name: "b" },
  status: { conditions: [{ type: "Ready", status: "True" }] },
};
const ENDING = { ...RUNNING, metadata: { ...RUNNING.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } };

const nodeWith = (...items: readonly object[]): ClusterNode & { readonly deleted: () => number } => {
  const call = vi.fn<(method: string) => Promise<object>>(async () => ({ status: 200, body: { items } }));
  const deleted = (): number => call.mock.calls.filter(([method]) => method === "DELETE").length;
  return { api: { call }, deleted } as unknown as ReturnType<typeof nodeWith>;
};

test.each([
  ["activatorRestarts", activatorRestarts, []],
  ["instanceDeleted", instanceDeleted, []],
  ["instanceDeleted", instanceDeleted, [ENDING]],
  ["instanceForced", instanceForced, [ENDING]],
  ["endingForced", endingForced, [RUNNING]],
] as const)("%s throws before the fault where there is no such pod", async (_, disturbance, pods) => {
  const node = nodeWith(...pods);
  const fault = vi.fn<() => Promise<void>>();
  await expect(disturbance(node, fault)).rejects.toThrow(/no pod to delete|no instance is/);
  expect(fault).not.toHaveBeenCalled();
  expect(node.deleted()).toBe(0);
});

test.each([
  ["instanceDeleted", instanceDeleted, [RUNNING]],
  ["instanceForced", instanceForced, [RUNNING, ENDING]],
  ["endingForced", endingForced, [ENDING]],
] as const)("%s deletes what there is, and then comes the fault", async (_, disturbance, pods) => {
  const node = nodeWith(...pods);
  const fault = vi.fn<() => Promise<void>>();
  await disturbance(node, fault);
  expect(node.deleted()).toBe(pods.length);
  expect(fault).toHaveBeenCalledTimes(1);
});
