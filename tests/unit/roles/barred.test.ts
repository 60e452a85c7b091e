/** An installation that was upgraded without the new permissions: the feature that lacks them is not swept and says so; no other suffers. */
import { expect, test } from "vitest";
import { createElection } from "../../../functions/election/feature.ts";
import { ROLES as ELECTION_ROLES } from "../../../functions/election/labels.ts";
import { ELECTION_METRICS } from "../../../functions/election/metrics.ts";
import { createFunction, type RunningFunction } from "../../../functions/function.ts";
import type { Feature } from "../../../functions/kit/feature.ts";
import { createLog } from "../../../functions/kit/host/log.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { PODS } from "../../../functions/kit/kube/request.ts";
import { createRoles } from "../../../functions/roles/feature.ts";
import { CHECKERS } from "../../../functions/roles/labels.ts";
import { ROLES_METRICS } from "../../../functions/roles/metrics.ts";
import { changed, cloudEvent, LIMITS, TICK } from "../support/fake-function.ts";
import { addLock, addPod, addSet, countPods, createWorld, rolesOf, setReady, type World } from "../support/world.ts";
import { addChecker, statusOf } from "./world.ts";

interface Upgraded {
  readonly world: World;
  readonly fn: RunningFunction;
  readonly said: readonly string[];
}

const FORBIDDEN = { status: 403, body: { kind: "Status", reason: "Forbidden", message: "no such permission" } };

/** Election and roles on one set; the roles may not list their kind. */
const upgraded = (): Upgraded => {
  let roles: Feature | undefined;
  const world = createWorld({
    roles: ELECTION_ROLES,
    metrics: [...ELECTION_METRICS, ...ROLES_METRICS],
    create: (context) => {
      const asker = { leaderStatus: () => Promise.resolve([]), servers: () => Promise.resolve([]) };
      roles = createRoles(context, { asker, clusterDomain: "cluster.local", openNamespaces: [], askingMs: 5_000 });
      return createElection(context);
    },
  });
  addSet(world);
  for (const name of ["db-0", "db-1", "db-2"]) addPod(world, name);
  countPods(world, 3);
  addLock(world);
  addChecker(world, { localDev: true });
  world.intercept(({ verb, resource }) =>
    verb === "list" && resource.plural === CHECKERS.plural ? FORBIDDEN : undefined,
  );
  const said: string[] = [];
  const log = createLog({ level: "error", write: (line) => said.push(line) });
  const { feature, send, clock, metrics } = world;
  const features = [feature, ...(roles === undefined ? [] : [roles])];
  return { world, fn: createFunction({ ...LIMITS, features, send, clock, log, metrics }), said };
};

const podNow = (world: World, name: string): KubeObject => {
  const pod = world.get(PODS, name);
  if (pod === undefined) throw new Error(`pod ${name} does not exist`);
  return pod;
};

const settle = async ({ world, fn }: Upgraded): Promise<void> => {
  await world.clock.settle(fn.idle());
  await world.clock.flush();
};

test("the other feature is served from the first event on, by events and by ticks", async () => {
  const all = upgraded();
  const { world, fn } = all;
  fn.start();
  await settle(all);
  expect(rolesOf(world)["db-0"]).toBe("writer");
  setReady(world, "db-0", false);
  expect(await world.clock.settle(fn.handle(changed(PODS, podNow(world, "db-0"))))).toBeUndefined();
  await settle(all);
  expect(rolesOf(world)).toMatchObject({ "db-0": "reader", "db-1": "writer" });
  expect(await world.clock.settle(fn.handle(TICK))).toBeUndefined();
});

test("each tick logs an error that names feature and permission, and a metric shows it until it is granted", async () => {
  const all = upgraded();
  const { world, fn, said } = all;
  await world.clock.settle(fn.handle(TICK));
  await settle(all);
  const lines = said.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  expect(lines).toMatchObject([
    { feature: "roles", namespaces: [], reason: "list leaderstatuscheckers: 403 Forbidden: no such permission" },
  ]);
  const shown = (feature: string): string | undefined =>
    world.metrics.render().match(new RegExp(`^bellwether_feature_barred\\{feature="${feature}"\\} (\\d)$`, "m"))?.[1];
  expect([shown("election"), shown("roles")]).toEqual(["0", "1"]);
  world.intercept(undefined);
  await world.clock.settle(fn.handle(TICK));
  await settle(all);
  expect([shown("roles"), statusOf(world).leaderNode]).toEqual(["0", "db-0"]);
});

test("what nobody may read is not looked up again and again", async () => {
  const all = upgraded();
  const { world, fn } = all;
  await world.clock.settle(fn.handle(TICK));
  await settle(all);
  world.forget();
  const claim = cloudEvent("dev.bellwether.role.claimed.v1", { namespace: "default", name: "web-0" });
  expect(await world.clock.settle(fn.handle(claim))).toBeUndefined();
  await settle(all);
  expect(world.requests.map(({ verb, resource }) => `${verb} ${resource.plural}`)).toEqual([
    "list leaderstatuscheckers",
  ]);
});
