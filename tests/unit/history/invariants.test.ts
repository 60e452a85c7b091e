/** S1 to S6, each with a history that holds and one, made by hand, that breaks it: every checker can fail. */
import { describe, expect, test } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import { judge } from "../../../functions/kit/history/judge.ts";
import { createElected, createScene, findings, GROUP, OURS, stamp, token, type Scene } from "./scene.ts";

/** db-1 follows db-0 under epoch 11. */
const handedOver = (): Scene => {
  const scene = createElected();
  scene.handOver("db-1", 11, ["db-0"]);
  return scene;
};

describe("a history that keeps every promise", () => {
  test("hand-overs, a renewal, a recreated pod, the Lease deleted, nobody: nothing is found", () => {
    const scene = handedOver();
    scene.patch("Lease", "lease", { spec: { renewTime: "2026-01-01T00:01:00.000000Z" } });
    scene.remove("Pod", "db-0");
    scene.pod("db-0");
    scene.patch("Pod", "db-0", {
      labels: { "bellwether.dev/election": GROUP, "sts-role": "reader" },
      annotations: stamp(11, scene.uidOf("Lease", "lease")),
    });
    scene.handOver("db-0", 12, ["db-1"]);
    scene.remove("Lease", "lease");
    scene.handOver("db-0", 13, ["db-1"]);
    scene.assign(undefined, 14);
    scene.fence("db-0", 14);
    scene.fence("db-1", 14);
    scene.handOver("db-1", 15, ["db-0"]);
    expect(findings(scene)).toEqual([]);
    expect(scene.verdict()).toMatchObject({ groups: 1, promotions: 5, doubledRevisions: 0, foreign: [] });
  });

  test("the repair of a label under the same epoch is no second promotion", () => {
    const scene = createElected();
    scene.patch("Pod", "db-0", { labels: { "sts-role": "reader" }, by: "kubectl-label" });
    scene.promote("db-0", 10);
    expect(findings(scene)).toEqual([]);
    expect(scene.verdict().promotions).toBe(1);
  });
});

describe("S1: one pod of a group leads", () => {
  test("a promotion before the fence is a violation, until the fence", () => {
    const scene = createElected();
    scene.assign("db-1", 11);
    scene.promote("db-1", 11);
    scene.fence("db-0", 11);
    expect(findings(scene)).toEqual([
      expect.stringMatching(/^S1 Pod default\/db-1 one of 2 leaders of default\/db \(db-0, db-1\) until \d+$/),
    ]);
    expect(scene.verdict().doubledRevisions).toBe(1);
  });

  test("a pod that is not enrolled counts for the StatefulSet that owns it", () => {
    const scene = createElected();
    scene.pod("db-2");
    scene.patch("Pod", "db-2", { labels: { "sts-role": "writer" }, annotations: stamp(10, "nothing") });
    expect(findings(scene)).toContainEqual(expect.stringMatching(/^S1 Pod default\/db-2 /));
  });

  test("a promotion over a label that others wrote before the fence is ours", () => {
    const scene = createElected();
    scene.patch("Pod", "db-1", { labels: { "sts-role": "writer" }, by: "kubectl-label" });
    scene.patch("Pod", "db-0", { labels: { "sts-role": "reader" }, by: "kubectl-label" });
    scene.promote("db-0", 11);
    expect(findings(scene)).toContainEqual(expect.stringMatching(/^S1 Pod default\/db-0 /));
  });

  test("a promotion that leaves out an old enrolled pod is ours, whoever labelled that pod", () => {
    const scene = createElected();
    scene.pod("db-2", { labels: { "sts-role": "writer" } });
    scene.patch("Pod", "db-2", { labels: { "bellwether.dev/election": GROUP } });
    scene.handOver("db-1", 11, ["db-0"]);
    scene.handOver("db-0", 12, ["db-1"]);
    expect(findings(scene)).toEqual([expect.stringMatching(/^S1 Pod default\/db-0 /)]);
  });

  test("our write within a doubling by others is still a violation", () => {
    const scene = createElected();
    scene.pod("db-2");
    scene.enrol("db-2");
    scene.patch("Pod", "db-1", { labels: { "sts-role": "writer" }, by: "kubectl-label" });
    scene.assign("db-2", 11);
    scene.promote("db-2", 11);
    expect(findings(scene)).toEqual([expect.stringMatching(/^S1 Pod default\/db-2 one of 3 leaders/)]);
    expect(scene.verdict().foreign).toEqual([]);
  });
});

