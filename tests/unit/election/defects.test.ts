/**
 * The defects S1 to S12 of the operator that this replaces, each shown to be absent at the cheapest tier that can show it:
 * runs on the memory API with virtual time where a whole run is needed.
 */
import { expect, test } from "vitest";
import { LOCKS } from "../../../functions/election/labels.ts";
import { isRenewalDue } from "../../../functions/kit/handover/record.ts";
import { microTime } from "../../../functions/kit/kube/micro-time.ts";
import { LEASES, PODS } from "../../../functions/kit/kube/request.ts";
import { aRecord, NOW } from "../support/builders.ts";
import {
  addLock,
  addPod,
  addSet,
  conditionOf,
  createGroup,
  createGroupAtRest,
  leaseOf,
  rolesOf,
  setReady,
  statusOf,
  writesOf,
  createWorld,
  type World,
} from "../support/world.ts";

const LED_BY_0 = { "db-0": "writer", "db-1": "reader", "db-2": "reader" };
const LED_BY_1 = { "db-0": "reader", "db-1": "writer", "db-2": "reader" };

const what = (world: World): readonly string[] =>
  writesOf(world).map(({ verb, resource, name, subresource }) =>
    [verb, resource.plural, name, subresource].filter(Boolean).join(" "),
  );
const epochIn = (world: World): number =>
  Number(world.get(LEASES, "db-lease")?.metadata.annotations?.["bellwether.dev/epoch"]);

test("defect S1: an idle group is renewed once per half duration, and its own writes cause none", async () => {
  const world = await createGroupAtRest();
  for (let second = 0; second < 30; second += 5) {
    // Time is one thing after the other.
    // oxlint-disable-next-line no-await-in-loop
    await world.clock.advance(5000);
    // oxlint-disable-next-line no-await-in-loop
    await world.sweep();
    // oxlint-disable-next-line no-await-in-loop
    await world.run();
  }
  expect(what(world)).toEqual(["patch leases db-lease", "patch leases db-lease"]);
});

test("defect S2: Available returns as soon as somebody leads again", async () => {
  const world = await createGroupAtRest();
  for (const pod of ["db-0", "db-1", "db-2"]) setReady(world, pod, false);
  await world.run();
  expect(conditionOf(world, "Available")).toBe("False/PodsNotFound");
  setReady(world, "db-1", true);
  await world.run();
  expect(conditionOf(world, "Available")).toBe("True/Available");
});

test("defect S3: a writer that is not Ready loses its label before another gets it, and does not come back with it", async () => {
  const world = await createGroupAtRest();
  setReady(world, "db-0", false);
  await world.run();
  expect(what(world).slice(0, 4)).toEqual([
    "patch leases db-lease",
    "patch pods db-0",
    "patch pods db-2",
    "patch pods db-1",
  ]);
  setReady(world, "db-0", true);
  await world.run();
  expect([rolesOf(world), world.mostWriters()]).toEqual([LED_BY_1, 1]);
});

test("defect S4: Lease, fence, promotion in this order, also when the new writer is listed first; one epoch everywhere", async () => {
  const world = await createGroupAtRest();
  setReady(world, "db-0", false);
  await world.run();
  setReady(world, "db-0", true);
  setReady(world, "db-1", false);
  world.forget();
  await world.run();
  expect(what(world).slice(0, 4)).toEqual([
    "patch leases db-lease",
    "patch pods db-1",
    "patch pods db-2",
    "patch pods db-0",
  ]);
  expect([rolesOf(world), world.mostWriters()]).toEqual([LED_BY_0, 1]);
  const token = world.get(PODS, "db-0")?.metadata.annotations?.["bellwether.dev/election.token"];
  expect([token, statusOf(world).epoch]).toEqual([String(epochIn(world)), epochIn(world)]);
});

test("defect S5: each cause has its own reason, and at rest nothing is in progress", async () => {
  const world = createWorld();
  addLock(world);
  await world.run();
  expect(conditionOf(world, "Available")).toBe("False/StatefulSetNotFound");
  addSet(world);
  await world.run();
  expect(conditionOf(world, "Available")).toBe("False/PodsNotFound");
  addPod(world, "db-0");
  await world.run();
  expect([conditionOf(world, "Available"), conditionOf(world, "Progressing")]).toEqual([
    "True/Available",
    "False/Settled",
  ]);
});

test("defect S6: a terminating writer is replaced at once though it is Ready", async () => {
  const world = await createGroupAtRest();
  world.remove(PODS, "db-0");
  expect(world.get(PODS, "db-0")?.metadata.deletionTimestamp).toBeDefined();
  await world.run();
  expect([rolesOf(world), world.mostWriters()]).toEqual([LED_BY_1, 1]);
});

