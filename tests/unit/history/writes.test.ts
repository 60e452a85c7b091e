/** S9 and S19, what we may write at all, with histories that hold and histories that break them. */
import { describe, expect, test } from "vitest";
import { createElected, findings, stamp } from "./scene.ts";

describe("S9: the Lease counts its transitions", () => {
  test.each([
    ["not counted", 0],
    ["counted twice", 2],
  ])("another holder that is %s", (_, leaseTransitions) => {
    const scene = createElected();
    scene.assign("db-1", 11, { spec: { leaseTransitions } });
    expect(findings(scene)).toEqual([
      `S9 Lease default/lease leaseTransitions went from 0 to ${leaseTransitions} with another holder`,
    ]);
  });

  test("another holder under the same epoch", () => {
    const scene = createElected();
    scene.assign("db-1", 10);
    expect(findings(scene)).toContain("S9 Lease default/lease epoch 10 follows 10 with another holder");
  });

  test("a renewal that counts a transition", () => {
    const scene = createElected();
    scene.patch("Lease", "lease", { spec: { leaseTransitions: 1 } });
    expect(findings(scene)).toEqual(["S9 Lease default/lease leaseTransitions went from 0 to 1 with the same holder"]);
  });

  test("a renewal that raises the epoch", () => {
    const scene = createElected();
    scene.assign("db-0", 11);
    expect(findings(scene)).toEqual([
      "S9 Lease default/lease epoch 11 follows 10 with the same holder, though no stamp outran it",
    ]);
  });

  test("a new epoch for the same holder is right once a stamp outran the record", () => {
    const scene = createElected();
    scene.patch("Pod", "db-1", { annotations: stamp(20, "another-record"), by: "kubectl-annotate" });
    scene.handOver("db-0", 21, ["db-1"]);
    expect(findings(scene)).toEqual([]);
  });

  test("a holder that others put there is none of ours; taking it back is counted", () => {
    const scene = createElected();
    scene.patch("Lease", "lease", { spec: { holderIdentity: "intruder" }, by: "kubectl-edit" });
    scene.assign("db-0", 11, { spec: { leaseTransitions: 1 } });
    scene.fence("db-1", 11);
    scene.promote("db-0", 11);
    expect(findings(scene)).toEqual([]);
  });
});

describe("S19: we touch only what is ours", () => {
  test("a pod that was never enrolled", () => {
    const scene = createElected();
    scene.create("Pod", "stranger", {
      spec: { containers: [{ name: "main", image: "example.invalid/main" }] },
      by: "kubectl",
    });
    scene.patch("Pod", "stranger", { labels: { touched: "yes" } });
    expect(findings(scene)).toEqual(["S19 Pod default/stranger was written by us, but is none of ours"]);
  });

  test("a Lease that is not our record", () => {
    const scene = createElected();
    scene.create("Lease", "foreign", {
      spec: { holderIdentity: "somebody", leaseDurationSeconds: 15 },
      by: "kube-scheduler",
    });
    scene.patch("Lease", "foreign", { spec: { holderIdentity: "us" } });
    expect(findings(scene)).toEqual(["S19 Lease default/foreign was written by us, but is none of ours"]);
  });

  test("locks are ours; foreign writes on anything are not ours", () => {
    const scene = createElected();
    scene.create("StatefulSetLock", "lock", {
      spec: { statefulSetName: "db", leaseName: "lease", leaseDurationSeconds: 30 },
      by: "kubectl",
    });
    scene.patch("StatefulSetLock", "lock", { annotations: { "bellwether.dev/switchover-to": null, seen: "yes" } });
    scene.create("Lease", "foreign", {
      spec: { holderIdentity: "somebody", leaseDurationSeconds: 15 },
      by: "kube-scheduler",
    });
    scene.patch("Lease", "foreign", { spec: { holderIdentity: "another" }, by: "kube-scheduler" });
    expect(findings(scene)).toEqual([]);
  });
});
