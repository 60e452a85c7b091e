/** The executor: writes in the order of the protocol, answers fed back, and who is faster decides how it goes on. */
import { expect, test } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import { handOver, writePhase, type Attempt } from "../../../functions/kit/handover/executor.ts";
import { endGroup } from "../../../functions/kit/handover/end.ts";
import { viewRecord } from "../../../functions/kit/handover/model.ts";
import { planEnrolment, type Observed, type Target } from "../../../functions/kit/handover/plan.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { Candidate } from "../../../functions/kit/pods/candidate.ts";
import { aLease, aPod, aReader, aWriter, EPOCH, LEASE_NAME, NOW, seen, SET_UID } from "../support/builders.ts";
import { createScripted, type Scripted } from "../support/scripted.ts";

const PODS = [aWriter(), aReader({ name: "db-1" }), aReader({ name: "db-2" })];
const to = (name: string): Target => ({ kind: "pod", uid: `uid-of-${name}` });
const refusal = (status: number, reason: string): { status: number; body: object } => ({
  status,
  body: { kind: "Status", reason },
});

const observe = (pods: readonly KubeObject[], lease: KubeObject | undefined): Observed<Candidate> => ({
  names: ROLES,
  group: SET_UID,
  record: lease === undefined ? undefined : viewRecord(lease, NOW),
  pods: pods.map((pod) => seen(pod)),
  epochSeen: 0,
  now: NOW,
});

interface Case {
  readonly world: Scripted;
  readonly go: (target?: Target) => Promise<Attempt<Candidate>>;
}
const begin = (pods: readonly KubeObject[] = PODS, lease: KubeObject | null = aLease(), ownerExists = true): Case => {
  const world = createScripted([...pods, ...(lease === null ? [] : [lease])], { ownerExists });
  return { world, go: (target = to("db-1")) => handOver(world.ports, observe(pods, lease ?? undefined), target) };
};
const withVersion = (pod: KubeObject, resourceVersion: string): KubeObject => ({
  ...pod,
  metadata: { ...pod.metadata, resourceVersion },
});

/** Does something once, just before the first call of this kind. */
const once = (world: Scripted, call: string, act: () => void): void => {
  let done = false;
  world.before((now) => {
    if (now === call && !done) {
      done = true;
      act();
    }
    return undefined;
  });
};

test("record, then every fence, then the promotion; nothing is read again", async () => {
  const { world, go } = begin();
  expect(await go()).toMatchObject({ kind: "settled", writes: 4, promoted: true });
  expect(world.calls).toEqual(["patch db-lease 200", "patch db-0 200", "patch db-2 200", "patch db-1 200"]);
});

test("a group at rest costs no call", async () => {
  const { world, go } = begin();
  expect(await go(to("db-0"))).toMatchObject({ kind: "settled", writes: 0, promoted: false });
  expect(world.calls).toEqual([]);
});

test("an unfinished hand-over is finished under its epoch", async () => {
  const { world, go } = begin([aReader(), aReader({ name: "db-1" }), aPod({ name: "db-2" })]);
  expect(await go(to("db-0"))).toMatchObject({ kind: "settled", promoted: true });
  expect(world.calls).toEqual(["patch db-2 200", "patch db-0 200"]);
  expect(world.get("db-0")?.metadata.annotations).toMatchObject({ "bellwether.dev/election.token": String(EPOCH) });
});

test("a record is created only when the owner still exists", async () => {
  const exists = begin(PODS.slice(0, 1), null);
  expect(await exists.go(to("db-0"))).toMatchObject({ kind: "settled" });
  expect(exists.world.calls[0]).toBe("create db-lease 201");
  const gone = begin(PODS.slice(0, 1), null, false);
  expect(await gone.go(to("db-0"))).toMatchObject({ kind: "restart", reason: "the owner is gone or was edited" });
  expect(gone.world.calls).toEqual([]);
});

test("once the record is made the enrolled pods are listed again; no other record write needs that", async () => {
  const { world, go } = begin(PODS, null);
  expect(await go(to("db-0"))).toMatchObject({ kind: "settled", promoted: true });
  expect(world.calls.slice(0, 2)).toEqual(["create db-lease 201", "list pods 200"]);
  const { world: changed, go: change } = begin();
  await change();
  expect(changed.calls).not.toContain("list pods 200");
});

