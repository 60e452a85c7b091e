/** Who leads: the holder while it is healthy, a switchover that was asked for, else one total order. */
import { expect, test } from "vitest";
import { byFitness, elect, type Election, type ElectionInput } from "../../../functions/election/decide.ts";
import { viewRecord } from "../../../functions/kit/handover/model.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { microTime } from "../../../functions/kit/kube/micro-time.ts";
import { disqualification } from "../../../functions/kit/handover/choose.ts";
import { viewSet } from "../../../functions/kit/pods/stateful-set.ts";
import {
  aBareLease,
  aPod,
  aReader,
  aRecord,
  aSet,
  aWriter,
  EPOCH,
  lockView,
  NOW,
  seen,
  SET_UID,
  THE_SET,
  type LockOptions,
  type PodOptions,
} from "../support/builders.ts";

type Settings = Partial<Omit<ElectionInput, "pods" | "lock">> & { readonly lock?: LockOptions };

const ask = (pods: readonly KubeObject[], { lock, ...settings }: Settings = {}): Election =>
  elect({ lock: lockView(lock), set: THE_SET, record: aRecord(), pods: pods.map((pod) => seen(pod)), ...settings });
const said = (election: Election): string =>
  `${election.reason} ${election.kind === "lead" ? election.target.name : election.message}`;

const two = { name: "db-1" };
const three = { name: "db-2" };
const HEALTHY = [aWriter(), aReader(two), aReader(three)];
const switchover = (switchoverTo: string): Settings => ({ lock: { switchoverTo } });

test.each<[string, readonly KubeObject[], Settings, string]>([
  ["a healthy holder stays", HEALTHY, {}, "HolderHealthy db-0"],
  [
    "also when a lower ordinal is Ready",
    [aReader(), aWriter(two)],
    { record: aRecord({ holder: "db-1" }) },
    "HolderHealthy db-1",
  ],
  [
    "also when another has a higher priority",
    [aWriter(), aReader({ ...two, priority: "5" })],
    {},
    "HolderHealthy db-0",
  ],
  [
    "also over an expired Lease",
    HEALTHY,
    { record: aRecord({ renewTime: microTime(NOW - 3_600_000) }) },
    "HolderHealthy db-0",
  ],
  ["also over a Lease without time", HEALTHY, { record: aRecord({ renewTime: "never" }) }, "HolderHealthy db-0"],
  ["also when its label was taken off", [aReader(), aReader(two)], {}, "HolderHealthy db-0"],
  ["a holder that is not Ready is replaced", [aWriter({ ready: false }), aReader(two)], {}, "HolderNotReady db-1"],
  [
    "a holder that terminates is replaced though Ready",
    [aWriter({ terminating: true }), aReader(two)],
    {},
    "HolderTerminating db-1",
  ],
  ["a holder that finished is replaced", [aWriter({ phase: "Failed" }), aReader(two)], {}, "HolderFinished db-1"],
  ["a holder that is gone is replaced", [aReader(two), aReader(three)], {}, "HolderGone db-1"],
  [
    "a holder that left the selector is replaced",
    [aWriter({ labels: { app: "x" } }), aReader(two)],
    {},
    "HolderLeft db-1",
  ],
  [
    "a pod recreated under the holder's name is another pod",
    [aPod({ uid: "new", role: "reader" }), aReader(two)],
    {},
    "HolderGone db-0",
  ],
  [
    "nobody held: the first",
    [aReader(three), aReader(two)],
    { record: aRecord({ holder: null }) },
    "FirstElection db-1",
  ],
  ["no record, no labels: the first", [aPod(three), aPod()], { record: undefined }, "FirstElection db-0"],
  [
    "no record, one labelled: it stays",
    [aPod(), aPod({ ...two, role: "writer" })],
    { record: undefined },
    "WriterKept db-1",
  ],
  [
    "no record, several labelled: the highest stamp stays",
    [aWriter({ epoch: 5 }), aWriter({ ...two, epoch: 9 }), aPod({ ...three, role: "writer" })],
    { record: undefined },
    "WriterKept db-1",
  ],
  [
    "no record, several labelled without stamps: the first of all",
    [aPod(), aPod({ ...two, role: "writer" }), aPod({ ...three, role: "writer" })],
    { record: undefined },
    "FirstElection db-0",
  ],
  [
    "no record, the labelled one is not Ready: the first",
    [aPod(two), aPod({ ...three, role: "writer", ready: false })],
    { record: undefined },
    "FirstElection db-1",
  ],
  [
    "an adopted Lease keeps its labelled holder",
    [aPod(), aPod({ ...two, role: "writer" })],
    { record: viewRecord(aBareLease({ holderIdentity: "db-1" }), NOW) },
    "HolderHealthy db-1",
  ],
  [
    "an adopted Lease whose holder is not Ready: the first",
    [aPod({ role: "writer", ready: false }), aPod(two), aPod(three)],
    { record: viewRecord(aBareLease(), NOW) },
    "HolderNotReady db-1",
  ],
])("%s", (_title, pods, settings, expected) => {
  expect(said(ask(pods, settings))).toBe(expected);
});

