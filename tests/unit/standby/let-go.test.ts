/** Who may be let go, and that nobody is before the record was written as it was read. */
import { expect, test } from "vitest";
import type { Stop } from "../../../functions/kit/handover/attempt.ts";
import type { KubeRequest, KubeResponse, Transport } from "../../../functions/kit/kube/request.ts";
import type { Candidate } from "../../../functions/kit/pods/candidate.ts";
import { leaversOf, letGo, type Resting } from "../../../functions/standby/leavers.ts";
import { groupOf, viewStandbyPod } from "../../../functions/standby/model.ts";
import { aLease, aPod, aRecord, EPOCH, LEASE_NAME, LEASE_UID, NAMESPACE, NOW } from "../support/builders.ts";

const TEAM = { group: groupOf({ app: "db" }), selector: { app: "db" } };

/** Fenced under the record, which names another. */
const aLeaver = (name: string, over: Partial<Candidate> = {}): Candidate => ({
  ...viewStandbyPod(aPod({ name, group: null }), TEAM, NOW),
  member: false,
  group: TEAM.group,
  role: undefined,
  token: undefined,
  stamp: { epoch: EPOCH, record: LEASE_UID },
  ...over,
});

const RECORD = aRecord({ holder: "db-0" });

const resting = (pods: readonly Candidate[], record: Resting["record"] = RECORD): Resting => ({
  group: TEAM.group,
  record,
  pods,
});

test.each<[string, Partial<Candidate>, boolean]>([
  ["it has left, and is fenced under the record", {}, true],
  ["the selector finds it", { member: true }, false],
  ["it is another group's", { group: "another" }, false],
  ["it is enrolled nowhere", { group: undefined }, false],
  ["it has the label", { role: "active" }, false],
  ["it has a token", { token: String(EPOCH) }, false],
  ["the record names it", { uid: RECORD.holder?.uid ?? "" }, false],
  ["it was fenced under another record", { stamp: { epoch: EPOCH, record: "another" } }, false],
  ["it was fenced under another epoch", { stamp: { epoch: EPOCH - 1, record: LEASE_UID } }, false],
  ["it was never fenced", { stamp: undefined }, false],
])("a pod may be let go: %s", (_title, over, expected) => {
  expect(leaversOf(resting([aLeaver("db-1", over)]))).toHaveLength(expected ? 1 : 0);
});

test("nor without a record, which somebody may be about to make; one that names nobody is as good as any", () => {
  expect(leaversOf({ group: TEAM.group, record: undefined, pods: [aLeaver("db-1", { stamp: undefined })] })).toEqual(
    [],
  );
  expect(leaversOf(resting([aLeaver("db-1")], { ...RECORD, holder: undefined }))).toHaveLength(1);
});

const answering = (response: KubeResponse): { send: Transport; sent: KubeRequest[] } => {
  const sent: KubeRequest[] = [];
  return { sent, send: async (request) => (sent.push(request), Promise.resolve(response)) };
};

const WRITTEN = { status: 200, body: { ...aLease(), metadata: { ...aLease().metadata, resourceVersion: "written" } } };

test("the record is written as it was read, and then each pod as it was", async () => {
  const { send, sent } = answering(WRITTEN);
  const released = await letGo(send, resting([aLeaver("db-1"), aLeaver("db-2")]));
  expect(released).toStrictEqual({ record: { ...RECORD, resourceVersion: "written" }, stop: undefined });
  const { uid, resourceVersion } = RECORD;
  expect(sent.map(({ method, namespace, name, body }) => [method, `${namespace}/${name}`, body])).toMatchObject([
    [
      "PATCH",
      `${NAMESPACE}/${LEASE_NAME}`,
      { metadata: { uid, resourceVersion, annotations: { "bellwether.dev/released": resourceVersion } } },
    ],
    ["PATCH", `${NAMESPACE}/db-1`, { metadata: { uid: "uid-of-db-1", labels: { "bellwether.dev/standby": null } } }],
    ["PATCH", `${NAMESPACE}/db-2`, { metadata: { uid: "uid-of-db-2", labels: { "bellwether.dev/standby": null } } }],
  ]);
});

const failure = (status: number, reason: string): KubeResponse => ({ status, body: { kind: "Status", reason } });
const CONFLICT = failure(409, "Conflict");
const GONE = failure(404, "NotFound");
const FORBIDDEN = failure(403, "Forbidden");
const TROUBLE = failure(503, "ServiceUnavailable");
const RESTART: Stop = { kind: "restart", reason: "the record changed" };
const refusedBy = (doing: string, response: KubeResponse): Stop => ({ kind: "refused", doing, response });

test.each<[string, KubeResponse, Stop]>([
  ["somebody was faster", CONFLICT, RESTART],
  ["it is gone", GONE, RESTART],
  ["it may not be written", FORBIDDEN, refusedBy(`write Lease ${LEASE_NAME}`, FORBIDDEN)],
  ["the server is in trouble", TROUBLE, refusedBy(`write Lease ${LEASE_NAME}`, TROUBLE)],
])("where the record cannot be written nobody is let go: %s", async (_title, response, stop) => {
  const { send, sent } = answering(response);
  const released = await letGo(send, resting([aLeaver("db-1")]));
  expect(released).toStrictEqual({ record: RECORD, stop });
  expect(sent.map(({ name }) => name)).toEqual([LEASE_NAME]);
});

test.each<[string, KubeResponse, Stop | undefined]>([
  ["it has changed, and is looked at again", CONFLICT, undefined],
  ["it is gone", GONE, undefined],
  ["it may not be written", FORBIDDEN, refusedBy("let pod db-2 go", FORBIDDEN)],
  ["the server is in trouble", TROUBLE, refusedBy("let pod db-2 go", TROUBLE)],
])("what keeps one pod from being let go is told, if nothing else will: %s", async (_title, response, stop) => {
  const send: Transport = ({ name }) => Promise.resolve(name === "db-2" ? response : WRITTEN);
  const released = await letGo(send, resting([aLeaver("db-1"), aLeaver("db-2")]));
  expect(released).toStrictEqual({ record: { ...RECORD, resourceVersion: "written" }, stop });
});

test("where nobody has left nothing is written", async () => {
  const { send, sent } = answering(WRITTEN);
  expect(await letGo(send, resting([aLeaver("db-1", { member: true })]))).toStrictEqual({
    record: RECORD,
    stop: undefined,
  });
  expect(sent).toEqual([]);
});