test("a pod that another record's hand-over enrolled and promoted unseen: back to the read, nobody is promoted beside it", async () => {
  const pods = [aPod()];
  const { world, go } = begin(pods, null);
  // The Lease that chose db-1 came after the LIST, and is gone again.
  world.put("db-1", aWriter({ name: "db-1", record: "gone", epoch: 200_000_000, token: "200000000" }));
  expect(await go(to("db-0"))).toEqual({ kind: "restart", reason: "a pod is ahead of the record" });
  expect(world.get("db-0")?.metadata.labels?.["sts-role"]).toBeUndefined();
});

test("a pod that was enrolled unseen, and never stamped, is fenced before the promotion", async () => {
  const { world, go } = begin([aPod()], null);
  world.put("db-1", aPod({ name: "db-1" }));
  expect(await go(to("db-0"))).toMatchObject({ kind: "settled", promoted: true });
  expect(world.calls).toEqual(["create db-lease 201", "list pods 200", "patch db-1 200", "patch db-0 200"]);
});

test("the enrolled pods cannot be listed: the attempt ends there with the answer", async () => {
  const { world, go } = begin(PODS, null);
  world.before((now) => (now === "list pods" ? refusal(403, "Forbidden") : undefined));
  expect(await go(to("db-0"))).toMatchObject({
    kind: "refused",
    doing: "list enrolled pods",
    response: { status: 403 },
  });
  expect(world.calls).toEqual(["create db-lease 201", "list pods 403"]);
});

test.each<[string, KubeObject | null, KubeObject | undefined]>([
  ["was changed", aLease(), aLease({ version: 8 })],
  ["was deleted", aLease(), undefined],
  ["was created", null, aLease()],
])("the record %s by somebody faster: back to the read, no pod is touched", async (_title, read, now) => {
  const { world, go } = begin(PODS, read);
  world.put(LEASE_NAME, now);
  expect(await go()).toMatchObject({ kind: "restart", reason: "the record changed" });
  expect(world.calls).toHaveLength(1);
  expect(world.conflicts).toEqual(["record"]);
});

test("a conflict while fencing: that pod alone is read again and fenced, before any promotion", async () => {
  const { world, go } = begin();
  world.put("db-2", withVersion(aReader({ name: "db-2" }), "77"));
  expect(await go()).toMatchObject({ kind: "settled" });
  expect(world.calls.slice(1)).toEqual([
    "patch db-0 200",
    "patch db-2 409",
    "get db-2 200",
    "patch db-2 200",
    "patch db-1 200",
  ]);
  // What is counted as written was applied: a pod that met a conflict counts once.
  expect([world.wrote, world.conflicts]).toEqual([["record", "fence", "fence", "promote"], ["fence"]]);
});

test("a pod that vanished is fenced", async () => {
  const { world, go } = begin();
  world.put("db-0", undefined);
  expect(await go()).toMatchObject({ kind: "settled" });
  expect(world.calls.slice(1)).toEqual(["patch db-0 404", "patch db-2 200", "patch db-1 200"]);
});

test("a pod recreated under its name has vanished: the new one is not patched for the old", async () => {
  const { world, go } = begin();
  world.put("db-0", aPod({ uid: "another", group: null }));
  expect(await go()).toMatchObject({ kind: "settled" });
  expect(world.get("db-0")?.metadata.annotations).toEqual({});
});

test.each<[string, KubeObject | undefined]>([
  ["changed", withVersion(aReader({ name: "db-1" }), "77")],
  ["gone", undefined],
  ["recreated", aPod({ name: "db-1", uid: "another" })],
])("the target is %s before its promotion: back to the read, nobody is promoted", async (_title, now) => {
  const { world, go } = begin();
  once(world, "patch db-1", () => world.put("db-1", now));
  expect(await go()).toMatchObject({ kind: "restart" });
  expect([0, 1, 2].map((n) => world.get(`db-${n}`)?.metadata.labels?.["sts-role"])).not.toContain("writer");
});

test("fencing meets a higher epoch: back to the read", async () => {
  const { world, go } = begin();
  const ahead = withVersion(aReader({ name: "db-2", epoch: 200_000_000 }), "77");
  once(world, "patch db-2", () => world.put("db-2", ahead));
  expect(await go()).toMatchObject({ kind: "restart" });
});

test("fencing meets a higher epoch: nobody is promoted under the epoch that was overtaken", async () => {
  const { world, go } = begin();
  const ahead = withVersion(aReader({ name: "db-2", epoch: 200_000_000 }), "77");
  once(world, "patch db-2", () => world.put("db-2", ahead));
  await go();
  const token = world.get("db-1")?.metadata.annotations?.["bellwether.dev/election.token"];
  expect(Number(token ?? 200_000_001)).toBeGreaterThan(200_000_000);
});

