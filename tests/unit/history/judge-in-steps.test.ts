/** The checker as it happens: the same verdict as over the whole, news at the revision that brings them, gaps taken into account. */
import { describe, expect, test } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import { createJudge, judge, type News } from "../../../functions/kit/history/judge.ts";
import { renderVerdict } from "../../../functions/kit/history/render.ts";
import { compareVersions } from "../../../functions/kit/history/revision.ts";
import { createElected, type Scene } from "./scene.ts";

/** Our own doubling, a stale promotion, and a doubling by others. */
const troubled = (): Scene => {
  const scene = createElected();
  scene.assign("db-1", 11);
  scene.promote("db-1", 11);
  scene.fence("db-0", 11);
  scene.fence("db-1", 11);
  scene.promote("db-0", 10);
  scene.patch("Pod", "db-1", { labels: { "sts-role": "writer" }, by: "kubectl-label" });
  return scene;
};

const inSteps = ({ revisions }: Scene): { readonly news: readonly News[]; readonly text: string } => {
  const court = createJudge({ roles: ROLES });
  const news = revisions.flatMap((revision) => court.take(revision));
  return { news, text: renderVerdict(court.verdict()) };
};

test("revision by revision it finds what it finds in the whole", () => {
  const scene = troubled();
  const { text } = inSteps(scene);
  expect(text).toContain("S1 violated");
  expect(text).toContain("S3 violated");
  expect(text).toBe(renderVerdict(scene.verdict()));
});

test("leaders, doublings and violations are told at the revision that brings them", () => {
  const { news } = inSteps(troubled());
  const told = news.map((item) => {
    if ("fault" in item) return `${item.fault.invariant} ${item.fault.resourceVersion}`;
    if ("pod" in item) return `${item.pod} ${item.kind} ${item.revision.resourceVersion}`;
    return `${item.kind} ${item.doubling.to ?? item.doubling.causes.at(-1)?.resourceVersion}`;
  });
  expect(told).toMatchInlineSnapshot(`
    [
      "db-0 leads 12",
      "db-1 leads 14",
      "doubled 14",
      "db-0 ceded 15",
      "repaired 15",
      "db-1 ceded 16",
      "db-0 leads 17",
      "S3 17",
      "S4 17",
      "db-1 leads 18",
      "doubled 18",
    ]
  `);
});

test("every violation but S1 rests on revisions that are named", () => {
  const { violations } = troubled().verdict();
  expect(violations.map(({ invariant, evidence }) => `${invariant} ${evidence[0]?.what}`)).toMatchInlineSnapshot(`
    [
      "S1 led already",
      "S3 was promoted under epoch 11",
      "S4 was promoted under epoch 11",
    ]
  `);
});

describe("what was not observed", () => {
  const [violation] = troubled().verdict().violations;
  const version = violation?.resourceVersion ?? "";
  const shifted = (by: number): string => String(Number(version) + by);

  test.each([
    ["within a gap is marked", -1, 0, true],
    ["right before a gap is not", 0, 1, false],
    ["after a gap is not", -3, -1, false],
  ])("a violation %s", (_, after, until, inGap) => {
    const gaps = [{ resource: "pods", after: shifted(after), until: shifted(until) }];
    const verdict = judge(troubled().revisions, { roles: ROLES, gaps });
    expect(verdict.violations.find(({ resourceVersion }) => resourceVersion === version)?.inGap).toBe(inGap);
    expect(renderVerdict(verdict).includes("may be violated (not all was observed)")).toBe(inGap);
  });
});

describe("resourceVersions", () => {
  test("are ordered as numbers of any length", () => {
    expect(["10", "9", "123456789012345678901234567890", "0", "99"].toSorted(compareVersions)).toEqual([
      "0",
      "9",
      "10",
      "99",
      "123456789012345678901234567890",
    ]);
  });

  test.each(["", "-1", "1.5", "0x10", "007", "abc"])("%j is refused", (version) => {
    expect(() => compareVersions(version, "1")).toThrow(SyntaxError);
  });
});
