/** Other products' labels: no enrolment, no record, groups by owner or by selection; what is judged is S1 and who leads. */
import { describe, expect, test } from "vitest";
import type { RoleNames } from "../../../functions/kit/handover/names.ts";
import { judge, renderVerdict, type Standard } from "../../../functions/kit/history/judge.ts";
import { renderLeaderships } from "../../../functions/kit/history/render.ts";
import type { Revision } from "../../../functions/kit/history/revision.ts";
import { createElected } from "./scene.ts";

const PRODUCT: RoleNames = { feature: "observed", roleLabel: "role", leader: "leader", follower: null };
const STANDARD: Standard = { roles: PRODUCT, accountable: "everyone" };
const SECOND_MS = 1000;

interface State {
  readonly name: string;
  readonly role?: string;
  readonly manager?: string;
  readonly owner?: string;
  readonly ownerKind?: string;
  readonly namespace?: string;
  readonly type?: Revision["type"];
}

/** One revision a second. */
const historyOf = (states: readonly State[]): readonly Revision[] =>
  states.map(({ name, role, manager = "their-operator", type = "MODIFIED", ...rest }, index) => {
    const { owner = "db", ownerKind = "StatefulSet", namespace = "data" } = rest;
    const resourceVersion = String(index + 1);
    const fieldsV1 = { "f:metadata": { "f:labels": { "f:role": {} } } };
    return {
      type,
      resourceVersion,
      observedAt: index * SECOND_MS,
      object: {
        apiVersion: "v1",
        kind: "Pod",
        metadata: {
          name,
          namespace,
          uid: `uid-${namespace}-${name}`,
          resourceVersion,
          labels: role === undefined ? {} : { role },
          ownerReferences: [
            { apiVersion: "apps/v1", kind: ownerKind, name: owner, uid: `uid-${owner}`, controller: true },
          ],
          managedFields: role === undefined ? [] : [{ manager, operation: "Update", time: resourceVersion, fieldsV1 }],
        },
      },
    };
  });

const doubled = historyOf([
  { name: "db-0", role: "leader" },
  { name: "db-1", role: "follower" },
  { name: "db-1", role: "leader", manager: "their-sidecar" },
  { name: "db-0", role: "follower" },
]);

describe("S1 where nobody enrolled the pods", () => {
  test("a second leader is a violation, charged to whoever labelled it, with the one that led already", () => {
    expect(renderVerdict(judge(doubled, STANDARD))).toMatchInlineSnapshot(`
      "history of 4 revisions, 1 group, 0 promotions: 1 violation, 0 doublings by others, 1 doubled revision
      3  S1 violated  Pod data/db-1, written by their-sidecar: one of 2 leaders of data/db (db-0, db-1) until 4
      1    Pod data/db-0 led already (by their-operator)"
    `);
  });

  test("asked about our writes only, it is a doubling by others", () => {
    const { violations, foreign } = judge(doubled, { roles: PRODUCT });
    expect(violations).toEqual([]);
    expect(foreign).toMatchObject([{ name: "data/db", served: false, causes: [{ manager: "their-sidecar" }] }]);
  });

  test("in a group of ours, whom others label is still a doubling by others", () => {
    const scene = createElected();
    scene.patch("Pod", "db-1", { labels: { "sts-role": "writer" }, by: "kubectl-label" });
    const { violations, foreign } = scene.verdict({ accountable: "everyone" });
    expect(violations).toEqual([]);
    expect(foreign).toMatchObject([{ served: true }]);
  });

  test("a third leader joins the same violation", () => {
    const history = historyOf(["db-0", "db-1", "db-2"].map((name) => ({ name, role: "leader" })));
    const { violations } = judge(history, STANDARD);
    expect(violations).toMatchObject([
      {
        object: "Pod data/db-1",
        evidence: [
          { object: "Pod data/db-0", what: "led already" },
          { object: "Pod data/db-2", what: "was labelled too" },
        ],
      },
    ]);
  });
});

const two = (left: Partial<State>, right: Partial<State>): readonly Revision[] =>
  historyOf([
    { name: "db-0", role: "leader", ...left },
    { name: "db-1", role: "leader", ...right },
  ]);

describe("what makes a group", () => {
  test("by owner: two StatefulSets have two leaders", () => {
    expect(judge(two({ owner: "blue" }, { owner: "green" }), STANDARD)).toMatchObject({ groups: 2, violations: [] });
  });

  test("by owner: a controller of another kind is an owner too", () => {
    const ownerKind = "InstanceSet";
    expect(judge(two({ ownerKind }, { ownerKind }), STANDARD).violations).toHaveLength(1);
  });

  test("by namespace: whatever was selected there has one leader, elsewhere another", () => {
    const standard: Standard = { ...STANDARD, grouping: "namespace" };
    expect(judge(two({ owner: "blue" }, { owner: "green" }), standard).violations).toHaveLength(1);
    expect(judge(two({ namespace: "east" }, { namespace: "west" }), standard).violations).toEqual([]);
  });
});

describe("who leads", () => {
  test("changes and stretches without a leader are counted, not the return of the same pod", () => {
    const history = historyOf([
      { name: "db-0", role: "leader" },
      { name: "db-0", role: "follower" },
      { name: "db-0", role: "leader" },
      { name: "db-0", role: "leader", type: "DELETED" },
      { name: "db-1" },
      { name: "db-2" },
      { name: "db-1", role: "leader" },
    ]);
    const { leaderships } = judge(history, STANDARD);
    expect(leaderships).toEqual([
      {
        group: "data/uid-db",
        name: "data/db",
        served: false,
        changes: 1,
        vacancies: 2,
        vacantMs: 4 * SECOND_MS,
        longestVacancyMs: 3 * SECOND_MS,
        leaders: ["db-1"],
      },
    ]);
    expect(renderLeaderships(leaderships)).toBe(
      "group data/db: 1 change of leader, 4000 ms without a leader in 2 stretches, the longest 3000 ms; db-1 at the end",
    );
  });

  test("a stretch that has not ended is not counted, but nobody leads", () => {
    const { leaderships } = judge(historyOf([{ name: "db-0", role: "leader" }, { name: "db-0" }]), STANDARD);
    expect(leaderships).toMatchObject([{ vacancies: 0, leaders: [] }]);
    expect(renderLeaderships(leaderships)).toContain("nobody leads at the end");
  });

  test("two who lead at once change the leader once, and leave no stretch without", () => {
    expect(judge(doubled, STANDARD).leaderships).toMatchObject([{ changes: 1, vacancies: 0, leaders: ["db-1"] }]);
  });
});
