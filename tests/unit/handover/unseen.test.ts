/** Whom the record names, although no enrolled pod that was observed is it: looked for and fenced before the record moves on. */
import { expect, test } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import { handOver, type Attempt } from "../../../functions/kit/handover/executor.ts";
import { viewRecord } from "../../../functions/kit/handover/model.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { KubeResponse } from "../../../functions/kit/kube/request.ts";
import type { Candidate } from "../../../functions/kit/pods/candidate.ts";
import { aLease, aPod, aReader, EPOCH, LEASE_UID, NOW, seen, SET_UID } from "../support/builders.ts";
import { createScripted, type Scripted } from "../support/scripted.ts";

/** The Lease names db-0; only db-1 was observed, and is to lead. */
const replace = (world: Scripted, lease: KubeObject): Promise<Attempt<Candidate>> => {
  const pods = [seen(aReader({ name: "db-1" }))];
  const observed = { names: ROLES, group: SET_UID, record: viewRecord(lease, NOW), pods, epochSeen: 0, now: NOW };
  return handOver(world.ports, observed, { kind: "pod", uid: "uid-of-db-1" });
};

const LEASE = aLease();
const withPod = (pod: KubeObject | undefined, lease: KubeObject = LEASE): Scripted =>
  createScripted([...(pod === undefined ? [] : [pod]), aReader({ name: "db-1" }), lease]);

const REPLACED = ["patch db-lease 200", "patch db-1 200"];
const LET_GO = aPod({ group: null, epoch: EPOCH });

test("it has vanished: one look more", async () => {
  const world = withPod(undefined);
  expect(await replace(world, LEASE)).toMatchObject({ kind: "settled", promoted: true });
  expect(world.calls).toEqual(["get db-0 404", ...REPLACED]);
});

test("another has its name: it has vanished", async () => {
  const world = withPod({ ...LET_GO, metadata: { ...LET_GO.metadata, uid: "uid-of-another" } });
  expect(await replace(world, LEASE)).toMatchObject({ kind: "settled", promoted: true });
  expect(world.calls).toEqual(["get db-0 200", ...REPLACED]);
});

test.each<[string, KubeObject]>([
  ["nowhere", LET_GO],
  ["in another group", aPod({ group: "another", epoch: EPOCH })],
])(
  "it is there, and enrolled %s: it gets the stamp of the epoch that is to come, and nothing else, first",
  async (_title, pod) => {
    const world = withPod(pod);
    const attempt = await replace(world, LEASE);
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

test("it leads another group: it is left to it", async () => {
  const world = withPod(aPod({ group: "another", role: "writer", epoch: EPOCH + 1, token: String(EPOCH + 1) }));
  expect(await replace(world, LEASE)).toMatchObject({ kind: "settled", promoted: true });
  expect(world.calls).toEqual(["get db-0 200", ...REPLACED]);
});

test("it was enrolled since: read again", async () => {
  const world = withPod(aReader());
  expect(await replace(world, LEASE)).toEqual({ kind: "restart", reason: "pod db-0 was enrolled meanwhile" });
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
  expect(await replace(world, LEASE)).toEqual(expected);
  expect(world.calls).not.toContain("patch db-lease 200");
});

test("it went before it was fenced: the record moves on", async () => {
  const world = withPod(LET_GO);
  world.before((now) => (now === "patch db-0" ? answer(404, "NotFound") : undefined));
  expect(await replace(world, LEASE)).toMatchObject({ kind: "settled" });
  expect(world.calls).toEqual(["get db-0 200", "patch db-0 404", ...REPLACED]);
});

test.each<[string, KubeObject]>([
  ["nobody", aLease({ holder: null })],
  ["somebody, but has no epoch yet: nobody was promoted under it", aLease({ epoch: "none" })],
])("the record names %s: nobody is looked for", async (_title, lease) => {
  const world = withPod(LET_GO, lease);
  await replace(world, lease);
  expect(world.calls).not.toContain("get db-0 200");
});
