/** A sweep of namespaces in some of which it may not list: those that it may list are swept, and of the others nothing is concluded. */
import { expect, test } from "vitest";
import type { SweepOutcome } from "../../../functions/kit/feature.ts";
import { createElection } from "../../../functions/election/feature.ts";
import { LOCKS, ROLES } from "../../../functions/election/labels.ts";
import { ELECTION_METRICS } from "../../../functions/election/metrics.ts";
import {
  apiVersionOf,
  createRequest,
  LEASES,
  PODS,
  STATEFUL_SETS,
  type KubeRequest,
  type KubeResponse,
} from "../../../functions/kit/kube/request.ts";
import { addLock, addPod, addSet, countPods, createWorld, type World } from "../support/world.ts";

const FORBIDDEN: KubeResponse = { status: 403, body: { kind: "Status", reason: "Forbidden", message: "no" } };
const PLURALS = [LOCKS, STATEFUL_SETS, LEASES, PODS].map(({ plural }) => plural);

/** A lock of the namespace "default" that needs a run, and one of "kube-public", both with their StatefulSets. */
const worldOf = (namespaces: readonly string[]): World => {
  const world = createWorld({
    roles: ROLES,
    metrics: ELECTION_METRICS,
    create: (context) => createElection({ ...context, namespaces }),
  });
  addSet(world);
  addPod(world, "db-0");
  countPods(world, 1);
  addLock(world);
  const spec = { statefulSetName: "db", leaseName: "db-lease", leaseDurationSeconds: 30 };
  const lock = { apiVersion: apiVersionOf(LOCKS), kind: LOCKS.kind, metadata: { name: "far" }, spec };
  expect(world.api.handle(createRequest(LOCKS, "kube-public", lock))).toMatchObject({ status: 201 });
  return world;
};

const isList =
  (plural: string, namespace: string) =>
  ({ verb, resource, namespace: where }: KubeRequest): boolean =>
    verb === "list" && resource.plural === plural && where === namespace;

const groupsOf = (outcome: SweepOutcome): number | undefined => (outcome.kind === "swept" ? outcome.groups : undefined);

test.each(PLURALS)("where %s of one namespace may not be listed the other is swept, and it alone", async (plural) => {
  const world = worldOf(["default", "kube-public"]);
  world.intercept((request) => (isList(plural, "kube-public")(request) ? FORBIDDEN : undefined));
  const { outcome, found } = await world.sweep();
  expect(outcome).toEqual({
    kind: "swept",
    groups: 1,
    renewed: 0,
    barred: { namespaces: ["kube-public"], reason: `list ${plural}: 403 Forbidden: no` },
  });
  expect(found).toEqual(["default/db-lock"]);
});

test("different permissions that two namespaces lack leave out both, and a third is swept", async () => {
  const world = worldOf(["a", "default", "kube-public"]);
  const refused = [isList("pods", "a"), isList("leases", "kube-public")];
  world.intercept((request) => (refused.some((matches) => matches(request)) ? FORBIDDEN : undefined));
  const { outcome, found } = await world.sweep();
  expect(outcome).toMatchObject({ groups: 1, barred: { namespaces: ["kube-public", "a"] } });
  expect(found).toEqual(["default/db-lock"]);
});

test("where it may not be listed any more, events still find what was known", async () => {
  const world = worldOf(["default", "kube-public"]);
  await world.sweep();
  world.intercept((request) => (isList("pods", "kube-public")(request) ? FORBIDDEN : undefined));
  await world.sweep();
  const event = { type: "object", id: "1", source: "test", change: "update" } as const;
  const set = { apiVersion: "apps/v1", kind: "StatefulSet", namespace: "kube-public", name: "db", object: undefined };
  expect(world.feature.groupsOf({ ...event, ...set })).toEqual(["kube-public/far"]);
});

test("what is refused once is swept again by the next sweep", async () => {
  const world = worldOf(["default", "kube-public"]);
  world.intercept((request) => (isList("pods", "kube-public")(request) ? FORBIDDEN : undefined));
  await world.sweep();
  world.intercept(undefined);
  const { outcome, found } = await world.sweep();
  expect([groupsOf(outcome), found]).toEqual([2, ["default/db-lock", "kube-public/far"]]);
  expect(outcome).not.toHaveProperty("barred");
});

test.each<[string, readonly string[]]>([
  ["all namespaces at once", []],
  ["every namespace", ["default", "kube-public"]],
])("where nothing may be listed in %s, nothing counts as read", async (_title, namespaces) => {
  const world = worldOf(namespaces);
  world.intercept(({ resource }) => (resource.plural === "pods" ? FORBIDDEN : undefined));
  let calls = 0;
  const outcome = await world.clock.settle(
    world.feature.sweep(world.send, () => {
      calls += 1;
    }),
  );
  expect(outcome).toEqual({ kind: "barred", namespaces, reason: "list pods: 403 Forbidden: no" });
  expect(calls).toBe(0);
});

test("a server in trouble in one namespace fails the sweep, whatever it may not list in another", async () => {
  const world = worldOf(["default", "kube-public"]);
  const trouble: KubeResponse = { status: 503, body: { kind: "Status", reason: "ServiceUnavailable" } };
  world.intercept((request) => {
    if (isList("pods", "default")(request)) return trouble;
    return isList("pods", "kube-public")(request) ? FORBIDDEN : undefined;
  });
  expect(await world.sweep()).toMatchObject({ outcome: { kind: "failed" }, found: [] });
});
