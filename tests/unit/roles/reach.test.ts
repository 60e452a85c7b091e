/** Checkers on sets of other namespaces: a way to relabel foreign pods, so only where the installation says so. */
import { expect, test } from "vitest";
import { admit, outOfReach } from "../../../functions/roles/admit.ts";
import { CHECKERS } from "../../../functions/roles/labels.ts";
import { viewChecker, type CheckerView } from "../../../functions/roles/model.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { aRecordOf, aSetOf } from "./scene.ts";
import {
  addApp,
  addChecker,
  conditionOf,
  createRolesWorld,
  labels,
  messageOf,
  writes,
  type RolesWorld,
} from "./world.ts";
import { addSet, countPods } from "../support/world.ts";

const NOW = Date.UTC(2026, 0, 1);

const aChecker = (
  over: Partial<KubeObject["metadata"]> = {},
  spec: Readonly<Record<string, unknown>> = {},
): CheckerView =>
  viewChecker(
    {
      metadata: {
        name: "db",
        namespace: "ops",
        uid: "uid-1",
        resourceVersion: "1",
        creationTimestamp: "2026-01-01T00:00:00Z",
        ...over,
      },
      spec: { statefulSetName: "db", namespace: "data", rpcPort: 8000, localDev: false, ...spec },
    },
    NOW,
  );

type Reach = Parameters<typeof outOfReach>[1];

test.each<[string, Reach, RegExp]>([
  ["none is open", { served: [], open: [] }, /accepted is .* BELLWETHER_ROLES_NAMESPACES/],
  ["another is open", { served: [], open: ["web"] }, /BELLWETHER_ROLES_NAMESPACES/],
  ["it is open, but not served", { served: ["ops"], open: ["data"] }, /not among BELLWETHER_NAMESPACES/],
])("another namespace is out of reach: %s", (_title, reach, why) => {
  expect(outOfReach(aChecker(), reach)).toMatch(why);
});

test.each<[string, CheckerView, Reach]>([
  ["another one that is open", aChecker(), { served: [], open: ["data"] }],
  ["another one that is open and served", aChecker(), { served: ["ops", "data"], open: ["data"] }],
  ["the checker's own", aChecker({ namespace: "data" }), { served: ["data"], open: [] }],
])("within reach: %s", (_title, checker, reach) => {
  expect(outOfReach(checker, reach)).toBeUndefined();
});

test("a checker that must not reach the set stands in nobody's way, though it is older", () => {
  const older = aChecker();
  const own = aChecker({ namespace: "data", uid: "uid-2", creationTimestamp: "2026-02-01T00:00:00Z" });
  const input = { checker: own, checkers: [older, own], set: aSetOf(3), reading: { kind: "none" } as const };
  expect(admit({ ...input, reach: { served: [], open: [] } }).kind).toBe("serve");
  expect(admit({ ...input, reach: { served: [], open: ["data"] } })).toMatchObject({
    kind: "refuse",
    reason: "StatefulSetShared",
    message: "StatefulSet db is served by the older LeaderStatusChecker ops/db",
  });
});

test("pods without DNS names cannot be asked by them; a former group ends all the same, and where nobody is asked it does not matter", () => {
  const own = { namespace: "data" };
  const nameless = { ...aSetOf(3), serviceName: "" };
  const input = { checkers: [], set: nameless, reach: { served: [], open: [] }, reading: { kind: "none" } as const };
  const checker = aChecker(own, { addressing: "DNS" });
  expect(admit({ ...input, checker })).toMatchObject({ kind: "refuse", reason: "ValidationError" });
  const reading = { kind: "ours", record: aRecordOf(undefined), group: "former", owner: undefined } as const;
  expect(admit({ ...input, checker, reading })).toEqual({ kind: "end-previous", group: "former" });
  expect(admit({ ...input, checker: aChecker(own, { addressing: "DNS", localDev: true }) }).kind).toBe("serve");
  expect(admit({ ...input, checker: aChecker(own) }).kind).toBe("serve");
});

/** Checker `ops/db` on a set that lies in namespace `default`. */
const withCheckerInOps = (openNamespaces: readonly string[]): RolesWorld => {
  const world = createRolesWorld({ openNamespaces });
  addSet(world);
  for (const [ordinal, leads] of [true, false, false].entries()) addApp(world, `db-${ordinal}`, { leads });
  countPods(world, 3);
  const post = (path: string, body: object): void => {
    const { status, body: answer } = world.api.handle({ method: "POST", path, contentType: "application/json", body });
    if (status !== 201) throw new Error(JSON.stringify(answer));
  };
  post("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "ops" } });
  post(`/apis/${CHECKERS.group}/v1/namespaces/ops/${CHECKERS.plural}`, {
    apiVersion: `${CHECKERS.group}/v1`,
    kind: CHECKERS.kind,
    metadata: { name: "db" },
    spec: { statefulSetName: "db", namespace: "default", rpcPort: 8000, localDev: false },
  });
  return world;
};

const run = (world: RolesWorld): Promise<unknown> => world.clock.settle(world.feature.run("ops/db", world.send));

test("a namespace that is not open is neither read nor written", async () => {
  const world = withCheckerInOps([]);
  await run(world);
  expect(world.requests.filter(({ namespace }) => namespace !== "ops")).toEqual([]);
  expect([labels(world), world.questions]).toEqual(["- - -", []]);
});

test("an open one is served, and events of its pods find the checker", async () => {
  const world = withCheckerInOps(["default"]);
  await run(world);
  expect(labels(world)).toBe("leader follower follower");
  expect(world.feature.claimed?.({ type: "claim", id: "1", source: "s", namespace: "default", pod: "db-2" })).toEqual([
    "ops/db",
  ]);
});

test("an older checker of another namespace keeps the set, and the condition names it", async () => {
  const world = withCheckerInOps(["default"]);
  await world.clock.advance(1_000);
  addChecker(world);
  await run(world);
  await world.run();
  expect(conditionOf(world, "Available")).toBe("False/StatefulSetShared");
  expect(messageOf(world, "Available")).toContain("ops/db");
  expect(writes(world).filter((write) => write === "create leases")).toHaveLength(1);
});
