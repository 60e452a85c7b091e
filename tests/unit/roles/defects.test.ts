/**
 * The defects B1 to B16 of the operator that this replaces, each shown to be absent on the memory API. B5 and B9 also show on real
 * connections, in tests/contract/roles and tests/integration/roles.
 */
import { expect, test } from "vitest";
import { CHECKERS } from "../../../functions/roles/labels.ts";
import { PODS, STATEFUL_SETS, type KubeResponse } from "../../../functions/kit/kube/request.ts";
import { addPod, addSet, countPods, setReady } from "../support/world.ts";
import {
  addApp,
  addChecker,
  conditionOf,
  createRolesAtRest,
  createRolesGroup,
  createRolesWorld,
  holderOf,
  labels,
  messageOf,
  say,
  statusOf,
  writes,
} from "./world.ts";

const INTERVAL_MS = 10_000;

test("defect B1: leadership that moves without any event is seen within one interval", async () => {
  const world = await createRolesAtRest();
  say(world, [false, true, false]);
  await world.clock.advance(INTERVAL_MS);
  const { found } = await world.sweep();
  expect(found).toEqual(["ask:default/db"]);
  expect(await world.feature.run("ask:default/db", world.send)).toMatchObject({ next: ["default/db"] });
  await world.run();
  expect([labels(world), statusOf(world).leaderNode]).toEqual(["follower leader follower", "db-1"]);
});

test("defect B2: while no leader is known, each sweep asks again, whatever the interval", async () => {
  const world = await createRolesAtRest([false, false, false], { intervalSeconds: 3600 });
  expect(conditionOf(world, "Available")).toBe("False/NobodyLeads");
  expect((await world.sweep()).found).toEqual(["default/db"]);
  say(world, [false, false, true]);
  await world.run();
  expect(labels(world)).toBe("follower follower leader");
  expect((await world.sweep()).found).toEqual([]);
});

test("defect B3: a leader that is not Ready loses its label before another gets it", async () => {
  const world = await createRolesAtRest();
  setReady(world, "db-0", false);
  say(world, [true, true, false]);
  await world.run();
  expect(labels(world)).toBe("follower leader follower");
  expect(world.mostWriters()).toBe(1);
  expect(writes(world).filter((write) => write.startsWith("patch pods"))).toEqual([
    "patch pods db-0",
    "patch pods db-2",
    "patch pods db-1",
  ]);
});

test("defect B4: a set without pods is a condition and an empty leaderNode, not an error loop", async () => {
  const world = createRolesWorld();
  addSet(world);
  addChecker(world);
  expect(await world.run()).toMatchObject({ kind: "done" });
  expect([conditionOf(world, "Available"), statusOf(world).leaderNode]).toEqual(["False/PodsNotFound", ""]);
  expect(world.questions).toEqual([]);
});

test("defect B5: all pods are asked in one round, with the checker's deadline for each; a silent one is no follower", async () => {
  const world = await createRolesAtRest([true, false, false], { timeoutMilliseconds: 250 });
  say(world, [undefined, false, false]);
  await world.run();
  expect(world.questions).toMatchObject([{ options: { deadlineMs: 250 }, targets: [{}, {}, {}] }]);
  expect(labels(world)).toBe("leader follower follower");
  expect(conditionOf(world, "Unreachable")).toBe("True/LeaderSilent");
});

test("defect B6: a label that could not be written is written by the same run, or the condition says why not", async () => {
  const world = await createRolesAtRest();
  say(world, [false, true, false]);
  const conflict: KubeResponse = { status: 409, body: { kind: "Status", reason: "Conflict", message: "raced" } };
  let raced = 0;
  world.intercept(({ verb, name }) =>
    verb === "patch" && name === "db-1" && (raced += 1) === 1 ? conflict : undefined,
  );
  await world.run();
  expect([raced > 1, labels(world)]).toEqual([true, "follower leader follower"]);
  say(world, [false, false, true]);
  world.intercept(({ verb, name }) =>
    verb === "patch" && name === "db-2"
      ? { status: 403, body: { kind: "Status", reason: "Forbidden", message: "no" } }
      : undefined,
  );
  expect(await world.run()).toMatchObject({ kind: "retry" });
  expect(messageOf(world, "Available")).toBe("promote pod db-2: 403 Forbidden: no");
});