test("defect S7: a healthy writer stays, also over an expired Lease and before a lower ordinal", async () => {
  const world = await createGroupAtRest();
  setReady(world, "db-0", false);
  await world.run();
  setReady(world, "db-0", true);
  const [holder, epoch] = [leaseOf(world)?.["holderIdentity"], epochIn(world)];
  await world.clock.advance(3_600_000);
  await world.run();
  expect([rolesOf(world), leaseOf(world)?.["holderIdentity"], epochIn(world)]).toEqual([LED_BY_1, holder, epoch]);
  expect(leaseOf(world)?.["renewTime"]).toBe(microTime(world.clock.serverNow()));
});

const isRenewedAfter = (agoMs: number): boolean =>
  isRenewalDue({ ...aRecord(), leaseDurationSeconds: 1, renewTime: NOW - agoMs }, 1, NOW);

test("defect S8: a Lease of one second is due after half a second, and a tick that is too slow for it is said", async () => {
  expect([isRenewedAfter(499), isRenewedAfter(500)]).toEqual([false, true]);
  const world = await createGroupAtRest({ leaseDurationSeconds: 1 });
  expect(conditionOf(world, "LeaseTooShort")).toBe("True/TickTooSlow");
});

test("defect S9: with no pod Ready nothing moves, the Lease is not renewed, and the condition says why", async () => {
  const world = await createGroupAtRest();
  const lease = leaseOf(world);
  for (const pod of ["db-0", "db-1", "db-2"]) setReady(world, pod, false);
  await world.clock.advance(60_000);
  await world.sweep();
  await world.run();
  expect([leaseOf(world), rolesOf(world)]).toEqual([lease, LED_BY_0]);
  const available = statusOf(world).conditions?.find(({ type }) => type === "Available");
  expect(available?.message).toBe(
    "no writer: none of 3 pods is Ready and not terminating; labels and Lease stay as they are",
  );
});

test("defect S10: acquireTime and leaseTransitions are kept as Kubernetes defines them; the epoch survives the Lease", async () => {
  const world = await createGroupAtRest();
  const acquireTime = microTime(world.clock.serverNow());
  expect(leaseOf(world)).toMatchObject({ acquireTime, leaseTransitions: 0 });
  const before = epochIn(world);
  await world.clock.advance(20_000);
  await world.run();
  expect(leaseOf(world)).toMatchObject({ acquireTime, leaseTransitions: 0 });
  setReady(world, "db-0", false);
  await world.run();
  expect(leaseOf(world)).toMatchObject({ acquireTime: microTime(world.clock.serverNow()), leaseTransitions: 1 });
  const after = epochIn(world);
  world.remove(LEASES, "db-lease");
  await world.run();
  expect([after > before, epochIn(world) > after, rolesOf(world)]).toEqual([true, true, LED_BY_1]);
});

test("defect S11: a conflict means read again, not an error", async () => {
  const world = await createGroupAtRest();
  setReady(world, "db-0", false);
  let races = 3;
  world.intercept(({ verb, resource }) => {
    if (verb === "patch" && resource.plural === "leases" && races > 0) {
      races -= 1;
      world.change(LEASES, "db-lease", { metadata: { annotations: { race: String(races) } } });
    }
    return undefined;
  });
  expect(await world.run()).toMatchObject({ kind: "done" });
  expect([races, rolesOf(world), conditionOf(world, "Available")]).toEqual([0, LED_BY_1, "True/Available"]);
});

test("defect S12: a Lease that is not ours is neither changed nor deleted; ours goes by uid and resourceVersion", async () => {
  const world = createGroup();
  world.create(LEASES, {
    metadata: { name: "db-lease" },
    spec: { holderIdentity: "somebody", leaseDurationSeconds: 9 },
  });
  const foreign = world.get(LEASES, "db-lease");
  await world.run();
  expect(conditionOf(world, "Available")).toBe("False/LeaseForeign");
  world.change(LOCKS, "db-lock", { metadata: { finalizers: ["statefulsetlock.app.anukkrit.me/finalizer"] } });
  world.remove(LOCKS, "db-lock");
  await world.run();
  expect([world.get(LOCKS, "db-lock"), world.get(LEASES, "db-lease")]).toEqual([undefined, foreign]);
  const ours = await createGroupAtRest();
  ours.remove(LOCKS, "db-lock");
  await ours.run();
  const deletions = ours.requests.filter(({ verb }) => verb === "delete");
  expect(deletions).toMatchObject([
    { name: "db-lease", body: { preconditions: { uid: expect.any(String), resourceVersion: expect.any(String) } } },
  ]);
  expect([ours.get(LEASES, "db-lease"), ours.get(LOCKS, "db-lock")]).toEqual([undefined, undefined]);
});
