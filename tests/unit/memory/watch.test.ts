import { describe, expect, it } from "vitest";
import { PODS } from "../../../functions/kit/kube/request.ts";
import type { WatchEvent, WatchOptions } from "../../../infra/lab/memory/watch.ts";
import type { Cluster } from "./support.ts";
import { createCluster, LEASES_PATH, pod, PODS_PATH } from "./support.ts";

const follow = ({ api }: Cluster, options: WatchOptions): { events: WatchEvent[]; stop: () => void } => {
  const events: WatchEvent[] = [];
  return { events, stop: api.watch(PODS, options, (event) => events.push(event)) };
};
const shown = (events: readonly WatchEvent[]): readonly string[] =>
  events.map(({ type, object }) => {
    const { name, resourceVersion } = (object as { metadata: { name?: string; resourceVersion: string } }).metadata;
    return `${type} ${name ?? ""} ${resourceVersion}`;
  });

describe("a watch", () => {
  it("begins with what exists, then tells each change with its resourceVersion", () => {
    const cluster = createCluster();
    const first = cluster.object("POST", PODS_PATH, pod("a")).metadata.resourceVersion;
    const { events, stop } = follow(cluster, { namespace: "default" });
    cluster.send("POST", LEASES_PATH, { metadata: { name: "l" } });
    const second = cluster.object("PATCH", `${PODS_PATH}/a`, { metadata: { labels: { a: "b" } } }).metadata
      .resourceVersion;
    cluster.send("DELETE", `${PODS_PATH}/a`);
    stop();
    cluster.send("POST", PODS_PATH, pod("b"));
    expect(shown(events)).toEqual([
      `ADDED a ${first}`,
      `MODIFIED a ${second}`,
      `MODIFIED a ${Number(second) + 1}`,
      `DELETED a ${Number(second) + 2}`,
    ]);
  });

  it("resumes behind a resourceVersion without a gap or a repeat", () => {
    const cluster = createCluster();
    const { resourceVersion } = cluster.object("POST", PODS_PATH, pod("a")).metadata;
    cluster.send("POST", PODS_PATH, pod("b"));
    const { events } = follow(cluster, { resourceVersion });
    cluster.send("POST", PODS_PATH, pod("c"));
    expect(events.map(({ type, object }) => [type, (object as { metadata: { name: string } }).metadata.name])).toEqual([
      ["ADDED", "b"],
      ["ADDED", "c"],
    ]);
  });

  it("tells objects that enter and leave the selection as added and deleted", () => {
    const cluster = createCluster();
    const { events } = follow(cluster, { labelSelector: "role=w" });
    cluster.send("POST", PODS_PATH, pod("a"));
    for (const role of ["w", "w2", "w", null])
      cluster.send("PATCH", `${PODS_PATH}/a`, { metadata: { labels: { role } } });
    expect(events.map(({ type }) => type)).toEqual(["ADDED", "DELETED", "ADDED", "DELETED"]);
    expect(events.at(1)?.object).toMatchObject({ metadata: { labels: { role: "w" } } });
  });

  it("gets one ERROR 410 and nothing else when its history is compacted", () => {
    const cluster = createCluster();
    const { resourceVersion } = cluster.object("POST", PODS_PATH, pod("a")).metadata;
    cluster.send("POST", PODS_PATH, pod("b"));
    cluster.api.compact();
    const { events } = follow(cluster, { resourceVersion });
    cluster.send("POST", PODS_PATH, pod("c"));
    expect(events).toMatchObject([{ type: "ERROR", object: { code: 410, reason: "Expired" } }]);
  });

  it("gets bookmarks only when it allows them", () => {
    const cluster = createCluster();
    const [allowed, plain] = [follow(cluster, { allowBookmarks: true }), follow(cluster, {})];
    cluster.send("POST", LEASES_PATH, { metadata: { name: "l" } });
    cluster.api.bookmark();
    expect(allowed.events.map(({ type }) => type)).toEqual(["BOOKMARK", "BOOKMARK"]);
    expect(plain.events).toEqual([]);
  });

  it("hears revisions in order also when another listener writes while it is told one", () => {
    const cluster = createCluster();
    const versions: number[] = [];
    cluster.api.onRevision(({ object }) => {
      if (object.metadata.name === "a") cluster.send("POST", PODS_PATH, pod("b"));
    });
    cluster.api.onRevision(({ resourceVersion }) => versions.push(resourceVersion));
    cluster.send("POST", PODS_PATH, pod("a"));
    expect(versions).toEqual(versions.toSorted((left, right) => left - right));
    expect(versions).toHaveLength(2);
  });
});
