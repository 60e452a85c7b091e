/** The choice of the active pod, and of the groups that may be served. */
import { expect, test } from "vitest";
import {
  byFitness,
  canOverlap,
  lead,
  olderRelatives,
  olderRival,
  standingGroups,
  type Standing,
} from "../../../functions/standby/decide.ts";
import {
  groupOf,
  viewService,
  viewStandbyPod,
  type Selector,
  type ServiceView,
} from "../../../functions/standby/model.ts";
import type { Candidate } from "../../../functions/kit/pods/candidate.ts";
import { aPod, NOW, type PodOptions } from "../support/builders.ts";

const TEAM = { group: groupOf({ app: "db" }), selector: { app: "db" } };

const aCandidate = (options: PodOptions, createdAt = "2026-01-01T00:00:00Z"): Candidate => {
  const pod = aPod({ group: null, labels: { "bellwether.dev/standby": TEAM.group }, ...options });
  return viewStandbyPod({ ...pod, metadata: { ...pod.metadata, creationTimestamp: createdAt } }, TEAM, NOW);
};

test("priority comes first, then age, then the name", () => {
  const young = aCandidate({ name: "a-young" }, "2026-01-01T00:00:01Z");
  const wanted = aCandidate({ name: "z-wanted", priority: "1" }, "2026-01-01T00:00:02Z");
  const [one, two] = [aCandidate({ name: "b" }), aCandidate({ name: "c" })];
  const order = [young, two, one, wanted].toSorted(byFitness).map(({ name }) => name);
  expect(order).toEqual(["z-wanted", "b", "c", "a-young"]);
});

test("without a record: the labelled pod with the highest stamp, else the only labelled one, else the best", () => {
  const field = { group: TEAM.group, record: undefined };
  const plain = aCandidate({ name: "a" });
  const labels = { "bellwether.dev/standby": TEAM.group, "qoqo.dev/pod-designation": "active" };
  const labelled = (name: string, epoch?: number): Candidate => ({
    ...aCandidate({ name, labels }),
    stamp: epoch === undefined ? undefined : { epoch, record: "gone" },
  });
  const kept = { kind: "lead", reason: "ActiveKept" };
  expect(lead({ ...field, pods: [plain, labelled("c")] })).toMatchObject({ ...kept, target: { name: "c" } });
  const stamped = [plain, labelled("b", 7), labelled("c", 8), labelled("d")];
  expect(lead({ ...field, pods: stamped })).toMatchObject({ ...kept, target: { name: "c" } });
  expect(lead({ ...field, pods: [plain, labelled("b"), labelled("c")] })).toMatchObject({
    target: { name: "a" },
    reason: "FirstElection",
  });
});

test("nobody is chosen where nobody can serve, and it is said why", () => {
  const field = { group: TEAM.group, record: undefined };
  expect(lead({ ...field, pods: [] })).toMatchObject({ kind: "hold", message: "the selector finds no pod" });
  const pods = [aCandidate({ name: "a", ready: false }), aCandidate({ name: "b", terminating: true })];
  expect(lead({ ...field, pods })).toMatchObject({ message: "none of 2 pods is Ready and not terminating" });
});

let count = 0;
const aService = (name: string, selector: Selector): ServiceView => {
  count += 1;
  return viewService({
    metadata: {
      name,
      namespace: "data",
      uid: `uid-of-${name}`,
      resourceVersion: "1",
      creationTimestamp: `2026-01-01T00:00:${String(count).padStart(2, "0")}Z`,
      annotations: { "qoqo.dev/service-mode": "active-standby" },
    },
    spec: { selector },
  });
};

const groupsOf = (...services: readonly (readonly [string, Selector])[]): readonly Standing[] =>
  standingGroups(services.map(([name, selector]) => aService(name, selector)));

const named = (groups: readonly Standing[], name: string): Standing => {
  const found = groups.find(({ owners }) => owners[0].name === name);
  if (found === undefined) throw new Error(`no group ${name}`);
  return found;
};

test("Services of one selector are one group, as old as the oldest of them, which speaks for it", () => {
  const groups = groupsOf(["one", { app: "db" }], ["two", { app: "shop" }], ["three", { app: "db" }]);
  const names = groups.map(({ owners }) => owners.map(({ name }) => name));
  expect(names).toEqual([["one", "three"], ["two"]]);
  expect(named(groups, "one").metadata.uid).toBe("uid-of-one");
});

