/** Who leads, by what the pods said: each rule of the verdict as a table. */
import { expect, test } from "vitest";
import { chooseLocally, judge } from "../../../functions/roles/decide.ts";
import { answersOf, aRecordOf, sceneOf, shortly, type Told } from "./scene.ts";

const SILENT = "no answer within 1000 ms";
const verdict = (told: Told): string => shortly(judge(sceneOf(told), answersOf(told)));
const messages = (told: Told): readonly string[] =>
  judge(sceneOf(told), answersOf(told)).findings.map(({ message }) => message);

test.each<[string, Told, string]>([
  ["the first claimant leads", { say: ["no", "yes", "no"] }, "db-1 FirstElection"],
  ["the leader that still claims stays", { leader: "db-1", say: ["no", "yes", "no"] }, "db-1 LeaderConfirmed"],
  ["the claimant leads when the leader denies", { leader: "db-0", say: ["no", "yes", "no"] }, "db-1 LeaderDenies"],
  ["a silent follower does not matter", { leader: "db-0", say: ["no", "yes", SILENT] }, "db-1 LeaderDenies PodsSilent"],
  [
    "nor do two, to a leader that answers",
    { leader: "db-0", say: ["yes", SILENT, SILENT] },
    "db-0 LeaderConfirmed PodsSilent",
  ],
  ["one answer of one replica", { say: ["yes"] }, "db-0 FirstElection"],
])("one claimant: %s", (_title, told, expected) => {
  expect(verdict(told)).toBe(expected);
});

test.each<[string, Told, string]>([
  ["a majority answers: it moves", { leader: "db-0", say: [SILENT, "yes", "no"] }, "db-1 LeaderSilent PodsSilent"],
  ["no majority answers: it stays", { leader: "db-0", say: [SILENT, "yes", SILENT] }, "db-0 LeaderKept LeaderSilent"],
  [
    "the majority is of spec.replicas, not of the pods that there are",
    { leader: "db-0", say: [SILENT, "yes", "no"], replicas: 5 },
    "db-0 LeaderKept LeaderSilent",
  ],
  ["a half is no majority", { leader: "db-0", say: [SILENT, "yes", "no", SILENT] }, "db-0 LeaderKept LeaderSilent"],
  ["nobody claims: it keeps its label", { leader: "db-0", say: [SILENT, "no", "no"] }, "db-0 LeaderKept LeaderSilent"],
  [
    "nobody answers at all: it keeps its label",
    { leader: "db-0", say: [SILENT, SILENT] },
    "db-0 LeaderKept LeaderSilent",
  ],
])("the leader is Ready and silent; %s", (_title, told, expected) => {
  expect(verdict(told)).toBe(expected);
});

test.each<[string, Told, string]>([
  [
    "the view of a majority wins",
    { leader: "db-0", say: ["yes", "yes", "no"], see: ["db-0", "db-1", "db-1"] },
    "db-1 LeaderDenies",
  ],
  [
    "also for the leader",
    { leader: "db-0", say: ["yes", "yes", "no"], see: ["db-0", "db-1", "db-0"] },
    "db-0 LeaderConfirmed",
  ],
  [
    "no majority: the leader stays if it still claims",
    { leader: "db-0", say: ["yes", "yes", "no"], see: ["db-0", "db-1", undefined] },
    "db-0 LeaderKept SeveralLeaders",
  ],
  [
    "no majority and the leader denies: nobody leads",
    { leader: "db-2", say: ["yes", "yes", "no"], see: ["db-0", "db-1", ""] },
    "nobody SeveralLeaders",
  ],
  [
    "no majority and the leader is silent: it keeps its label",
    { leader: "db-2", say: ["yes", "yes", SILENT], see: ["db-0", "db-1"] },
    "db-2 LeaderKept SeveralLeaders LeaderSilent",
  ],
  [
    "no majority and no leader: nobody is promoted",
    { say: ["yes", "yes", "no"], see: ["db-0", "db-1", ""] },
    "nobody SeveralLeaders",
  ],
  [
    "a view with two leaders is none",
    { say: ["yes", "yes", "no"], see: ["db-0", "db-0 db-1", "db-0 db-1"] },
    "nobody SeveralLeaders",
  ],
  [
    "a majority for one that does not claim is none",
    { say: ["yes", "yes", "no"], see: ["db-2", "db-2", "db-2"] },
    "nobody SeveralLeaders",
  ],
  [
    "the majority is of spec.replicas",
    { say: ["yes", "yes", "no"], see: ["db-0", "db-0", "db-0"], replicas: 7 },
    "nobody SeveralLeaders",
  ],
  [
    "the view of a pod that is no replica any more does not count",
    { say: ["yes", "yes"], see: ["db-0", "db-1"], replicas: 1 },
    "db-0 FirstElection",
  ],
])("several claimants: %s", (_title, told, expected) => {
  expect(verdict(told)).toBe(expected);
});

