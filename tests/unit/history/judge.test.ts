/** What holds for any history: the order of arrival is nothing, doublings have an author, the text tells all. */
import { describe, expect, test } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import { judge, renderVerdict } from "../../../functions/kit/history/judge.ts";
import type { Revision } from "../../../functions/kit/history/revision.ts";
import type { ObjectMeta } from "../../../functions/kit/kube/object.ts";
import { createElected, createScene, GROUP, type Scene } from "./scene.ts";

/** A doubling by others that we repair, and then one of our own. */
const troubled = (): Scene => {
  const scene = createElected();
  scene.patch("Pod", "db-1", { labels: { "sts-role": "writer" }, by: "kubectl-label" });
  scene.pod("db-2");
  scene.fence("db-1", 10);
  scene.assign("db-1", 11);
  scene.promote("db-1", 11);
  scene.fence("db-0", 11);
  return scene;
};

const numbered = (revision: Revision, resourceVersion: number): Revision => ({
  ...revision,
  resourceVersion: String(resourceVersion),
});

const withMetadata = ({ object, ...revision }: Revision, changes: Partial<ObjectMeta>): Revision => ({
  ...revision,
  object: { ...object, metadata: { ...object.metadata, ...changes } },
});

describe("order of arrival", () => {
  test("reversed, by kind, and with every revision twice: the same verdict", () => {
    const { revisions } = troubled();
    const verdict = judge(revisions, { roles: ROLES });
    const byKind = revisions.toSorted((left, right) => (left.object.kind ?? "").localeCompare(right.object.kind ?? ""));
    expect(verdict.violations).not.toEqual([]);
    expect(judge(revisions.toReversed(), { roles: ROLES })).toEqual(verdict);
    expect(judge(byKind, { roles: ROLES })).toEqual(verdict);
    expect(judge([...revisions, ...revisions], { roles: ROLES })).toEqual(verdict);
  });

  test("versions are numbers: 9 comes before 10", () => {
    const { revisions } = createElected();
    const renumbered = revisions.map((revision, index) => numbered(revision, index + 8));
    expect(judge(renumbered.toReversed(), { roles: ROLES }).violations).toEqual([]);
  });

  test("a deletion with the version of the last state comes after it", () => {
    const scene = createElected();
    scene.patch("Pod", "db-1", { labels: { "sts-role": "writer" }, by: "kubectl-label" });
    const last = scene.revisions.at(-1);
    const deleted = last === undefined ? [] : [{ ...last, type: "DELETED" } as const];
    const verdict = judge([...deleted, ...scene.revisions], { roles: ROLES });
    expect(verdict.foreign.map(({ from, to }) => to === from)).toEqual([true]);
  });
});

