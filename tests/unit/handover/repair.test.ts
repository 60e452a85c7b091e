/** What is repaired while nobody can lead: only what a foreign write gave, and under the present epoch. */
import { expect, test } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import type { RecordView } from "../../../functions/kit/handover/model.ts";
import { planRepair, type PodChange } from "../../../functions/kit/handover/plan.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { aPod, aReader, aRecord, aWriter, EPOCH, LEASE_UID, NOW, seen, SET_UID } from "../support/builders.ts";

const repair = (pods: readonly KubeObject[], record: RecordView | undefined): readonly PodChange[] =>
  planRepair({ names: ROLES, group: SET_UID, record, pods: pods.map((pod) => seen(pod)), epochSeen: 0, now: NOW });

const FENCED = {
  "bellwether.dev/election.epoch": String(EPOCH),
  "bellwether.dev/election.record": LEASE_UID,
  "bellwether.dev/election.token": null,
};

const OUTRUN = { name: "db-1", role: "writer", epoch: EPOCH + 1 };
test.each<[string, readonly KubeObject[], RecordView | undefined, readonly string[]]>([
  ["a second writer", [aWriter(), aWriter({ name: "db-1", token: undefined })], aRecord(), ["db-1"]],
  ["a reader with a token", [aWriter(), aReader({ name: "db-1", token: "5" })], aRecord(), ["db-1"]],
  ["every writer while nobody holds the record", [aWriter()], aRecord({ holder: null }), ["db-0"]],
  ["not the holder, whatever it carries", [aWriter({ ready: false })], aRecord(), []],
  ["not a reader without token, stamped or not", [aReader({ name: "db-1" }), aPod({ name: "db-2" })], aRecord(), []],
  ["not a pod of another group", [aWriter({ name: "x-1", owner: "other", group: "other" })], aRecord(), []],
  ["not a pod that a later hand-over has stamped", [aPod(OUTRUN)], aRecord(), []],
  ["nobody without a record", [aWriter({ name: "db-1" })], undefined, []],
  ["nobody under an adopted record", [aWriter({ name: "db-1" })], { ...aRecord(), epoch: undefined }, []],
])("repair while nobody can lead: %s", (_title, pods, record, names) => {
  expect(repair(pods, record).map(({ pod }) => pod.name)).toEqual(names);
});

test("a repair is a fence: role and token go, under the present epoch", () => {
  expect(repair([aWriter({ name: "db-1" })], aRecord())).toMatchObject([
    { labels: { "sts-role": "reader" }, annotations: FENCED },
  ]);
});