test.each<[string, Told, string]>([
  [
    "answers of pods that a scale-down is about to remove",
    { leader: "db-0", say: [SILENT, SILENT, "no", "yes", "no"], replicas: 3 },
    "db-0 LeaderKept LeaderSilent",
  ],
  [
    "answers of pods below the first ordinal",
    { leader: "db-3", say: ["no", "yes", "no", SILENT, SILENT], replicas: 2, firstOrdinal: 3 },
    "db-3 LeaderKept LeaderSilent",
  ],
  [
    "answers of pods with names that the set does not give",
    { leader: "db-0", say: [SILENT, "yes", "no"], pods: { "db-2": { name: "other-2" } } },
    "db-0 LeaderKept LeaderSilent",
  ],
  [
    "answers, where the set is scaled to zero",
    { leader: "db-0", say: [SILENT, "yes"], replicas: 0 },
    "db-0 LeaderKept LeaderSilent",
  ],
  [
    "views of pods that a scale-down is about to remove",
    { say: ["yes", "yes", "no", "no", "no"], see: ["db-0", "db-1", "", "db-1", "db-1"], replicas: 3 },
    "nobody SeveralLeaders",
  ],
])("no majority is made of what is no replica: %s", (_title, told, expected) => {
  expect(verdict(told)).toBe(expected);
});

test.each<[string, Told, string]>([
  [
    "answers of replicas from the first ordinal on",
    { leader: "db-2", say: [SILENT, SILENT, SILENT, "yes", "no"], replicas: 3, firstOrdinal: 2 },
    "db-3 LeaderSilent PodsSilent",
  ],
  [
    "views of replicas, for a claimant that is none any more",
    { say: ["yes", "no", "no", "yes"], see: ["db-0", "db-3", "db-3", "db-3"], replicas: 3 },
    "db-3 FirstElection",
  ],
])("a majority is made of %s", (_title, told, expected) => {
  expect(verdict(told)).toBe(expected);
});

test.each<[string, Told, string]>([
  ["the leader denies: nobody leads", { leader: "db-0", say: ["no", "no", "no"] }, "nobody"],
  ["nobody led: nobody leads", { say: ["no", "no", "no"] }, "nobody"],
  ["the leader is gone and others answer: nobody leads", { leader: "db-9", say: ["no", SILENT] }, "nobody PodsSilent"],
  [
    "the leader is gone and nobody answers: nothing moves",
    { leader: "db-9", say: [SILENT, SILENT] },
    "hold NobodyAnswers PodsSilent",
  ],
])("no claimant: %s", (_title, told, expected) => {
  expect(verdict(told)).toBe(expected);
});

test.each<[string, Told["pods"], string]>([
  ["not Ready", { "db-0": { ready: false } }, "HolderNotReady"],
  ["terminating", { "db-0": { terminating: true } }, "HolderTerminating"],
  ["finished", { "db-0": { finished: true, ready: false } }, "HolderFinished"],
  ["no member any more", { "db-0": { member: false } }, "HolderLeft"],
])("a leader that is %s loses its label, whatever it says", (_title, pods, reason) => {
  expect(verdict({ leader: "db-0", say: ["yes", "yes", "no"], pods: pods ?? {} })).toBe(`db-1 ${reason}`);
  expect(verdict({ leader: "db-0", say: ["yes", "no", "no"], pods: pods ?? {} })).toBe("nobody");
  expect(verdict({ leader: "db-0", say: ["yes", SILENT, SILENT], pods: pods ?? {} })).toBe(
    "hold NobodyAnswers PodsSilent",
  );
});

