/** S9 and S19, what we may write at all, with histories that hold and histories that break them. */
import { describe, expect, test } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import { judge } from "../../../functions/kit/history/judge.ts";
import { createElected, findings, stamp, type Scene } from "./scene.ts";

const LOCK_SPEC = { statefulSetName: "db", leaseName: "lease", leaseDurationSeconds: 30 };

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

/** Three Ready pods, of which db-0 leads, and the lock that asks for it. */
const healthy = (): Scene => {
  const scene = createElected();
  scene.create("StatefulSetLock", "lock", { spec: LOCK_SPEC, by: "kubectl" });
  for (const name of ["db-0", "db-1"]) scene.setReady(name, true);
  scene.renew();
  return scene;
};

/** As often as it takes until a request is forgotten. */
const RENEWALS = 5;
const renew = (scene: Scene, times: number): void => {
  for (let count = 0; count < times; count += 1) scene.renew();
};

const ask = (scene: Scene, lock: string, pod: string | null): void => {
  scene.patch("StatefulSetLock", lock, { annotations: { "bellwether.dev/switchover-to": pod }, by: "kubectl" });
};
describe("S9: a record moves for a reason", () => {
  const GROUNDLESS = "S9 Lease default/lease took the lead from db-0, which could lead all the time";

  test("from a holder that was fit ever since the record was written last, to another pod: there is none", () => {
    const scene = healthy();
    scene.handOver("db-1", 11, ["db-0"]);
    expect(findings(scene)).toEqual([GROUNDLESS]);
    expect(scene.verdict().violations[0]?.evidence).toMatchObject([
      { object: "Pod default/db-0", manager: "kubelet", what: "could lead from then on" },
    ]);
  });

  test("a holder that was unfit for a moment since then may have been seen so", () => {
    const scene = healthy();
    scene.setReady("db-0", false);
    scene.setReady("db-0", true);
    scene.handOver("db-1", 11, ["db-0"]);
    expect(findings(scene)).toEqual([]);
  });

  test("a moment that was over before the record was written last is no reason", () => {
    const scene = healthy();
    scene.setReady("db-0", false);
    scene.setReady("db-0", true);
    scene.renew();
    scene.handOver("db-1", 11, ["db-0"]);
    expect(findings(scene)).toEqual([GROUNDLESS]);
  });

  test.each<[string, (scene: Scene) => void]>([
    ["is not Ready", (scene) => scene.setReady("db-0", false)],
    ["is gone", (scene) => scene.remove("Pod", "db-0")],
    ["left the selector", (scene) => scene.patch("Pod", "db-0", { labels: { app: "other" }, by: "kubectl" })],
    [
      "was taken out of the group",
      (scene) => scene.patch("Pod", "db-0", { labels: { "bellwether.dev/election": null }, by: "kubectl" }),
    ],
    ["is asked to give way", (scene) => ask(scene, "lock", "db-1")],
    [
      "was asked to give way not long ago",
      (scene) => {
        ask(scene, "lock", "db-1");
        ask(scene, "lock", null);
        renew(scene, RENEWALS - 1);
      },
    ],
    [
      "is named by an edited record",
      (scene) => scene.patch("Lease", "lease", { spec: { holderIdentity: "intruder" }, by: "kubectl" }),
    ],
  ])("a holder that %s is replaced", (_, happens) => {
    const scene = healthy();
    happens(scene);
    scene.assign("db-1", 11);
    expect(findings(scene).filter((finding) => finding.includes("took the lead"))).toEqual([]);
  });

  test("a request that was granted is no reason for the next move to the same pod", () => {
    const scene = healthy();
    ask(scene, "lock", "db-1");
    scene.handOver("db-1", 11, ["db-0"]);
    ask(scene, "lock", null);
    scene.setReady("db-1", false);
    scene.handOver("db-0", 12, ["db-1"]);
    scene.setReady("db-1", true);
    renew(scene, RENEWALS);
    expect(findings(scene)).toEqual([]);
    scene.handOver("db-1", 13, ["db-0"]);
    expect(findings(scene)).toEqual([GROUNDLESS]);
  });

  test.each<[string, string | null]>([
    ["withdrawn", null],
    ["changed into another", "db-0"],
  ])("a request that was %s is none once the record was renewed often enough since", (_, next) => {
    const scene = healthy();
    ask(scene, "lock", "db-1");
    ask(scene, "lock", next);
    renew(scene, RENEWALS);
    scene.handOver("db-1", 11, ["db-0"]);
    expect(findings(scene)).toEqual([GROUNDLESS]);
  });

  test("what is asked of another lock is no reason", () => {
    const scene = healthy();
    scene.create("StatefulSetLock", "other", { spec: { ...LOCK_SPEC, leaseName: "other" }, by: "kubectl" });
    ask(scene, "other", "db-1");
    scene.handOver("db-1", 11, ["db-0"]);
    expect(findings(scene)).toEqual([GROUNDLESS]);
    scene.renew("other");
    scene.assign("db-0", 12, { lock: "other" });
    expect(findings(scene).filter((finding) => finding.includes("took the lead from db-1"))).toHaveLength(1);
  });

  test("a label that a pod gets after its enrolment takes it out of no group", () => {
    const scene = healthy();
    scene.patch("Pod", "db-0", { labels: { team: "blue" }, by: "kubectl" });
    scene.renew();
    scene.handOver("db-1", 11, ["db-0"]);
    expect(findings(scene)).toEqual([GROUNDLESS]);
  });

  test("where the resource that is served was not seen, nobody knows what was asked for", () => {
    const scene = healthy();
    scene.handOver("db-1", 11, ["db-0"]);
    const unseen = scene.revisions.filter(({ object }) => object.kind !== "StatefulSetLock");
    const standard = { roles: ROLES, switchoverAnnotation: "bellwether.dev/switchover-to" };
    expect(judge(scene.revisions, standard).violations).toHaveLength(1);
    expect(judge(unseen, standard).violations).toEqual([]);
  });

  test("where users have no way to ask, the leader is chosen elsewhere, and no move is judged", () => {
    const scene = healthy();
    scene.handOver("db-1", 11, ["db-0"]);
    expect(judge(scene.revisions, { roles: ROLES }).violations).toEqual([]);
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

  test("of a pod that is not enrolled a stamp is ours to write, and nothing beside it", () => {
    const scene = createElected();
    scene.create("Pod", "stranger", {
      spec: { containers: [{ name: "main", image: "example.invalid/main" }] },
      by: "kubectl",
    });
    const annotations = stamp(11, scene.uidOf("Lease", "lease"));
    scene.patch("Pod", "stranger", { annotations });
    expect(findings(scene)).toEqual([]);
    scene.patch("Pod", "stranger", { annotations: { "bellwether.dev/election.token": "11" } });
    expect(findings(scene)).toContain("S19 Pod default/stranger was written by us, but is none of ours");
  });

  test("a pod that is enrolled in a group which does not own it", () => {
    const scene = createElected();
    scene.pod("db-2");
    scene.patch("Pod", "db-2", { labels: { "bellwether.dev/election": "another", "sts-role": "reader" } });
    expect(findings(scene)).toEqual(["S19 Pod default/db-2 was enrolled by us in another, which does not own it"]);
  });

  test("a group that is named by the hash of a selector owns nothing; whom others enrol is not our affair", () => {
    const scene = createElected();
    scene.pod("db-2");
    scene.patch("Pod", "db-2", { labels: { "bellwether.dev/election": "0123456789abcdef".repeat(2) } });
    scene.pod("db-3");
    scene.patch("Pod", "db-3", { labels: { "bellwether.dev/election": "another" }, by: "kubectl-label" });
    expect(findings(scene)).toEqual([]);
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
      spec: LOCK_SPEC,
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
