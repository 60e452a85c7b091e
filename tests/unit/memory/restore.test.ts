/** A restore of etcd from a backup: content and versions go back, and what is written next is written on what was backed up. */
import { expect, test } from "vitest";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { LEASES } from "../../../functions/kit/kube/request.ts";
import type { WatchEvent } from "../../../infra/lab/memory/watch.ts";
import { createCluster, LEASES_PATH, type Cluster } from "./support.ts";

const lease = (name: string): unknown => ({ metadata: { name } });
const labelled = (cluster: Cluster, name: string, value: string): KubeObject =>
  cluster.object("PATCH", `${LEASES_PATH}/${name}`, { metadata: { labels: { value } } });
const namesIn = ({ send }: Cluster): readonly string[] =>
  (send("GET", LEASES_PATH).body as { readonly items: readonly KubeObject[] }).items.map(
    ({ metadata }) => metadata.name,
  );

/** One Lease that is backed up, then changed and joined by another; and what the backup holds. */
const createBackedUp = (): { cluster: Cluster; before: KubeObject; backup: ReturnType<Cluster["api"]["snapshot"]> } => {
  const cluster = createCluster();
  const before = cluster.object("POST", LEASES_PATH, lease("one"));
  const backup = cluster.api.snapshot();
  labelled(cluster, "one", "lost");
  cluster.object("POST", LEASES_PATH, lease("two"));
  return { cluster, before, backup };
};

test("objects are what they were, deleted ones are back, and later ones are gone", () => {
  const { cluster, before, backup } = createBackedUp();
  cluster.object("DELETE", `${LEASES_PATH}/one`);
  cluster.api.restore(backup);
  expect(cluster.object("GET", `${LEASES_PATH}/one`)).toEqual(before);
  expect(namesIn(cluster)).toEqual(["one"]);
});

test("a backup stays what it was when writes follow the restore, so that it can be restored again", () => {
  const { cluster, before, backup } = createBackedUp();
  cluster.api.restore(backup);
  labelled(cluster, "one", "again");
  cluster.object("POST", LEASES_PATH, lease("three"));
  cluster.api.restore(backup);
  expect(cluster.object("GET", `${LEASES_PATH}/one`)).toEqual(before);
  expect(namesIn(cluster)).toEqual(["one"]);
});

test("resourceVersions are given a second time, and a write on a lost one is refused unless it was given again", () => {
  const { cluster, before, backup } = createBackedUp();
  const lost = cluster.object("GET", `${LEASES_PATH}/one`).metadata.resourceVersion;
  cluster.api.restore(backup);
  const body = { metadata: { resourceVersion: lost, labels: { value: "late" } } };
  expect(cluster.send("PATCH", `${LEASES_PATH}/one`, body).status).toBe(409);
  const next = labelled(cluster, "one", "new").metadata;
  expect(next.resourceVersion).toBe(String(Number(before.metadata.resourceVersion) + 1));
  expect(next.resourceVersion).toBe(lost);
  expect(next.uid).toBe(before.metadata.uid);
});

test("listeners hear nothing of a restore, and a watch cannot go on where it was before", () => {
  const { cluster, before, backup } = createBackedUp();
  const heard: string[] = [];
  cluster.api.onRevision(({ resourceVersion }) => heard.push(String(resourceVersion)));
  cluster.api.restore(backup);
  expect(heard).toEqual([]);
  const events: WatchEvent[] = [];
  const resourceVersion = String(Number(before.metadata.resourceVersion) - 1);
  cluster.api.watch(LEASES, { resourceVersion }, (event) => events.push(event));
  expect(events.map(({ type }) => type)).toEqual(["ERROR"]);
});