test("defect B7: pods get small conditional patches", async () => {
  const world = createRolesGroup();
  await world.run();
  const patches = world.requests.filter(({ verb, resource }) => verb === "patch" && resource.plural === PODS.plural);
  expect(patches.length).toBeGreaterThan(3);
  for (const { contentType, body } of patches) {
    expect(contentType).toBe("application/merge-patch+json");
    expect(body).toEqual({
      metadata: {
        uid: expect.any(String) as unknown,
        resourceVersion: expect.any(String) as unknown,
        labels: expect.anything() as unknown,
        annotations: expect.anything() as unknown,
      },
    });
  }
});

test("defect B8: a pod is asked at its IP address, or by its name under the governing Service in the configured domain", async () => {
  const byAddress = await createRolesAtRest();
  await byAddress.run();
  expect(byAddress.questions[0]?.targets[1]).toEqual({ host: "10.0.0.2", port: 8000 });
  const byName = createRolesWorld();
  const set = addSet(byName, { name: "db" });
  byName.change(STATEFUL_SETS, "db", { metadata: { labels: { seen: set } } });
  addApp(byName, "db-0", { leads: true });
  addChecker(byName, { addressing: "DNS" });
  await byName.run();
  expect(byName.questions[0]?.targets).toEqual([{ host: "db-0.db.default.svc.cluster.local", port: 8000 }]);
  expect(labels(byName, 1)).toBe("leader");
});

test("defect B9: over TLS, with what the Secret holds at that moment", async () => {
  const world = createRolesGroup([true, false, false], { tls: { secretName: "db-tls", serverName: "db.example" } });
  let ca = "first";
  world.intercept(({ resource, path }) =>
    resource.plural === "secrets" && path === "/api/v1/namespaces/default/secrets/db-tls"
      ? { status: 200, body: { metadata: {}, data: { "ca.crt": Buffer.from(ca).toString("base64") } } }
      : undefined,
  );
  await world.run();
  ca = "rotated";
  await world.run();
  expect(world.questions.map(({ options: { tls } }) => [tls?.ca.toString(), tls?.serverName])).toEqual([
    ["first", "db.example"],
    ["rotated", "db.example"],
  ]);
});

test("defect B10: pods are found by the selector, whatever app.kubernetes.io/name says", async () => {
  const world = createRolesGroup();
  const pod = world.change(PODS, "db-1", { metadata: { labels: { "app.kubernetes.io/name": "something-else" } } });
  await world.sweep();
  const event = { type: "object", id: "1", source: "s", change: "update", apiVersion: "v1", kind: "Pod" } as const;
  const about = { namespace: "default", name: "db-1", object: { ...pod, metadata: pod.metadata } };
  expect(world.feature.groupsOf({ ...event, ...about })).toEqual(["default/db"]);
  await world.run();
  expect(labels(world)).toBe("leader follower follower");
});

test("defect B11: a selector of expressions selects, and of what it selects only the set's own pods are touched", async () => {
  const world = createRolesWorld();
  world.create(STATEFUL_SETS, {
    metadata: { name: "db" },
    spec: {
      serviceName: "db",
      replicas: 1,
      selector: { matchExpressions: [{ key: "app", operator: "In", values: ["db", "web"] }] },
      template: { metadata: { labels: { app: "db" } }, spec: { containers: [{ name: "main", image: "i" }] } },
    },
  });
  addSet(world, { name: "web" });
  addApp(world, "db-0", { leads: true });
  addPod(world, "web-0", { set: "web" });
  addChecker(world);
  await world.run();
  expect(labels(world, 1)).toBe("leader");
  expect(world.get(PODS, "web-0")?.metadata.labels).toEqual({ app: "web" });
});

