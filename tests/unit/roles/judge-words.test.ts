/** What the verdict says beside who leads, and what it rests on: the order of pods, servers by their address, words and findings. */
import { expect, test } from "vitest";
import { ableAmong, chooseLocally, judge } from "../../../functions/roles/decide.ts";
import { aCandidate, answersOf, heard, sceneOf, shortly, type Told } from "./scene.ts";

const SILENT = "no answer within 1000 ms";

test("of one ordinal the smaller uid comes first, wherever it is listed", () => {
  const [db, other] = [aCandidate("db-1", { uid: "a" }), aCandidate("other-1", { uid: "b" })];
  const first = aCandidate("db-0", { uid: "z" });
  for (const pods of [
    [first, db, other],
    [other, db, first],
    [db, other, first],
  ]) {
    const scene = { ...sceneOf({ say: [] }), pods };
    expect(ableAmong(scene)).toEqual([first, db, other]);
    expect(shortly(chooseLocally(scene))).toBe("db-0 LocalDev");
    expect(shortly(chooseLocally({ ...scene, pods: pods.slice(0, -1) }))).toMatch(/^db-/);
  }
});

test("localDev without a record: the labelled pod stays", () => {
  const scene = sceneOf({ say: ["", "", ""], pods: { "db-1": { role: "leader" } } });
  expect(shortly(chooseLocally({ ...scene, record: undefined }))).toBe("db-1 LocalDev");
});

test("who was not asked is silent, and it is said so", () => {
  const told: Told = { leader: "db-0", say: ["yes", "no"] };
  const verdict = judge(sceneOf(told), { ...answersOf(told), leads: new Map([["uid-of-db-0", heard("yes")]]) });
  expect(shortly(verdict)).toBe("db-0 LeaderConfirmed PodsSilent");
  expect(verdict.findings.map(({ message }) => message)).toEqual([
    'no answer is not "follower": db-1: it was not asked',
  ]);
});

test.each<[string, string]>([
  ["begins with another name", "x.db-1.db:8000"],
  ["begins with a dot", ".db-1.db:8000"],
  ["begins with a colon", ":db-1"],
  ["is longer than its name", "db-10.db:8000"],
  ["is empty", ""],
])("a server is no pod whose address %s", (_title, rpcAddr) => {
  const told: Told = { leader: "db-2", say: ["yes", "yes", "no"] };
  const servers = [{ id: "7", rpcAddr, isLeader: true }];
  const views = new Map(
    ["db-0", "db-1", "db-2"].map((name) => [`uid-of-${name}`, { kind: "answered" as const, servers }]),
  );
  expect(shortly(judge(sceneOf(told), { ...answersOf(told), views }))).toBe("nobody SeveralLeaders");
});

test.each<[string, Told]>([
  ["somebody leads", { leader: "db-0", say: ["yes"] }],
  ["nobody leads", { say: ["no"] }],
  ["nobody answers", { say: [SILENT] }],
  ["nobody can be asked", { say: ["no"], pods: { "db-0": { ready: false } } }],
])("what is wrong on pods is told whatever is decided: %s", (_title, told) => {
  const scene = sceneOf(told);
  const pods = scene.pods.map((pod) => ({ ...pod, problems: ["priority: got high"] }));
  expect(judge({ ...scene, pods }, answersOf(told)).findings[0]).toMatchObject({ reason: "InvalidPriority" });
  expect(chooseLocally({ ...scene, pods }).findings[0]).toMatchObject({ reason: "InvalidPriority" });
});

test.each<[string, Told, object]>([
  ["no pod claims", { say: ["no", "no"] }, { kind: "nobody", message: "no pod says that it leads" }],
  [
    "several claim",
    { say: ["yes", "yes"], see: ["db-0", "db-1"] },
    { kind: "nobody", message: "several pods say that they lead" },
  ],
  [
    "one claims, that a silent leader keeps waiting",
    { leader: "db-0", say: [SILENT, "yes", SILENT] },
    { kind: "lead", reason: "LeaderKept" },
  ],
  [
    "nobody answers",
    { say: [SILENT, SILENT] },
    { kind: "hold", reason: "NobodyAnswers", message: "none of 2 pods answers" },
  ],
])("the verdict says why nobody leads: %s", (_title, told, expected) => {
  expect(judge(sceneOf(told), answersOf(told))).toMatchObject(expected);
});

test("only members are counted among those that cannot be asked", () => {
  const scene = sceneOf({ say: ["", ""], pods: { "db-0": { ready: false }, "db-1": { member: false } } });
  expect(chooseLocally(scene)).toMatchObject({ message: "none of 1 pods is Ready and not terminating" });
});
