/** A verdict as text: one line for the whole, then one for each finding in the order in which it happened. */
import { compareVersions, type Gap } from "./revision.ts";
import type { Doubling, Evidence, Leadership, Verdict, Violation } from "./verdict.ts";

const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

const summary = (verdict: Verdict): string => {
  const { revisions, groups, promotions, doubledRevisions, violations, foreign } = verdict;
  const size = [counted(revisions, "revision"), counted(groups, "group"), counted(promotions, "promotion")].join(", ");
  const unseen = violations.filter(({ inGap }) => inGap).length;
  const broken = `${counted(violations.length, "violation")}${unseen === 0 ? "" : ` (${unseen} in gaps)`}`;
  const doubled = `${counted(foreign.length, "doubling")} by others`;
  return `history of ${size}: ${broken}, ${doubled}, ${counted(doubledRevisions, "doubled revision")}`;
};

const outcome = ({ to, repairedAfterMs }: Doubling): string => {
  if (to === undefined) return "not repaired";
  return `repaired at ${to}${repairedAfterMs === undefined ? "" : ` after ${repairedAfterMs} ms`}`;
};

const evidenceLine = ({ resourceVersion, object, manager, what }: Evidence): string =>
  `${resourceVersion}    ${object} ${what} (by ${manager})`;

const doublingLines = (doubling: Doubling): readonly string[] => [
  `${doubling.from}  doubled by others  group ${doubling.name} (${doubling.pods.join(", ")}), ${outcome(doubling)}`,
  ...doubling.causes.map(
    ({ resourceVersion, object, manager }) => `${resourceVersion}    ${object}, labelled by ${manager}`,
  ),
  ...doubling.evidence.map(evidenceLine),
];

interface Finding {
  readonly resourceVersion: string;
  readonly lines: readonly string[];
}

const gapFinding = ({ resource, after, until }: Gap): Finding => ({
  resourceVersion: after,
  lines: [`${after}  not observed  ${resource} until ${until}: what is found after this may come from it`],
});

/** One line for the violation, one for each earlier revision that it rests on. */
const violationLines = (violation: Violation): readonly string[] => {
  const { invariant, resourceVersion, object, manager, message, evidence, inGap } = violation;
  const verb = inGap ? "may be violated (not all was observed)" : "violated";
  return [
    `${resourceVersion}  ${invariant} ${verb}  ${object}, written by ${manager}: ${message}`,
    ...evidence.map(evidenceLine),
  ];
};

const violationFinding = (violation: Violation): Finding => ({
  resourceVersion: violation.resourceVersion,
  lines: violationLines(violation),
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

const presentLeader = (leaders: readonly string[]): string =>
  leaders.length === 0 ? "nobody leads at the end" : `${leaders.join(", ")} at the end`;

/** A line for each group that had a leader; empty when none had. */
export const renderLeaderships = (leaderships: readonly Leadership[]): string =>
  leaderships
    .map(({ name, changes, vacancies, vacantMs, longestVacancyMs, leaders }) => {
      const without = `${vacantMs} ms without a leader in ${counted(vacancies, "stretch", "stretches")}`;
      const longest = vacancies === 0 ? "" : `, the longest ${longestVacancyMs} ms`;
      return `group ${name}: ${counted(changes, "change")} of leader, ${without}${longest}; ${presentLeader(leaders)}`;
    })
    .join("\n");