describe("doublings by others", () => {
  test("a label written by hand is charged to its field manager, with the time until our repair", () => {
    const scene = createElected();
    scene.patch("Pod", "db-1", { labels: { "sts-role": "writer" }, by: "kubectl-label" });
    scene.fence("db-1", 10);
    const { violations, foreign, doubledRevisions } = scene.verdict();
    expect({ violations, doubledRevisions }).toEqual({ violations: [], doubledRevisions: 1 });
    expect(foreign).toMatchObject([
      {
        group: `default/${GROUP}`,
        pods: ["db-0", "db-1"],
        causes: [{ manager: "kubectl-label", object: "Pod default/db-1" }],
      },
    ]);
    expect(foreign[0]?.repairedAfterMs).toBeGreaterThan(0);
  });

  test("a label from the template is charged to the controller that created the pod", () => {
    const scene = createElected();
    scene.pod("db-2", { labels: { "sts-role": "writer" } });
    const { violations, foreign } = scene.verdict();
    expect(violations).toEqual([]);
    expect(foreign).toMatchObject([
      { to: undefined, repairedAfterMs: undefined, causes: [{ manager: "kube-controller-manager" }] },
    ]);
  });

  test("an enrolment label that is taken away with the same hand does not hide the second leader", () => {
    const scene = createElected();
    scene.patch("Pod", "db-1", {
      labels: { "bellwether.dev/election": null, "sts-role": "writer" },
      by: "kubectl-label",
    });
    expect(scene.verdict().foreign).toHaveLength(1);
  });

  test("a label written between our fence and our promotion is charged to its author, not to the promotion", () => {
    const scene = createElected();
    scene.assign("db-1", 11);
    scene.fence("db-0", 11);
    scene.patch("Pod", "db-0", { labels: { "sts-role": "writer" }, by: "kubectl-label" });
    scene.promote("db-1", 11);
    const { violations, foreign } = scene.verdict();
    expect(violations).toEqual([]);
    expect(foreign).toMatchObject([{ causes: [{ manager: "kubectl-label", object: "Pod default/db-0" }] }]);
  });

  test("a pod that is created too late to be read is charged to its creator, though another instance enrols it", () => {
    const scene = createElected();
    scene.pod("db-2", { labels: { "sts-role": "writer" } });
    scene.assign("db-1", 11);
    scene.fence("db-0", 11);
    scene.patch("Pod", "db-2", { labels: { "bellwether.dev/election": GROUP } });
    scene.promote("db-1", 11);
    const { violations, foreign } = scene.verdict();
    expect(violations).toEqual([]);
    expect(foreign.at(-1)?.causes).toMatchObject([{ manager: "kube-controller-manager", object: "Pod default/db-2" }]);
  });

  test("a leader that is deleted ends the doubling", () => {
    const scene = createElected();
    scene.patch("Pod", "db-1", { labels: { "sts-role": "writer" }, by: "kubectl-label" });
    scene.remove("Pod", "db-0");
    expect(scene.verdict().foreign.map(({ to }) => to)).toEqual([scene.revisions.at(-1)?.resourceVersion]);
  });

  test("without managedFields nobody else is proven to have written it: it counts as ours", () => {
    const scene = createElected();
    scene.patch("Pod", "db-1", { labels: { "sts-role": "writer" }, by: "kubectl-label" });
    const bare = scene.revisions.map((revision) => withMetadata(revision, { managedFields: [] }));
    const { violations, foreign } = judge(bare, { roles: ROLES });
    expect(violations).toContainEqual(expect.objectContaining({ invariant: "S1", manager: "unknown" }));
    expect(foreign).toEqual([]);
  });

  test("without an observer's clock the time until repair comes from the objects, in whole seconds", () => {
    const scene = createElected();
    scene.patch("Pod", "db-1", { labels: { "sts-role": "writer" }, by: "kubectl-label" });
    scene.fence("db-1", 10);
    const timeless = scene.revisions.map(({ type, resourceVersion, object }) => ({ type, resourceVersion, object }));
    expect(judge(timeless, { roles: ROLES }).foreign[0]?.repairedAfterMs).toBe(
      scene.verdict().foreign[0]?.repairedAfterMs,
    );
  });
});

test("groups with the same name in two namespaces are two groups", () => {
  const scene = createElected();
  const elsewhere = scene.revisions.map((revision, index) => {
    const uid = `elsewhere-${revision.object.metadata.uid}`;
    return numbered(withMetadata(revision, { namespace: "elsewhere", uid }), index + 1000);
  });
  expect(judge([...scene.revisions, ...elsewhere], { roles: ROLES })).toMatchObject({ groups: 2, doubledRevisions: 0 });
});

describe("as text", () => {
  test("a line for the whole, and one for each finding with revision, object and manager", () => {
    const { revisions } = troubled();
    const gaps = [{ resource: "leases", after: "12", until: "14" }];
    expect(renderVerdict(judge(revisions, { roles: ROLES, gaps }))).toMatchInlineSnapshot(`
      "history of 13 revisions, 1 group, 2 promotions: 1 violation, 1 doubling by others, 3 doubled revisions
      12  not observed  leases until 14: what is found after this may come from it
      13  doubled by others  group default/db (db-0, db-1), repaired at 15 after 2000 ms
      13    Pod default/db-1, labelled by kubectl-label
      12    Pod default/db-0 led already (by bellwether)
      17  S1 violated  Pod default/db-1, written by bellwether: one of 2 leaders of default/db (db-0, db-1) until 18
      12    Pod default/db-0 led already (by bellwether)"
    `);
  });

  test("what was not repaired says so", () => {
    const scene = createElected();
    scene.patch("Pod", "db-1", { labels: { "sts-role": "writer" }, by: "kubectl-label" });
    expect(renderVerdict(scene.verdict())).toContain("not repaired");
  });

  test("nothing found is one line", () => {
    expect(renderVerdict(createScene().verdict())).toBe(
      "history of 0 revisions, 0 groups, 0 promotions: 0 violations, 0 doublings by others, 0 doubled revisions",
    );
  });
});
