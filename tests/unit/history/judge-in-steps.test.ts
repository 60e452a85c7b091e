/** The checker as it happens: the same verdict as over the whole, news at the revision that brings them, gaps taken into account. */
import { describe, expect, test } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import { EPOCH_ANNOTATION } from "../../../functions/kit/handover/names.ts";
import { createJudge, judge, type News } from "../../../functions/kit/history/judge.ts";
import { renderVerdict } from "../../../functions/kit/history/render.ts";
import { compareVersions, type Gap, type Revision } from "../../../functions/kit/history/revision.ts";
import type { Verdict, Violation } from "../../../functions/kit/history/verdict.ts";
import { EXIT_SOUND, EXIT_VIOLATED, exitCodeOf } from "../../../infra/observe/report.ts";
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

/** db-0 leads under 10; epoch 11 is given to db-1 and 12 to db-0; then a slow instance promotes db-1 under 11. */
const overtaken = (): Scene => {
  const scene = createElected();
  scene.assign("db-1", 11);
  scene.assign("db-0", 12);
  scene.fence("db-0", 11);
  scene.promote("db-1", 11);
  return scene;
};
const epochOf = ({ object }: Revision): string | undefined => object.metadata.annotations?.[EPOCH_ANNOTATION];
const versionOf = ({ revisions }: Scene, epoch: string): number =>
  Number(revisions.find((revision) => epochOf(revision) === epoch)?.resourceVersion);
/** What an observer sees who misses Leases from before epoch 11 until after epoch 12, whose state the relist shows. */
const missing = (scene: Scene): { seen: readonly Revision[]; gap: Gap } => ({
  seen: scene.revisions.filter((revision) => epochOf(revision) !== "11"),
  gap: { resource: "leases", after: String(versionOf(scene, "11") - 1), until: String(versionOf(scene, "12")) },
});

const promoted = ({ violations }: Verdict): Violation | undefined =>
  violations.find(({ object }) => object === "Pod default/db-1");

describe("leases that were not observed", () => {
  test("a promotion under an epoch that may have been assigned in the gap may be no violation", () => {
    const scene = overtaken();
    expect(scene.verdict().violations).toEqual([]);
    const { seen, gap } = missing(scene);
    const verdict = judge(seen, { roles: ROLES, gaps: [gap] });
    expect(promoted(verdict)).toMatchObject({ invariant: "S3", inGap: true });
    const elsewhere = judge(seen, { roles: ROLES, gaps: [{ ...gap, resource: "pods" }] });
    expect(promoted(elsewhere)).toMatchObject({ invariant: "S3", inGap: false });
    expect(exitCodeOf({ verdict, unread: [] })).toBe(EXIT_SOUND);
    expect(renderVerdict(verdict)).toContain("S3 may be violated (not all was observed)  Pod default/db-1");
  });

  test("nor the promotion of a pod in the place of a former one, to which the gap may have assigned the epoch", () => {
    const scene = createElected();
    const before = scene.revisions.length;
    scene.remove("Pod", "db-0");
    scene.pod("db-0");
    scene.enrol("db-0");
    scene.promote("db-0", 10);
    const first = Number(scene.revisions[before - 1]?.resourceVersion);
    const gaps = [{ resource: "leases", after: String(first - 2), until: String(first - 1) }];
    const isInGap = (which: readonly Gap[]): boolean | undefined =>
      judge(scene.revisions, { roles: ROLES, gaps: which }).violations.find(({ invariant }) => invariant === "S6")
        ?.inGap;
    expect([isInGap([]), isInGap(gaps)]).toEqual([false, true]);
  });

  test("what needs a later epoch than the record was seen with after the gap is a violation", () => {
    const scene = overtaken();
    scene.fence("db-1", 13);
    scene.promote("db-0", 13);
    const { seen, gap } = missing(scene);
    const verdict = judge(seen, { roles: ROLES, gaps: [gap] });
    const never = verdict.violations.find(({ message }) => message.includes("epoch 13"));
    expect(never).toMatchObject({ invariant: "S3", inGap: false });
    expect(exitCodeOf({ verdict, unread: [] })).toBe(EXIT_VIOLATED);
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