test("defect B12: leaderNode is empty when untrue, there are conditions, Events and observedGeneration, and labels go with the checker", async () => {
  const world = await createRolesAtRest();
  expect(statusOf(world).observedGeneration).toBe(1);
  say(world, [false, false, false]);
  await world.run();
  expect([labels(world), statusOf(world).leaderNode]).toEqual(["follower follower follower", ""]);
  expect([conditionOf(world, "Available"), conditionOf(world, "Progressing")]).toEqual([
    "False/NobodyLeads",
    "False/NobodyLeads",
  ]);
  expect(writes(world)).toContain("create events");
  expect(world.metrics.render()).toContain(
    'bellwether_roles_leader_known{namespace="default",leaderstatuschecker="db"} 0',
  );
  world.remove(CHECKERS, "db");
  await world.run();
  expect([labels(world), world.get(CHECKERS, "db")]).toEqual(["- - -", undefined]);
});

test("defect B13: localDev chooses once, and asks nobody", async () => {
  const world = await createRolesAtRest([undefined, undefined, undefined], { localDev: true });
  expect(labels(world)).toBe("leader follower follower");
  for (const pod of ["db-2", "db-1"]) setReady(world, pod, false);
  for (let pass = 0; pass < 5; pass += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one pass after the other
    await world.run();
  }
  expect([writes(world), world.questions]).toEqual([[], []]);
});

test("defect B14: localDev false asks, true does not", async () => {
  const asking = await createRolesAtRest([false, true, false], { localDev: false });
  expect(labels(asking)).toBe("follower leader follower");
  const local = await createRolesAtRest([false, true, false], { localDev: true });
  expect(labels(local)).toBe("leader follower follower");
});

test("defect B15: one status write a pass, and none when nothing changed", async () => {
  const world = createRolesGroup();
  await world.run();
  expect(writes(world).filter((write) => write.endsWith("status"))).toHaveLength(1);
  world.forget();
  await world.run();
  await world.clock.advance(5_000);
  await world.run();
  expect(writes(world)).toEqual([]);
});

test("defect B16: the label carries an epoch; of two claimants the majority's view leads, without one nobody is promoted", async () => {
  const world = await createRolesAtRest();
  const epoch = statusOf(world).epoch ?? 0;
  world.apps.set("db-1", { leads: true, sees: ["db-1"] });
  world.apps.set("db-2", { leads: false, sees: [] });
  await world.run();
  expect([labels(world), conditionOf(world, "Conflict")]).toEqual(["leader follower follower", "True/SeveralLeaders"]);
  expect(statusOf(world).epoch).toBe(epoch);
  world.apps.set("db-2", { leads: false, sees: ["db-1"] });
  await world.run();
  expect([labels(world), conditionOf(world, "Conflict")]).toEqual(["follower leader follower", undefined]);
  expect(statusOf(world).epoch).toBeGreaterThan(epoch);
  expect(world.get(PODS, "db-1")?.metadata.annotations?.["bellwether.dev/roles.token"]).toBe(
    String(statusOf(world).epoch),
  );
  expect([world.mostWriters(), holderOf(world)]).toEqual([1, "db-1"]);
});

test("case BO-1: a run for a checker that does not exist does nothing", async () => {
  const world = createRolesWorld();
  expect(await world.run()).toEqual({ kind: "done", reason: "CheckerGone" });
  expect(writes(world)).toEqual([]);
});

test("case BO-2: a missing StatefulSet is a condition, and said once", async () => {
  const world = createRolesWorld();
  addChecker(world);
  expect(await world.run()).toMatchObject({ kind: "done" });
  expect(messageOf(world, "Available")).toBe("StatefulSet db in namespace default does not exist");
  world.forget();
  await world.run();
  expect(writes(world)).toEqual([]);
});

test("case BO-3: with localDev three pods get a leader, two followers, lastUpdated and leaderNode", async () => {
  const world = createRolesWorld();
  addSet(world);
  for (const name of ["db-0", "db-1", "db-2"]) addPod(world, name);
  countPods(world, 3);
  addChecker(world, { localDev: true });
  await world.run();
  expect(labels(world)).toBe("leader follower follower");
  expect(statusOf(world)).toMatchObject({ leaderNode: "db-0", lastUpdated: "2026-01-01T00:00:00Z" });
});
