/** Each check: a cluster that is broken in just one way has just one finding, which names the object and the field; one that works has none. */
import { describe, expect, test } from "vitest";
import { changed, clusterWith, examineCluster } from "./cluster.ts";
import { TABLE } from "./table.ts";

describe.each(Object.entries(TABLE))("%s", (_, entries) => {
  test.each(entries)("$name", async ({ overlay, change, view, expected }) => {
    const cluster = clusterWith(overlay);
    const findings = await examineCluster(changed(cluster, change));
    expect(view(findings, await examineCluster(cluster))).toEqual(expected);
  });
});
