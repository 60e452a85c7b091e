/**
 * Whom the record names, and who may still be promoted by it, because no enrolled pod was observed that was written under it: fenced before the
 * record moves on, and first looked for where it was not observed.
 */
import { expect, test } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import { handOver, type Attempt } from "../../../functions/kit/handover/executor.ts";
import { viewRecord } from "../../../functions/kit/handover/model.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { KubeResponse } from "../../../functions/kit/kube/request.ts";
import type { Candidate } from "../../../functions/kit/pods/candidate.ts";
import { aLease, aPod, aReader, aWriter, EPOCH, LEASE_UID, NOW, seen, SET_UID } from "../support/builders.ts";
import { createScripted, type Scripted } from "../support/scripted.ts";

/** The Lease names db-0; db-1 was observed, and is to lead. */
const replace = (
  world: Scripted,
  lease: KubeObject = LEASE,
  others: readonly KubeObject[] = [],
): Promise<Attempt<Candidate>> => {
  const pods = [...others, aReader({ name: "db-1" })].map((pod) => seen(pod));
  const observed = { names: ROLES, group: SET_UID, record: viewRecord(lease, NOW), pods, epochSeen: 0, now: NOW };
  return handOver(world.ports, observed, { kind: "pod", uid: "uid-of-db-1" });
};

const LEASE = aLease();
const withPod = (pod: KubeObject | undefined, lease: KubeObject = LEASE): Scripted =>
  createScripted([...(pod === undefined ? [] : [pod]), aReader({ name: "db-1" }), lease]);

const REPLACED = ["patch db-lease 200", "patch db-1 200"];
const LET_GO = aPod({ group: null, epoch: EPOCH });

test("one that has vanished costs one look more", async () => {
  const world = withPod(undefined);
  expect(await replace(world)).toMatchObject({ kind: "settled", promoted: true });
  expect(world.calls).toEqual(["get db-0 404", ...REPLACED]);
});

test("one whose name another has got has vanished", async () => {
  const world = withPod({ ...LET_GO, metadata: { ...LET_GO.metadata, uid: "uid-of-another" } });
  expect(await replace(world)).toMatchObject({ kind: "settled", promoted: true });
  expect(world.calls).toEqual(["get db-0 200", ...REPLACED]);
});

test.each<[string, KubeObject]>([
  ["nowhere", LET_GO],
  ["in another group", aPod({ group: "another", epoch: EPOCH })],
])(
  "one that is found enrolled %s gets the stamp of the epoch that is to come, and nothing else, before the record moves on",
  async (_title, pod) => {
    const world = withPod(pod);
    const attempt = await replace(world);
    if (attempt.kind !== "settled") throw new Error(attempt.kind);
    expect(world.calls).toEqual(["get db-0 200", "patch db-0 200", ...REPLACED]);
    const { labels, annotations } = world.get("db-0")?.metadata ?? {};
    expect(labels).toEqual(pod.metadata.labels);
    expect(annotations).toMatchObject({
      "bellwether.dev/election.epoch": String(attempt.observed.record?.epoch),
      "bellwether.dev/election.record": LEASE_UID,
    });
  },
);

test("one that leads another group under a later stamp is left to it", async () => {
  const world = withPod(aPod({ group: "another", role: "writer", epoch: EPOCH + 1, token: String(EPOCH + 1) }));
  expect(await replace(world)).toMatchObject({ kind: "settled", promoted: true });
  expect(world.calls).toEqual(["get db-0 200", ...REPLACED]);
});

test("where it was enrolled since, everything is read again", async () => {
  const world = withPod(aReader());
  expect(await replace(world)).toEqual({ kind: "restart", reason: "pod db-0 was enrolled meanwhile" });
  expect(world.calls).toEqual(["get db-0 200"]);
});

const answer = (status: number, reason: string): KubeResponse => ({ status, body: { kind: "Status", reason } });
const FORBIDDEN = answer(403, "Forbidden");

test.each<[string, string, KubeResponse, Attempt<Candidate>]>([
  [
    "it may not be read",
    "get db-0",
    FORBIDDEN,
    { kind: "refused", doing: "get the pod that the record names", response: FORBIDDEN },
  ],
  ["it may not be written", "patch db-0", FORBIDDEN, { kind: "refused", doing: "fence pod db-0", response: FORBIDDEN }],
  [
    "it changed meanwhile",
    "patch db-0",
    answer(409, "Conflict"),
    { kind: "restart", reason: "pod db-0 changed before the record did" },
  ],
])("the record does not move on: %s", async (_title, call, response, expected) => {
  const world = withPod(LET_GO);
  world.before((now) => (now === call ? response : undefined));
  expect(await replace(world)).toEqual(expected);
  expect(world.calls).not.toContain("patch db-lease 200");
});

test("the record moves on from one that went before it was fenced", async () => {
  const world = withPod(LET_GO);
  world.before((now) => (now === "patch db-0" ? answer(404, "NotFound") : undefined));
  expect(await replace(world)).toMatchObject({ kind: "settled" });
  expect(world.calls).toEqual(["get db-0 200", "patch db-0 404", ...REPLACED]);
});

test.each<[string, KubeObject]>([
  ["nobody", aLease({ holder: null })],
  ["somebody, but has no epoch yet: nobody was promoted under it", aLease({ epoch: "none" })],
  ["a pod that cannot exist, because somebody has edited the name", aLease({ holder: "default/db-0" })],
])("where the record names %s, nobody is looked for", async (_title, lease) => {
  const world = withPod(LET_GO, lease);
  await replace(world, lease);
  expect(world.calls).toEqual(REPLACED);
});

test("one that was observed enrolled, but was not written under the record, is fenced before the record moves on", async () => {
  const pod = aPod({ role: "writer", epoch: EPOCH - 1, token: String(EPOCH - 1) });
  const world = withPod(pod);
  const attempt = await replace(world, LEASE, [pod]);
  if (attempt.kind !== "settled") throw new Error(attempt.kind);
  expect(world.calls.slice(0, 2)).toEqual(["patch db-0 200", "patch db-lease 200"]);
  const { labels, annotations } = world.get("db-0")?.metadata ?? {};
  expect([labels?.[ROLES.roleLabel], annotations]).toEqual([
    "reader",
    {
      "bellwether.dev/election.epoch": String(attempt.observed.record?.epoch),
      "bellwether.dev/election.record": LEASE_UID,
    },
  ]);
});

test("one that was observed as it was written under the record is fenced after the record", async () => {
  const world = withPod(aWriter());
  expect(await replace(world, LEASE, [aWriter()])).toMatchObject({ kind: "settled", promoted: true });
  expect(world.calls).toEqual(["patch db-lease 200", "patch db-0 200", "patch db-1 200"]);
});
