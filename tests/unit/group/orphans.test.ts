/** Which groups nobody stands for: told by records and enrolled pods of one feature, namespace by namespace. */
import { expect, test } from "vitest";
import { orphanedGroups } from "../../../functions/kit/group/orphans.ts";
import { GROUP_LABEL } from "../../../functions/kit/handover/names.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";

const object = (namespace: string, labels: Readonly<Record<string, string>>): KubeObject => ({
  metadata: { name: "x", namespace, uid: "u", resourceVersion: "1", labels },
});
const lease = (namespace: string, group: string): KubeObject => object(namespace, { [GROUP_LABEL]: group });
const pod = (namespace: string, feature: string, group: string): KubeObject =>
  object(namespace, { [`bellwether.dev/${feature}`]: group });

const found = (leases: readonly KubeObject[], pods: readonly KubeObject[], served = ""): readonly string[] =>
  orphanedGroups("standby", { leases, pods }, ({ namespace, group }) => `${namespace}/${group}` === served).map(
    ({ namespace, group }) => `${namespace}/${group}`,
  );

test("a group is found by its record, by its pods, and once by both", () => {
  expect(found([lease("a", "one")], [pod("a", "standby", "one"), pod("a", "standby", "two")])).toEqual([
    "a/one",
    "a/two",
  ]);
});

test("the same group in two namespaces is two groups", () => {
  expect(found([lease("a", "one"), lease("b", "one")], [], "a/one")).toEqual(["b/one"]);
  expect(found([lease("a", "one"), lease("b", "one")], [])).toEqual(["a/one", "b/one"]);
});

test("pods of another feature are its business", () => {
  expect(found([], [pod("a", "election", "one")])).toEqual([]);
});
