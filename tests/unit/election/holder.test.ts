/** Whom labels and records speak for, where they do not agree: an adopted holder, an incumbent without a record, a foreign label. */
import { expect, test } from "vitest";
import { byFitness, elect, type Election, type ElectionInput } from "../../../functions/election/decide.ts";
import { viewRecord, type RecordView } from "../../../functions/kit/handover/model.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import {
  aBareLease,
  aPod,
  aReader,
  aRecord,
  aWriter,
  lockView,
  NOW,
  seen,
  THE_SET,
  type PodOptions,
} from "../support/builders.ts";

const ask = (pods: readonly KubeObject[], input: Partial<ElectionInput> = {}): Election =>
  elect({ lock: lockView(), set: THE_SET, record: aRecord(), pods: pods.map((pod) => seen(pod)), ...input });
const said = (election: Election): string =>
  `${election.reason} ${election.kind === "lead" ? election.target.name : election.message}`;

const writer = (name: string, options: PodOptions = {}): KubeObject => aPod({ name, role: "writer", ...options });
const adopted = (holderIdentity: string): RecordView => viewRecord(aBareLease({ holderIdentity }), NOW);

test.each<[string, readonly KubeObject[], RecordView | undefined, string]>([
  ["the labelled pod of that name", [writer("db-1"), writer("db-2")], adopted("db-2"), "HolderHealthy db-2"],
  ["not a pod of that name without the label", [aPod(), writer("db-2")], adopted("db-0"), "WriterKept db-2"],
])("an adopted Lease names a holder: %s", (_title, pods, record, expected) => {
  expect(said(ask(pods, { record }))).toBe(expected);
});

const STAMPED = [writer("db-1", { epoch: 5 }), writer("db-2", { epoch: 9 }), writer("db-3", { epoch: 7 })];
test.each<[string, readonly KubeObject[], string]>([
  ["the highest stamp, listed in the middle", STAMPED, "WriterKept db-2"],
  ["the highest stamp, listed first", [...STAMPED.slice(1), ...STAMPED.slice(0, 1)], "WriterKept db-2"],
  [
    "the highest stamp, listed last",
    STAMPED.toReversed().toSpliced(1, 1).concat(STAMPED.slice(1, 2)),
    "WriterKept db-2",
  ],
  [
    "of equal stamps the first in order",
    [writer("db-2", { epoch: 9 }), writer("db-1", { epoch: 9 })],
    "WriterKept db-1",
  ],
])("without a record, of several labelled pods: %s", (_title, pods, expected) => {
  expect(said(ask(pods, { record: undefined }))).toBe(expected);
});

test("under a record a label that somebody else set makes nobody the successor", () => {
  const pods = [aWriter({ ready: false }), aReader({ name: "db-1" }), writer("db-2")];
  expect(said(ask(pods))).toBe("HolderNotReady db-1");
});

test("only members count among those of whom none can lead", () => {
  const pods = [aWriter({ ready: false }), aReader({ name: "db-1", owner: "other" })];
  expect(said(ask(pods))).toBe("PodsNotFound none of 1 pods is Ready and not terminating");
});

test("a switchover to an endless name is refused in a message that can be stored", () => {
  const { findings } = ask([aWriter()], { lock: lockView({ switchoverTo: "x".repeat(300) }) });
  expect(findings.map(({ message }) => message)).toEqual([
    `switchover to "${"x".repeat(253)}" refused: the pod is not a pod of the StatefulSet`,
  ]);
});

test("fitness is an order: asked the other way round it answers the other way round", () => {
  const [one, other] = [seen(aPod({ uid: "a" })), seen(aPod({ uid: "b" }))];
  expect([byFitness(one, other), byFitness(other, one)]).toEqual([-1, 1]);
});

test("a switchover to the pod that would come next anyway is one, also while the lock is paused", () => {
  const lock = lockView({ switchoverTo: "db-1", spec: { paused: true } });
  expect(said(ask([aReader({ name: "db-1" }), aReader({ name: "db-2" })], { lock }))).toBe("Switchover db-1");
});