test.each<[string, readonly KubeObject[], Settings, string]>([
  ["no pods", [], {}, "PodsNotFound the StatefulSet has no pods"],
  ["scaled to zero", [], { set: viewSet(aSet({ replicas: 0 })) }, "PodsNotFound the StatefulSet is scaled to zero"],
  [
    "none is Ready",
    [aWriter({ ready: false }), aReader({ ...two, ready: false })],
    {},
    "PodsNotFound none of 2 pods is Ready and not terminating",
  ],
  [
    "paused, and the writer cannot lead",
    [aWriter({ ready: false }), aReader(two)],
    { lock: { spec: { paused: true } } },
    "Paused spec.paused is true and the writer cannot lead; nothing is moved",
  ],
  [
    "paused before anybody led",
    [aPod()],
    { record: undefined, lock: { spec: { paused: true } } },
    "Paused spec.paused is true and the writer cannot lead; nothing is moved",
  ],
])("nothing is moved: %s", (_title, pods, settings, expected) => {
  expect(ask(pods, settings).kind).toBe("hold");
  expect(said(ask(pods, settings))).toBe(expected);
});

test("paused: a healthy holder goes on, and a switchover is carried out", () => {
  const spec = { paused: true };
  expect(said(ask(HEALTHY, { lock: { spec } }))).toBe("HolderHealthy db-0");
  expect(said(ask(HEALTHY, { lock: { spec, switchoverTo: "db-2" } }))).toBe("Switchover db-2");
});

test.each<[string, readonly KubeObject[], string, string, string | undefined]>([
  ["to another pod", HEALTHY, "db-2", "Switchover db-2", undefined],
  ["to the holder: nothing to do", HEALTHY, "db-0", "HolderHealthy db-0", undefined],
  ["away from a lost holder, before the order", [aReader(two), aReader(three)], "db-2", "Switchover db-2", undefined],
  [
    "to a pod that does not exist",
    HEALTHY,
    "db-9",
    "HolderHealthy db-0",
    'switchover to "db-9" refused: the pod is not a pod of the StatefulSet',
  ],
  [
    "to nothing",
    HEALTHY,
    "",
    "HolderHealthy db-0",
    'switchover to "" refused: the pod is not a pod of the StatefulSet',
  ],
  [
    "to a pod that is not Ready",
    [aWriter(), aReader({ ...two, ready: false })],
    "db-1",
    "HolderHealthy db-0",
    'switchover to "db-1" refused: the pod is not Ready',
  ],
  [
    "to a pod that terminates",
    [aWriter(), aReader({ ...two, terminating: true })],
    "db-1",
    "HolderHealthy db-0",
    'switchover to "db-1" refused: the pod is terminating',
  ],
  [
    "to a pod that left",
    [aWriter(), aReader({ ...two, owner: "x" })],
    "db-1",
    "HolderHealthy db-0",
    'switchover to "db-1" refused: the pod is not a member of the StatefulSet',
  ],
  [
    "to the new one of two pods of a name",
    [aWriter(), aReader({ ...two, terminating: true, uid: "old" }), aReader(two)],
    "db-1",
    "Switchover db-1",
    undefined,
  ],
])("switchover %s", (_title, ...[pods, to, expected, refusal]) => {
  const election = ask(pods, switchover(to));
  expect(said(election)).toBe(expected);
  expect(election.findings.find(({ type }) => type === "SwitchoverRefused")?.message).toBe(refusal);
});