describe("S3: the label follows the assignment", () => {
  test("a leader that no record names", () => {
    const scene = createElected();
    scene.fence("db-0", 11);
    scene.promote("db-1", 11);
    expect(findings(scene)).toEqual([
      expect.stringMatching(/^S3 Pod default\/db-1 leads, but epoch 11 of record \S+ was never assigned$/),
    ]);
  });

  test("a leader whose epoch was given to another pod", () => {
    const scene = createElected();
    scene.fence("db-0", 10);
    scene.promote("db-1", 10);
    expect(findings(scene)).toContainEqual(expect.stringMatching(/^S3 Pod default\/db-1 .* was assigned to db-0 /));
  });

  test("a leader without a stamp", () => {
    const scene = createElected();
    scene.fence("db-0", 10);
    scene.pod("db-2");
    scene.enrol("db-2");
    scene.patch("Pod", "db-2", { labels: { "sts-role": "writer" } });
    expect(findings(scene)).toEqual(["S3 Pod default/db-2 leads without a stamp"]);
  });

  test("a token that is not the stamp's epoch", () => {
    const scene = createElected();
    scene.patch("Pod", "db-0", { annotations: token(12) });
    expect(findings(scene)).toEqual(["S3 Pod default/db-0 leads under epoch 10 with token 12"]);
  });

  test("a fence that leaves the token", () => {
    const scene = createElected();
    scene.patch("Pod", "db-0", { labels: { "sts-role": "reader" } });
    expect(findings(scene)).toEqual(["S3 Pod default/db-0 carries token 10 without leading"]);
  });

  test("the enrolment of a holder that somebody took out of the group may stamp it before its token is renewed", () => {
    const scene = createElected();
    scene.patch("Pod", "db-0", { labels: { "bellwether.dev/election": null }, by: "kubectl-label" });
    scene.patch("Pod", "db-1", { annotations: stamp(10, "another-record"), by: "kubectl-annotate" });
    scene.assign("db-0", 11);
    const enrolment = { "bellwether.dev/election": GROUP };
    scene.patch("Pod", "db-0", { labels: enrolment, annotations: stamp(11, scene.uidOf("Lease", "lease")) });
    scene.fence("db-1", 11);
    scene.promote("db-0", 11);
    expect(findings(scene)).toEqual([]);
  });

  test("a promotion that comes after a later one", () => {
    const scene = handedOver();
    scene.fence("db-1", 11);
    scene.promote("db-0", 10);
    expect(findings(scene)).toContain("S3 Pod default/db-0 leads under epoch 10, though 11 was promoted before");
  });

  test("labels and tokens that others wrote are not ours to answer for", () => {
    const scene = createElected();
    scene.patch("Pod", "db-0", { labels: { "sts-role": "reader" }, by: "kubectl-label" });
    scene.patch("Pod", "db-1", { labels: { "sts-role": "writer" }, annotations: token(99), by: "kubectl-label" });
    expect(findings(scene)).toEqual([]);
  });
});

describe("S4: epochs only grow", () => {
  test("a record that assigns under a lower epoch", () => {
    const scene = createElected();
    scene.assign("db-1", 9);
    expect(findings(scene)).toContain("S4 Lease default/lease assigns under epoch 9 after 10");
  });

  test("a promotion below the last one, although the Lease was deleted between", () => {
    const scene = createElected();
    scene.remove("Lease", "lease");
    scene.handOver("db-1", 9, ["db-0"]);
    expect(findings(scene)).toContain("S4 Pod default/db-1 promoted under epoch 9 after 10");
  });

  test("an epoch that promotes two pods", () => {
    const scene = createElected();
    scene.remove("Lease", "lease");
    scene.handOver("db-1", 10, ["db-0"]);
    expect(findings(scene)).toEqual([
      expect.stringMatching(/^S4 Pod default\/db-1 promoted under epoch 10, which had promoted db-0/),
    ]);
  });

  test("a record that names a holder without an epoch", () => {
    const scene = createElected();
    scene.remove("Lease", "lease");
    scene.assign("db-0", 0);
    expect(findings(scene)).toEqual([]);
    scene.patch("Lease", "lease", { spec: { holderIdentity: "db-1" } });
    expect(findings(scene)).toContain("S4 Lease default/lease assigns without an epoch");
  });

  test("a record whose epoch others had spoilt before the observer came is none of ours", () => {
    const scene = createElected();
    scene.patch("Lease", "lease", { annotations: { "bellwether.dev/epoch": null }, by: "kubectl-annotate" });
    const late = scene.revisions.slice(-1);
    expect(judge(late, { roles: ROLES }).violations).toEqual([]);
  });

  test("an epoch that others turned back is none of ours, as long as we go on above it", () => {
    const scene = createElected();
    scene.patch("Lease", "lease", { annotations: { "bellwether.dev/epoch": "3" }, by: "kubectl-edit" });
    scene.handOver("db-0", 11, ["db-1"]);
    expect(findings(scene)).toEqual([]);
  });
});

describe("S6: a pod is its uid", () => {
  test("a promotion that was meant for the former pod of the name", () => {
    const scene = createElected();
    const former = scene.uidOf("Pod", "db-0");
    scene.remove("Pod", "db-0");
    scene.pod("db-0");
    scene.enrol("db-0");
    scene.promote("db-0", 10);
    expect(findings(scene)).toContain(`S6 Pod default/db-0 is promoted in place of the former pod (${former})`);
  });

  test("a pod that is born with our stamp and token of the former one", () => {
    const scene = createElected();
    const former = scene.uidOf("Pod", "db-0");
    const annotations = { ...stamp(10, scene.uidOf("Lease", "lease")), ...token(10) };
    scene.remove("Pod", "db-0");
    scene.pod("db-0", { annotations, by: OURS });
    expect(findings(scene)).toContain(`S6 Pod default/db-0 is born with stamp 10 of the former pod (${former})`);
    expect(findings(scene)).toContain(`S6 Pod default/db-0 is born with token 10 of the former pod (${former})`);
  });

  test("somebody else who restores a pod with all its annotations is none of ours", () => {
    const scene = createElected();
    const annotations = { ...stamp(10, scene.uidOf("Lease", "lease")), ...token(10) };
    scene.remove("Pod", "db-0");
    scene.pod("db-0", { labels: { "sts-role": "writer" }, annotations, by: "kubectl-replace" });
    expect(findings(scene)).toEqual([]);
  });
});

test("a scene without any of our writes has no group", () => {
  const scene = createScene();
  scene.pod("db-0");
  expect(scene.verdict()).toEqual({
    revisions: 1,
    groups: 0,
    promotions: 0,
    doubledRevisions: 0,
    routes: 0,
    violations: [],
    foreign: [],
    leaderships: [],
    gaps: [],
  });
});
