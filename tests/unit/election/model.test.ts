/** What a user wrote, read: ordinals, priorities, specs. What is wrong becomes a message that says what is accepted. */
import { expect, test } from "vitest";
import { viewElectionPod, viewLock } from "../../../functions/election/model.ts";
import { ORDINAL_NONE, ordinalOf } from "../../../functions/kit/pods/candidate.ts";
import { viewSet } from "../../../functions/kit/pods/stateful-set.ts";
import {
  aLock,
  aPod,
  aSet,
  EPOCH,
  lockView,
  NOW,
  seen,
  SET_UID,
  THE_SET,
  type PodOptions,
} from "../support/builders.ts";

test.each<[string, number]>([
  ["test-sts-0", 0],
  ["test-sts-10", 10],
  ["test-sts-123", 123],
  ["my-test-sts-5", 5],
  ["test-sts--1", 1],
  ["test-sts-007", 7],
  ["nodash", ORDINAL_NONE],
  ["test-sts-abc", ORDINAL_NONE],
  ["test-sts-", ORDINAL_NONE],
  ["test-sts-1a", ORDINAL_NONE],
  ["42", ORDINAL_NONE],
  ["", ORDINAL_NONE],
])("ordinal of %j is %i", (name, ordinal) => {
  expect(ordinalOf(name)).toBe(ordinal);
});

test.each<[string | undefined, number, string | undefined]>([
  [undefined, 0, undefined],
  ["0", 0, undefined],
  ["10", 10, undefined],
  ["+10", 10, undefined],
  ["-10", -10, undefined],
  ["999999999", 999_999_999, undefined],
  ["1000000000", 0, '"1000000000"'],
  ["1.5", 0, '"1.5"'],
  ["high", 0, '"high"'],
  ["", 0, '""'],
  [" 1", 0, '" 1"'],
  ["1e3", 0, '"1e3"'],
])("priority %j is %i", (text, priority, got) => {
  const pod = seen(aPod(text === undefined ? {} : { priority: text }));
  const problem = `pod db-0: annotation bellwether.dev/priority: got ${got}, accepted is a whole number of at most nine digits; 0 is used`;
  expect([pod.priority, pod.problems]).toEqual([priority, got === undefined ? [] : [problem]]);
});

const NAME = "accepted is the name of an object (lower-case DNS subdomain, 1 to 253 characters)";
test.each<[string, Record<string, unknown>, string]>([
  ["empty", { statefulSetName: "" }, `spec.statefulSetName: got "", ${NAME}`],
  ["missing", { statefulSetName: undefined }, `spec.statefulSetName: got nothing, ${NAME}`],
  ["capital", { leaseName: "Lease" }, `spec.leaseName: got "Lease", ${NAME}`],
  ["path", { leaseName: "a/b" }, `spec.leaseName: got "a/b", ${NAME}`],
  ["edge", { leaseName: "-a" }, `spec.leaseName: got "-a", ${NAME}`],
  ["dots", { leaseName: "a..b" }, `spec.leaseName: got "a..b", ${NAME}`],
  ["number", { leaseName: 7 }, `spec.leaseName: got 7, ${NAME}`],
  ["zero", { leaseDurationSeconds: 0 }, "spec.leaseDurationSeconds: got 0, accepted is a whole number from 1 to 3600"],
  [
    "negative",
    { leaseDurationSeconds: -1 },
    "spec.leaseDurationSeconds: got -1, accepted is a whole number from 1 to 3600",
  ],
  [
    "too long",
    { leaseDurationSeconds: 3601 },
    "spec.leaseDurationSeconds: got 3601, accepted is a whole number from 1 to 3600",
  ],
  [
    "fraction",
    { leaseDurationSeconds: 1.5 },
    "spec.leaseDurationSeconds: got 1.5, accepted is a whole number from 1 to 3600",
  ],
  [
    "text",
    { leaseDurationSeconds: "30" },
    'spec.leaseDurationSeconds: got "30", accepted is a whole number from 1 to 3600',
  ],
  ["paused", { paused: "yes" }, 'spec.paused: got "yes", accepted is true or false'],
])("a spec that is wrong (%s) says which field, what it got and what it accepts", (_title, spec, message) => {
  expect(lockView({ spec }).problems).toEqual([message]);
});

test("everything that is wrong is said at once", () => {
  const spec = { statefulSetName: "", leaseName: "", leaseDurationSeconds: 0, paused: 1 };
  expect(lockView({ spec }).problems.map((problem) => problem.split(":")[0])).toEqual([
    "spec.statefulSetName",
    "spec.leaseName",
    "spec.leaseDurationSeconds",
    "spec.paused",
  ]);
});

