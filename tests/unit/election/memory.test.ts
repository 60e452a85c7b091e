/** What a warm instance remembers: which groups an event may concern, without an API call and without a scan. */
import { expect, test } from "vitest";
import type { ObjectEvent, WatchedObject } from "../../../events/types.ts";
import { createMemory, type ElectionMemory } from "../../../functions/election/memory.ts";
import { aPod, aSet, SET_UID, THE_SET } from "../support/builders.ts";

const remembering = (): ElectionMemory => {
  const memory = createMemory();
  memory.remember("default/one", { statefulSetName: "db", leaseName: "one", set: THE_SET });
  memory.remember("default/two", { statefulSetName: "web", leaseName: "two", set: undefined });
  memory.remember("other/three", {
    statefulSetName: "db",
    leaseName: "one",
    set: { ...THE_SET, uid: "uid-of-other-db" },
  });
  return memory;
};

const event = (
  kind: string,
  name: string,
  object?: WatchedObject,
  apiVersion = kind === "Pod" ? "v1" : "apps/v1",
): ObjectEvent => ({
  type: "object",
  id: "1",
  source: "test",
  change: "update",
  apiVersion,
  kind,
  namespace: "default",
  name,
  object,
});
const LOCK_API = "app.anukkrit.me/v1";
const lockEvent = (name: string, spec?: object): ObjectEvent =>
  event("StatefulSetLock", name, spec === undefined ? undefined : { ...aSet(), spec }, LOCK_API);
const stranger = aPod({ group: null });
const unowned = { ...stranger, metadata: { ...stranger.metadata, ownerReferences: [] } };
const ownedBy = (name: string): WatchedObject => ({
  ...stranger,
  metadata: { ...stranger.metadata, ownerReferences: [{ kind: "StatefulSet", name, uid: "u" }] },
});

test.each<[string, ObjectEvent, readonly string[]]>([
  ["a pod of the set, by its owner", event("Pod", "db-0", ownedBy("db")), ["default/one"]],
  [
    "an enrolled pod that lost its owner, by our label",
    event("Pod", "x", {
      ...unowned,
      metadata: { ...unowned.metadata, labels: { "bellwether.dev/election": SET_UID } },
    }),
    ["default/one"],
  ],
  ["a pod by both, once", event("Pod", "db-0", aPod()), ["default/one"]],
  ["a pod of another set", event("Pod", "db-0", ownedBy("cache")), []],
  ["a pod of no set, whatever its name", event("Pod", "db-0", unowned), []],
  ["a pod without its object, by its name", event("Pod", "db-12"), ["default/one"]],
  ["a pod without its object, of no set", event("Pod", "cache-0"), []],
  ["the StatefulSet", event("StatefulSet", "db"), ["default/one"]],
  ["another StatefulSet", event("StatefulSet", "cache"), []],
  ["a kind of that name from another API", event("StatefulSet", "db", undefined, "example.test/v1"), []],
  ["the lock itself", lockEvent("one"), ["default/one"]],
  ["a lock that was not known", lockEvent("new"), ["default/new"]],
  [
    "a new lock on a known set: both",
    lockEvent("new", { statefulSetName: "db", leaseName: "x" }),
    ["default/new", "default/one"],
  ],
  [
    "a new lock on a known Lease: both",
    lockEvent("new", { statefulSetName: "x", leaseName: "two" }),
    ["default/new", "default/two"],
  ],
  ["another kind", event("ConfigMap", "db", undefined, "v1"), []],
])("concerned by %s", (_title, change, keys) => {
  expect(remembering().concerned(change)).toEqual(keys);
});

const setEvent = (set: WatchedObject, change: ObjectEvent["change"] = "update"): ObjectEvent => ({
  ...event("StatefulSet", "db", set),
  change,
});
const known = aSet();
const [oneMoreReady, scaled] = [
  { ...known, status: { replicas: 3, readyReplicas: 2, availableReplicas: 2 } },
  { ...known, status: { replicas: 2 } },
];
const deleting = { ...known, metadata: { ...known.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } };

test.each<[string, ObjectEvent, readonly string[]]>([
  ["that counts Ready pods says nothing new", setEvent(oneMoreReady), []],
  ["with another number of pods is news", setEvent(scaled), ["default/one"]],
  ["that is being deleted is news", setEvent(deleting), ["default/one"]],
  ["of another uid is news", setEvent(aSet({}, "another")), ["default/one"]],
  ["with another scale is news", setEvent(aSet({ replicas: 5 })), ["default/one"]],
  ["that goes is news, whatever it shows", setEvent(known, "delete"), ["default/one"]],
  ["that is told as new is news, whatever it shows", setEvent(known, "add"), ["default/one"]],
])("a StatefulSet %s", (_title, change, keys) => {
  expect(remembering().concerned(change)).toEqual(keys);
});

test("an update of a StatefulSet is news to a lock that has not seen it", () => {
  const memory = remembering();
  memory.remember("default/blind", { statefulSetName: "db", leaseName: "b", set: undefined });
  expect(memory.concerned(setEvent(oneMoreReady))).toEqual(["default/blind"]);
});

test("a lock that was deleted concerns those that wait for its StatefulSet", () => {
  const memory = remembering();
  memory.remember("default/waiting", { statefulSetName: "db", leaseName: "w", set: THE_SET });
  expect(memory.concerned({ ...lockEvent("one"), change: "delete" })).toEqual(["default/one", "default/waiting"]);
});

test("what was forgotten or renamed is no longer found", () => {
  const memory = remembering();
  memory.remember("default/one", { statefulSetName: "renamed", leaseName: "one", set: undefined });
  expect(memory.concerned(event("StatefulSet", "db"))).toEqual([]);
  expect(memory.concerned(event("StatefulSet", "renamed"))).toEqual(["default/one"]);
  memory.forget("default/one");
  expect(memory.concerned(event("StatefulSet", "renamed"))).toEqual([]);
  expect(memory.get("default/one")).toBeUndefined();
});

test("a pod that another instance enrolled leads to looking up its locks", () => {
  expect(createMemory().concerned(event("Pod", "db-0", aPod()))).toEqual(["learn:default/db"]);
});

test("after a sweep exactly what it found is known", () => {
  const memory = remembering();
  const four = { statefulSetName: "db", leaseName: "four", set: undefined };
  memory.replaceAll(new Map([["default/four", four]]), { mark: memory.mark(), namespaces: [] });
  expect(memory.concerned(event("StatefulSet", "db"))).toEqual(["default/four"]);
  expect(memory.get("other/three")).toBeUndefined();
});

test("a sweep says nothing of namespaces where it has not looked", () => {
  const memory = remembering();
  expect(memory.replaceAll(new Map(), { mark: memory.mark(), namespaces: ["default"] })).not.toContain("other/three");
  expect([...memory.all().keys()]).toEqual(["other/three"]);
});