test("the order: priority, then ordinal as a number, then uid", () => {
  const pods = [
    aPod({ name: "db-10" }),
    aPod({ name: "db-2", uid: "b" }),
    aPod({ name: "db-2", uid: "a" }),
    aPod({ name: "db-x" }),
    aPod({ name: "db-0", priority: "-1" }),
    aPod({ name: "db-7", priority: "3" }),
    aPod({ name: "db-5", priority: "bad" }),
  ].map((pod) => seen(pod));
  const sorted = pods.toSorted(byFitness).map(({ name, uid }) => (uid.length === 1 ? `${name} ${uid}` : name));
  expect(sorted).toEqual(["db-7", "db-2 a", "db-2 b", "db-5", "db-10", "db-x", "db-0"]);
});

test.each<[string, PodOptions, string | undefined]>([
  ["can lead", {}, undefined],
  ["", { owner: "x" }, "is not a member of the StatefulSet"],
  ["", { group: null }, "is not enrolled yet"],
  ["", { group: "x" }, "is not enrolled yet"],
  ["", { terminating: true }, "is terminating"],
  ["", { phase: "Succeeded" }, "is finished"],
  ["", { ready: false }, "is not Ready"],
])("a pod %s%j: %s", (_title, options, why) => {
  expect(disqualification(seen(aPod(options)), SET_UID)).toBe(why);
});

const findings = (pods: readonly KubeObject[], settings: Settings = {}): string =>
  ask(pods, settings)
    .findings.map(({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`)
    .join("\n");

test.each<[string, readonly KubeObject[], Settings, string]>([
  ["nothing", HEALTHY, {}, ""],
  [
    "a priority that is none",
    [aWriter({ priority: "x" })],
    {},
    'InvalidAnnotation=True InvalidPriority: pod db-0: annotation bellwether.dev/priority: got "x", accepted is a whole number of at most nine digits; 0 is used',
  ],
  [
    "a stamp that is none",
    [aWriter(), aReader({ ...two, epoch: "x" })],
    {},
    "Tampered=True StampUnreadable: epoch annotations that are no epoch, or too far ahead, are ignored on: db-1",
  ],
  [
    "a record's epoch that is none",
    HEALTHY,
    { record: aRecord({ epoch: "9999999999" }) },
    "Tampered=True EpochUnreadable: the epoch annotation of Lease db-lease is no epoch, or too far ahead: a new one is taken",
  ],
  [
    "a holder whose name and uid disagree",
    HEALTHY,
    { record: aRecord({ holder: "db-1", holderUid: "uid-of-db-0" }) },
    'Tampered=True HolderMismatch: the Lease names holder "db-1", but its holder-uid is that of db-0',
  ],
])("reported: %s", (_title, pods, settings, expected) => {
  expect(findings(pods, settings)).toBe(expected);
});

test("a holder-uid that belongs to nobody does not move a writer that carries the record's token", () => {
  const pods = [aReader(), aReader(two), aWriter({ ...three, token: String(EPOCH) })];
  expect(said(ask(pods, { record: aRecord({ holder: "db-2", holderUid: "tampered" }) }))).toContain("db-2");
});

test("a message stays within the 32768 characters of a condition, however many pods are wrong", () => {
  const pods = Array.from({ length: 300 }, (_, index) => aPod({ name: `db-${index}`, priority: "high" }));
  expect(findings(pods).length).toBeLessThanOrEqual(32_768);
});
