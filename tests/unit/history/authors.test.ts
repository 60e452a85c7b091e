/** Who wrote a revision, where managedFields tell only whole seconds and nothing of removals. */
import { describe, expect, test } from "vitest";
import { authorsOf, isOurField } from "../../../functions/kit/history/authors.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";

interface Entry {
  readonly manager?: string;
  readonly second: number;
  readonly labels: readonly string[];
}

const pod = (labels: Readonly<Record<string, string>>, entries: readonly Entry[]): KubeObject => ({
  metadata: {
    name: "db-0",
    uid: "u",
    resourceVersion: "1",
    labels,
    managedFields: entries.map(({ second, labels: owned, ...manager }) => ({
      ...manager,
      operation: "Update",
      time: `2026-01-01T00:00:0${second}Z`,
      fieldsV1: { "f:metadata": { "f:labels": Object.fromEntries(owned.map((label) => [`f:${label}`, {}])) } },
    })),
  },
});

const kubectl = (second: number, ...labels: readonly string[]): Entry => ({ manager: "kubectl", second, labels });
const ours = (second: number, ...labels: readonly string[]): Entry => ({ manager: "bellwether", second, labels });

describe("the author of a revision", () => {
  const before = pod({ a: "1", b: "1" }, [kubectl(1, "a"), ours(1, "b")]);

  test("is the manager with a new time", () => {
    expect(authorsOf(before, pod({ a: "1", b: "1" }, [kubectl(1, "a"), ours(2, "b")]))).toEqual(["bellwether"]);
  });

  test("is, within the same second, the manager that owns what changed", () => {
    expect(authorsOf(before, pod({ a: "1", b: "2" }, [kubectl(1, "a"), ours(1, "b")]))).toEqual(["bellwether"]);
  });

  test("is not the manager that lost a field to it", () => {
    const two = pod({ a: "1", b: "1", z: "1" }, [kubectl(1, "a", "z"), ours(1, "b")]);
    const taken = pod({ a: "2", b: "1", z: "1" }, [kubectl(1, "z"), ours(1, "a", "b")]);
    expect(authorsOf(two, taken)).toEqual(["bellwether"]);
  });

  test("is a manager that was not there before, also without a name", () => {
    expect(
      authorsOf(before, pod({ a: "1", b: "1", c: "1" }, [kubectl(1, "a"), ours(1, "b"), { second: 1, labels: ["c"] }])),
    ).toEqual(["unknown"]);
  });

  test("leaves no trace when it only removes", () => {
    expect(authorsOf(before, pod({ b: "1" }, [ours(1, "b")]))).toEqual([]);
  });

  test("is everybody at first sight, and undefined without managedFields", () => {
    expect(authorsOf(undefined, before)).toEqual(["kubectl", "bellwether"]);
    expect(authorsOf(before, pod({ a: "2" }, []))).toBeUndefined();
  });
});

test("a field is ours when we own it, and when nobody does", () => {
  const object = pod({ a: "1", b: "1", c: "1" }, [kubectl(1, "a"), ours(1, "b")]);
  const verdicts = ["a", "b", "c"].map((label) => isOurField(object, ["metadata", "labels", label]));
  expect(verdicts).toEqual([false, true, true]);
});