test.each<[string, string, number]>([
  ["the record", "patch db-lease", 403],
  ["a fence", "patch db-2", 403],
  ["the promotion", "patch db-1", 403],
  ["a fence, without answer", "patch db-0", 0],
  ["a fence, with a server in trouble", "patch db-0", 503],
])("%s is refused: the attempt ends there with the answer", async (_title, call, status) => {
  const { world, go } = begin();
  world.before((now) => (now === call ? refusal(status, "Forbidden") : undefined));
  expect(await go()).toMatchObject({ kind: "refused", response: { status } });
  expect(world.get("db-1")?.metadata.labels?.["sts-role"]).toBe("reader");
});

test("a pod that changes under every write ends in a restart, within a bound", async () => {
  const { world, go } = begin();
  let version = 100;
  world.before((call) => {
    version += 1;
    if (call === "patch db-2") world.put("db-2", withVersion(aReader({ name: "db-2" }), String(version)));
    return undefined;
  });
  expect(await go()).toMatchObject({ kind: "restart", reason: "not at rest after 24 rounds" });
});

test("more pods than connections are fenced in batches, all before the promotion", async () => {
  const readers = Array.from({ length: 70 }, (_, index) => aPod({ name: `db-${index + 1}` }));
  const { world, go } = begin([aReader(), ...readers]);
  expect(await go(to("db-0"))).toMatchObject({ kind: "settled", writes: 71 });
  expect(world.calls.at(-1)).toBe("patch db-0 200");
});

test("enrolment feeds its answers back; a pod that went meanwhile is dropped", async () => {
  const pods = [aPod({ group: null }), aPod({ name: "db-1", group: null })];
  const world = createScripted(pods);
  world.put("db-1", undefined);
  const observed = observe(pods, undefined);
  const sent = await writePhase(world.ports, observed, { phase: "enrol", changes: planEnrolment(observed) });
  expect(sent.stop).toBeUndefined();
  expect(sent.observed.pods.map(({ name, group, resourceVersion }) => [name, group, resourceVersion])).toEqual([
    ["db-0", SET_UID, "11"],
  ]);
});

const ending = (
  world: Scripted,
  pods: readonly KubeObject[],
  lease: KubeObject | undefined,
): ReturnType<typeof endGroup> => {
  const { record, names, group, pods: views } = observe(pods, lease);
  return endGroup(world.ports, { names, group, record, pods: views }, { now: NOW, epochSeen: 0 });
};

test("a group ends in order: nobody, fenced, noticed, stripped, the record last; stamps stay", async () => {
  const pods = PODS.slice(0, 2);
  const world = createScripted([...pods, aLease()]);
  expect(await ending(world, pods, aLease())).toEqual({ kind: "ended" });
  expect(world.calls).toEqual([
    "patch db-lease 200",
    "patch db-0 200",
    "patch db-1 200",
    "patch db-lease 200",
    "patch db-0 200",
    "patch db-1 200",
    "delete db-lease 200",
  ]);
  const { labels, annotations } = world.get("db-0")?.metadata ?? {};
  expect(labels).toEqual({ app: "db" });
  expect(Object.keys(annotations ?? {})).toEqual(["bellwether.dev/election.epoch", "bellwether.dev/election.record"]);
});

test("without a record none is created, and only what carries our labels is touched", async () => {
  const pods = [aPod({ role: "writer", group: null }), aPod({ name: "db-1", group: null })];
  const world = createScripted(pods);
  expect(await ending(world, pods, undefined)).toEqual({ kind: "ended" });
  expect(world.calls).toEqual(["patch db-0 200"]);
});

test("a pod that is enrolled in another group is left to it", async () => {
  const pods = [aWriter({ group: "uid-of-other" })];
  const world = createScripted(pods);
  expect(await ending(world, pods, undefined)).toEqual({ kind: "ended" });
  expect(world.calls).toEqual([]);
});

test("the record changed while the group ended: it is not deleted", async () => {
  const world = createScripted([...PODS, aLease()]);
  once(world, `delete ${LEASE_NAME}`, () => world.put(LEASE_NAME, aLease({ version: 99 })));
  expect(await ending(world, PODS, aLease())).toMatchObject({ kind: "restart" });
  expect(world.get(LEASE_NAME)).toBeDefined();
});

test("pods and record that are gone already count as ended", async () => {
  const world = createScripted([aLease()]);
  once(world, `delete ${LEASE_NAME}`, () => world.put(LEASE_NAME, undefined));
  expect(await ending(world, PODS, aLease())).toEqual({ kind: "ended" });
});
