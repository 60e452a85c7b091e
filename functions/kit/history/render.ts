/** A verdict as text: one line for the whole, then one for each finding in the order in which it happened. */
import { compareVersions, type Gap } from "./revision.ts";
import type { Doubling, Verdict, Violation } from "./verdict.ts";

const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

const summary = (verdict: Verdict): string => {
  const { revisions, groups, promotions, doubledRevisions, violations, foreign } = verdict;
  const size = [counted(revisions, "revision"), counted(groups, "group"), counted(promotions, "promotion")].join(", ");
  const found = [counted(violations.length, "violation"), `${counted(foreign.length, "doubling")} by others`].join(
    ", ",
  );
  return `history of ${size}: ${found}, ${counted(doubledRevisions, "doubled revision")}`;
};

const outcome = ({ to, repairedAfterMs }: Doubling): string => {
  if (to === undefined) return "not repaired";
  return `repaired at ${to}${repairedAfterMs === undefined ? "" : ` after ${repairedAfterMs} ms`}`;
};

const doublingLines = (doubling: Doubling): readonly string[] => [
  `${doubling.from}  doubled by others  group ${doubling.group} (${doubling.pods.join(", ")}), ${outcome(doubling)}`,
  ...doubling.causes.map(
    ({ resourceVersion, object, manager }) => `${resourceVersion}    ${object}, labelled by ${manager}`,
  ),
];

interface Finding {
  readonly resourceVersion: string;
  readonly lines: readonly string[];
}

const gapFinding = ({ resource, after, until }: Gap): Finding => ({
  resourceVersion: after,
  lines: [`${after}  not observed  ${resource} until ${until}: what is found after this may come from it`],
});

const violationFinding = ({ invariant, resourceVersion, object, manager, message }: Violation): Finding => ({
  resourceVersion,
  lines: [`${resourceVersion}  ${invariant} violated  ${object}, written by ${manager}: ${message}`],
});

const foreignFinding = (doubling: Doubling): Finding => ({
  resourceVersion: doubling.from,
  lines: doublingLines(doubling),
});

/** Several lines; no end of line after the last. */
export const renderVerdict = (verdict: Verdict): string => {
  const findings = [
    ...verdict.gaps.map(gapFinding),
    ...verdict.violations.map(violationFinding),
    ...verdict.foreign.map(foreignFinding),
  ];
  const timeline = findings.toSorted((left, right) => compareVersions(left.resourceVersion, right.resourceVersion));
  return [summary(verdict), ...timeline.flatMap(({ lines }) => lines)].join("\n");
};