test.each<Record<string, unknown>>([
  {},
  { leaseDurationSeconds: 1 },
  { leaseDurationSeconds: 3600 },
  { paused: false },
  { leaseName: "a.b-c.9" },
  { leaseName: "x".repeat(253) },
])("a valid spec has no problems: %j", (spec) => {
  expect(lockView({ spec }).problems).toEqual([]);
});

test("a message shows at most a hundred characters of what it got", () => {
  const [problem = ""] = lockView({ spec: { leaseName: "X".repeat(5000) } }).problems;
  expect(problem.length).toBeLessThan(250);
});

test("a lock without spec or with a status of another shape is read, not trusted", () => {
  const { metadata } = aLock();
  expect(viewLock({ metadata }, NOW).problems).toHaveLength(3);
  const odd = { writerPod: 7, epoch: "9", observedGeneration: "1", conditions: {} };
  expect(lockView({ status: odd }).status).toEqual({
    writerPod: "",
    epoch: undefined,
    observedGeneration: undefined,
    conditions: [],
  });
});

test.each<[unknown, number | undefined]>([
  [EPOCH, EPOCH],
  [0, undefined],
  [1.5, undefined],
  [99_999_999_999, undefined],
])("status.epoch %j counts as %j", (epoch, seenEpoch) => {
  expect(lockView({ status: { epoch } }).status.epoch).toBe(seenEpoch);
});

test.each<[string, PodOptions, object]>([
  ["Ready by its condition", {}, { ready: true, terminating: false, finished: false, member: true, group: SET_UID }],
  ["not Ready", { ready: false }, { ready: false }],
  ["terminating though Ready", { terminating: true }, { ready: true, terminating: true }],
  ["succeeded", { phase: "Succeeded" }, { finished: true }],
  ["failed", { phase: "Failed" }, { finished: true }],
  ["owned by another set of the same labels", { owner: "uid-of-other" }, { member: false }],
  ["owned, but not selected", { labels: { app: "other" } }, { member: false }],
])("a pod: %s", (_title, options, view) => {
  expect(seen(aPod(options))).toMatchObject(view);
});

test("a pod whose status is empty is not Ready; ContainersReady does not count", () => {
  const { metadata } = aPod();
  const conditions = [
    { type: "ContainersReady", status: "True" },
    { type: "Ready", status: "Unknown" },
  ];
  expect(viewElectionPod({ metadata }, THE_SET, NOW).ready).toBe(false);
  expect(viewElectionPod({ metadata, status: { conditions } }, THE_SET, NOW).ready).toBe(false);
});

test("without its StatefulSet no pod is a member", () => {
  expect(viewElectionPod(aPod(), undefined, NOW).member).toBe(false);
});

const owner = (kind: string, uid: string): object => ({ apiVersion: "v1", kind, name: "x", uid });

test("a pod with two owners belongs to the StatefulSet among them; the kind counts, not only the uid", () => {
  const pod = aPod();
  const owned = (...ownerReferences: object[]): boolean =>
    viewElectionPod({ ...pod, metadata: { ...pod.metadata, ownerReferences } } as typeof pod, THE_SET, NOW).member;
  expect([owned(owner("Other", "x"), owner("StatefulSet", SET_UID)), owned(owner("Other", SET_UID)), owned()]).toEqual([
    true,
    false,
    false,
  ]);
});

test.each<[string, PodOptions, object]>([
  ["is read", { epoch: EPOCH }, { stamp: { epoch: EPOCH, record: "uid-of-lease" }, tampered: false }],
  ["that does not parse is tampering", { epoch: "soon" }, { stamp: undefined, tampered: true }],
  ["from the far future is tampering", { epoch: "9999999999" }, { stamp: undefined, tampered: true }],
  ["that is absent is none", {}, { stamp: undefined, tampered: false }],
])("a stamp %s", (_title, options, view) => {
  expect(seen(aPod(options))).toMatchObject(view);
});

test("a stamp that lost its record annotation still counts, or is reported", () => {
  const pod = seen(aPod({ epoch: EPOCH, record: null }));
  expect(pod.stamp !== undefined || pod.tampered).toBe(true);
});

test("a StatefulSet without replicas has one, as the API defaults it; zero is zero", () => {
  expect(viewSet(aSet({ replicas: undefined })).replicas).toBe(1);
  expect(viewSet(aSet({ replicas: 0 })).replicas).toBe(0);
});
