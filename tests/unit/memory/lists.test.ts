import { describe, expect, it } from "vitest";
import type { KubeList } from "../../../functions/kit/kube/object.ts";
import type { Cluster } from "./support.ts";
import { createCluster, pod, PODS_PATH } from "./support.ts";

const page = ({ send }: Cluster, query: Readonly<Record<string, string>>): KubeList & { readonly code?: number } =>
  send("GET", `${PODS_PATH}?${new URLSearchParams(query).toString()}`).body as KubeList & { readonly code?: number };
const names = ({ items }: KubeList): readonly string[] => items.map(({ metadata }) => metadata.name);

const withPods = (...all: readonly string[]): Cluster => {
  const cluster = createCluster();
  for (const name of all) cluster.send("POST", PODS_PATH, pod(name, { labels: { name, group: "g" } }));
  return cluster;
};

describe("pages", () => {
  it("of one list show the moment of its first page", () => {
    const cluster = withPods("c", "a", "b");
    const first = page(cluster, { limit: "1" });
    cluster.send("DELETE", `${PODS_PATH}/b`);
    cluster.send("POST", PODS_PATH, pod("aa"));
    cluster.send("PATCH", `${PODS_PATH}/c`, { metadata: { labels: { late: "1" } } });
    const rest = page(cluster, { limit: "5", continue: first.metadata.continue ?? "" });
    expect([names(first), names(rest)]).toEqual([["a"], ["b", "c"]]);
    expect(first.metadata).toMatchObject({ remainingItemCount: 2 });
    expect(rest.items.at(1)?.metadata.labels).toEqual({ name: "c", group: "g" });
    expect(rest.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  it("expire with 410 and a token that goes on with what is there now", () => {
    const cluster = withPods("a", "b");
    const first = page(cluster, { limit: "1" });
    cluster.send("POST", PODS_PATH, pod("c"));
    cluster.api.compact();
    const expired = page(cluster, { limit: "1", continue: first.metadata.continue ?? "" });
    expect(expired).toMatchObject({ code: 410, reason: "Expired" });
    expect(names(page(cluster, { continue: expired.metadata.continue ?? "" }))).toEqual(["b", "c"]);
  });
});

describe("label selectors", () => {
  it.each([
    ["name=a", ["a"]],
    ["name!=a", ["b", "c"]],
    ["name in (a, c)", ["a", "c"]],
    ["name notin (a,c)", ["b"]],
    ["!name", []],
    ["group,!missing", ["a", "b", "c"]],
    ["group=g,name in (b)", ["b"]],
  ])("%s", (labelSelector, expected) => {
    expect(names(page(withPods("a", "b", "c"), { labelSelector }))).toEqual(expected);
  });

  it.each(["=", "a b", "a in (b", "a=b,", "!", "a=-b"])("%s is refused with 400", (labelSelector) => {
    expect(page(withPods("a"), { labelSelector }).code).toBe(400);
  });
});
