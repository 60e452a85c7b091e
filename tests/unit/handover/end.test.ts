/** How a group ends when somebody is faster, refuses, or has taken some of it away already. */
import { expect, test } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import { endGroup, type Ending } from "../../../functions/kit/handover/end.ts";
import { viewRecord } from "../../../functions/kit/handover/model.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { KubeResponse, Transport } from "../../../functions/kit/kube/request.ts";
import { aLease, aPod, aReader, aWriter, NOW, seen, SET_UID } from "../support/builders.ts";
import { createScripted, type Scripted } from "../support/scripted.ts";

const end = (world: Scripted, pods: readonly KubeObject[], lease?: KubeObject): Promise<Ending> => {
  const record = lease === undefined ? undefined : viewRecord(lease, NOW);
  const views = pods.map((pod) => seen(pod));
  return endGroup(world.ports, { names: ROLES, group: SET_UID, record, pods: views }, { now: NOW, epochSeen: 0 });
};

const FENCED = [aReader(), aReader({ name: "db-1" })];
const HELD_BY_NOBODY = aLease({ holder: null });
const answer = (status: number, reason: string): KubeResponse => ({ status, body: { kind: "Status", reason } });

/** A group that is fenced already, whose end meets this answer once. */
const interrupted = (call: string, response: KubeResponse): Scripted => {
  const world = createScripted([...FENCED, HELD_BY_NOBODY]);
  world.before((now) => (now === call ? response : undefined));
  return world;
};

const FORBIDDEN = answer(403, "Forbidden");
const CONFLICT = answer(409, "Conflict");
test.each<[string, string, KubeResponse, Ending, readonly string[]]>([
  [
    "a pod's labels may not be changed: the record stays",
    "patch db-0",
    FORBIDDEN,
    { kind: "refused", doing: "take the labels off", response: FORBIDDEN },
    ["patch db-lease 200", "patch db-0 403", "patch db-1 200"],
  ],
  [
    "a pod changed: read again, the record stays",
    "patch db-1",
    CONFLICT,
    { kind: "restart", reason: "a pod changed while the group ended" },
    ["patch db-lease 200", "patch db-0 200", "patch db-1 409"],
  ],
  [
    "a pod is gone: that is as good",
    "patch db-0",
    answer(404, "NotFound"),
    { kind: "ended" },
    ["patch db-lease 200", "patch db-0 404", "patch db-1 200", "delete db-lease 200"],
  ],
  [
    "the record may not be deleted",
    "delete db-lease",
    FORBIDDEN,
    { kind: "refused", doing: "delete Lease db-lease", response: FORBIDDEN },
    ["patch db-lease 200", "patch db-0 200", "patch db-1 200", "delete db-lease 403"],
  ],
  [
    "the record changed: read again",
    "delete db-lease",
    CONFLICT,
    { kind: "restart", reason: "the record changed while the group ended" },
    ["patch db-lease 200", "patch db-0 200", "patch db-1 200", "delete db-lease 409"],
  ],
])("an end is interrupted: %s", async (_title, ...[call, response, ending, calls]) => {
  const world = interrupted(call, response);
  expect(await end(world, FENCED, HELD_BY_NOBODY)).toEqual(ending);
  expect(world.calls).toEqual(calls);
});

test.each<[string, KubeResponse, Ending]>([
  ["somebody was faster", CONFLICT, { kind: "restart", reason: "the record changed" }],
  ["it is refused", FORBIDDEN, { kind: "refused", doing: "write Lease db-lease", response: FORBIDDEN }],
])("no label is taken off while the record still names a holder: %s", async (_title, response, ending) => {
  const pods = [aWriter()];
  const world = createScripted([...pods, aLease()]);
  world.before((call) => (call === "patch db-lease" ? response : undefined));
  expect(await end(world, pods, aLease())).toEqual(ending);
  expect(world.calls).toEqual([`patch db-lease ${response.status}`]);
});

test.each<[string, KubeResponse, Ending]>([
  ["somebody was faster", CONFLICT, { kind: "restart", reason: "the record changed" }],
  ["it is refused", FORBIDDEN, { kind: "refused", doing: "write Lease db-lease", response: FORBIDDEN }],
])("no label is taken off before the record was written once more: %s", async (_title, response, ending) => {
  const world = interrupted("patch db-lease", response);
  expect(await end(world, FENCED, HELD_BY_NOBODY)).toEqual(ending);
  expect(world.calls).toEqual([`patch db-lease ${response.status}`]);
});

test.each<[string, KubeObject]>([
  ["only the role", aPod({ role: "reader", group: null })],
  ["only the enrolment", aPod()],
  ["only the token", aPod({ group: null, token: "5" })],
])("a pod that has %s is stripped of it", async (_title, pod) => {
  const world = createScripted([pod]);
  expect(await end(world, [pod])).toEqual({ kind: "ended" });
  expect(world.calls).toEqual(["patch db-0 200"]);
  expect(world.get("db-0")?.metadata).toMatchObject({ labels: { app: "db" }, annotations: {} });
  expect(world.get("db-0")?.metadata.annotations).not.toHaveProperty(["bellwether.dev/election.token"]);
});

test("every write of an end names its namespace", async () => {
  const pods = [aWriter()];
  const { ports } = createScripted([...pods, aLease()]);
  const sent: (string | undefined)[] = [];
  const send: Transport = (request) => {
    sent.push(request.namespace);
    return ports.send(request);
  };
  const group = { names: ROLES, group: SET_UID, record: viewRecord(aLease(), NOW), pods: pods.map((pod) => seen(pod)) };
  expect(await endGroup({ ...ports, send }, group, { now: NOW, epochSeen: 0 })).toEqual({ kind: "ended" });
  expect(sent).toEqual(["default", "default", "default", "default", "default"]);
});

test("a member that was never enrolled is not enrolled on the way out", async () => {
  const pods = [aPod({ role: "writer", group: null })];
  const world = createScripted([...pods, HELD_BY_NOBODY]);
  expect(await end(world, pods, HELD_BY_NOBODY)).toEqual({ kind: "ended" });
  expect(world.calls).toEqual(["patch db-lease 200", "patch db-0 200", "delete db-lease 200"]);
});

test("a member that lost its enrolment meanwhile is not enrolled again on the way out", async () => {
  const pods = [aWriter()];
  const world = createScripted([...pods, HELD_BY_NOBODY]);
  world.before((call) => {
    if (call === "patch db-0") world.put("db-0", aWriter({ group: null, version: 99 }));
    world.before(() => undefined);
    return undefined;
  });
  expect(await end(world, pods, HELD_BY_NOBODY)).toEqual({ kind: "ended" });
  expect(world.calls).toEqual([
    "patch db-0 409",
    "get db-0 200",
    "patch db-lease 200",
    "patch db-0 200",
    "delete db-lease 200",
  ]);
  expect(world.get("db-0")?.metadata.labels).toEqual({ app: "db" });
});