test("nobody can be asked: nothing moves, and the message says why", () => {
  const pods = { "db-0": { ready: false }, "db-1": { terminating: true } };
  expect(judge(sceneOf({ leader: "db-0", say: ["yes", "yes"], pods }), answersOf({ say: [] }))).toMatchObject({
    kind: "hold",
    reason: "PodsNotFound",
    message: "none of 2 pods is Ready and not terminating",
  });
  expect(judge(sceneOf({ say: [], replicas: 0 }), answersOf({ say: [] }))).toMatchObject({
    message: "the StatefulSet is scaled to zero",
  });
  expect(judge(sceneOf({ say: [], replicas: 3 }), answersOf({ say: [] }))).toMatchObject({
    message: "the StatefulSet has no pods",
  });
});

test.each<[string, string]>([
  ["its id", "db-1"],
  ["the first DNS label of its address", "db-1.db.data.svc.cluster.local:8000"],
])("a server is a pod by %s", (what, text) => {
  const server = {
    id: what === "its id" ? text : "7",
    rpcAddr: what === "its id" ? "10.0.0.9:8000" : text,
    isLeader: true,
  };
  const told: Told = { leader: "db-0", say: ["yes", "yes", "no"] };
  const views = new Map(
    ["db-0", "db-1", "db-2"].map((name) => [`uid-of-${name}`, { kind: "answered" as const, servers: [server] }]),
  );
  expect(shortly(judge(sceneOf(told), { ...answersOf(told), views }))).toBe("db-1 LeaderDenies");
});

test("servers that follow are no leaders", () => {
  const told: Told = { say: ["yes", "yes", "no"] };
  const servers = ["db-0", "db-1"].map((id) => ({ id, rpcAddr: "", isLeader: id === "db-0" }));
  const views = new Map(["db-0", "db-2"].map((name) => [`uid-of-${name}`, { kind: "answered" as const, servers }]));
  expect(shortly(judge(sceneOf(told), { ...answersOf(told), views }))).toBe("db-0 FirstElection");
});

test("the conditions name who is meant, and why", () => {
  expect(messages({ leader: "db-0", say: [SILENT, "yes", SILENT] })).toEqual([
    "db-0 keeps its label without an answer; db-1 says that it leads, but a move needs 2 answers of 3 replicas: db-0: no answer within 1000 ms; db-2: no answer within 1000 ms",
  ]);
  expect(messages({ leader: "db-0", say: ["yes", SILENT] })).toEqual([
    'no answer is not "follower": db-1: no answer within 1000 ms',
  ]);
  expect(messages({ leader: "db-0", say: ["yes", "yes"], see: ["db-0", "db-1"] })).toEqual([
    "db-0, db-1 say that they lead, and no view of 2 of 2 replicas settles it; nobody is promoted",
  ]);
});

test("without a record the labelled pod counts as the leader: it stays while it is silent, not against its word", () => {
  const pods = { "db-1": { role: "leader" } };
  const unrecorded = (say: readonly string[]): string =>
    shortly(judge({ ...sceneOf({ say, pods }), record: undefined }, answersOf({ say })));
  expect(unrecorded(["no", SILENT, "no"])).toBe("db-1 LeaderKept LeaderSilent");
  expect(unrecorded(["no", "no", "no"])).toBe("nobody");
  expect(unrecorded(["yes", "no", "no"])).toBe("db-0 LeaderDenies");
});

test("localDev: the holder, else the lowest ordinal that is Ready, else nothing moves", () => {
  const scene = sceneOf({ leader: "db-2", say: ["", "", ""] });
  expect(shortly(chooseLocally(scene))).toBe("db-2 LocalDev");
  expect(shortly(chooseLocally({ ...scene, record: aRecordOf(undefined) }))).toBe("db-0 LocalDev");
  const pods = { "db-0": { ready: false }, "db-1": { ready: false } };
  expect(shortly(chooseLocally(sceneOf({ say: ["", "", ""], pods })))).toBe("db-2 LocalDev");
  expect(shortly(chooseLocally(sceneOf({ say: ["", ""], pods })))).toBe("hold PodsNotFound");
});