test("selectors that want two values of one label never overlap; nor does a group with itself", () => {
  const groups = groupsOf(["db", { app: "db" }], ["shop", { app: "shop" }], ["front", { tier: "front" }]);
  const [db, shop, front] = ["db", "shop", "front"].map((name) => named(groups, name)) as [
    Standing,
    Standing,
    Standing,
  ];
  expect([canOverlap(db, shop), canOverlap(db, front), canOverlap(front, shop), canOverlap(db, db)]).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

test("older groups matter directly, and through each other", () => {
  const groups = groupsOf(["a", { x: "1" }], ["b", { x: "1", y: "1" }], ["c", { x: "2", y: "1" }], ["d", { y: "1" }]);
  const relatives = (name: string): readonly string[] =>
    olderRelatives(named(groups, name), groups)
      .map(({ owners }) => owners[0].name)
      .toSorted();
  expect(["a", "b", "c", "d"].map(relatives)).toEqual([[], ["a"], [], ["a", "b", "c"]]);
});

test("the older group that is served and shares a pod is the rival; one that is refused itself is none", () => {
  const groups = groupsOf(["a", { x: "1" }], ["b", { y: "1" }], ["c", { z: "1" }]);
  const rival = (name: string, pods: readonly Selector[]): string | undefined => {
    const standing = named(groups, name);
    return olderRival(standing, olderRelatives(standing, groups), pods)?.owners[0].name;
  };
  const ab = { x: "1", y: "1" };
  const bc = { y: "1", z: "1" };
  expect([rival("b", [ab]), rival("b", [bc]), rival("c", [bc]), rival("c", [ab, bc])]).toEqual([
    "a",
    undefined,
    "b",
    undefined,
  ]);
});

test("only Services that label mode serves make a group, and the oldest speaks for it wherever it is listed", () => {
  const [first, second, third] = ["first", "second", "third"].map((name) => aService(name, { app: "db" })) as [
    ServiceView,
    ServiceView,
    ServiceView,
  ];
  const plain: ServiceView = { ...aService("plain", { app: "shop" }), mode: "none" };
  const [group, ...others] = standingGroups([third, plain, first, second]);
  expect(others).toEqual([]);
  expect(group).toEqual({
    group: groupOf({ app: "db" }),
    selector: { app: "db" },
    owners: [first, second, third],
    metadata: first.metadata,
  });
  expect(standingGroups([plain])).toEqual([]);
});

test("selectors overlap unless one label would have to have two values, whatever else they ask for", () => {
  const groups = groupsOf(["a", { x: "1", y: "1" }], ["b", { x: "1", y: "2" }], ["c", { x: "1", z: "1" }]);
  const [a, b, c] = ["a", "b", "c"].map((name) => named(groups, name)) as [Standing, Standing, Standing];
  expect([canOverlap(a, b), canOverlap(b, a), canOverlap(a, c), canOverlap(c, a)]).toEqual([false, false, true, true]);
});

test("a younger group matters to no older one, though both depend on a third", () => {
  const groups = groupsOf(["a", { x: "1" }], ["b", { y: "1" }], ["c", { z: "1" }]);
  const [b, c] = [named(groups, "b"), named(groups, "c")];
  expect(olderRelatives(b, groups.toReversed()).map(({ owners }) => owners[0].name)).toEqual(["a"]);
  expect(new Set(olderRelatives(c, groups.toReversed()).map(({ owners }) => owners[0].name))).toEqual(
    new Set(["a", "b"]),
  );
});

test("a pod of both is shared; pods of either, or of others, are not", () => {
  const groups = groupsOf(["a", { x: "1" }], ["b", { y: "1" }]);
  const rival = (pods: readonly Selector[]): string | undefined =>
    olderRival(named(groups, "b"), groups, pods)?.owners[0].name;
  expect(rival([{ x: "1" }, { y: "1" }, { z: "1" }])).toBeUndefined();
  expect(rival([{ z: "1" }, { x: "1", y: "1" }])).toBe("a");
  expect(rival([])).toBeUndefined();
});

test("an older group that shares no pod is no rival, though an older one still does", () => {
  const groups = groupsOf(["a", { x: "1" }], ["b", { y: "1" }], ["c", { z: "1" }]);
  const rival = olderRival(named(groups, "c"), groups, [{ y: "1", z: "1" }]);
  expect(rival?.owners[0].name).toBe("b");
});
