/** What is observed, as it is asked for, printed and recorded: whose label, which pods, and what makes a group of them. */
import { ROLES, SWITCHOVER_ANNOTATION } from "../../functions/election/labels.ts";
import type { RoleNames } from "../../functions/kit/handover/names.ts";
import type { Standard } from "../../functions/kit/history/judge.ts";

export type GroupBy = "statefulset" | "selector";

export interface Scope {
  /** The role label and its leader value, `key=value`. */
  readonly label: string;
  readonly groupBy: GroupBy;
  /** Of the pods; undefined: all. */
  readonly selector?: string | undefined;
  /** Undefined: all. */
  readonly namespace?: string | undefined;
}

/** What the checker is to be asked of the election. */
export const ELECTION: Standard = { roles: ROLES, switchoverAnnotation: SWITCHOVER_ANNOTATION };

/** The features of ours, whose records can be judged as well. */
const FEATURES: readonly Standard[] = [ELECTION];

/** As it is asked for: `key=value` of the leaders. */
export const labelOf = ({ roleLabel, leader }: RoleNames): string => `${roleLabel}=${leader}`;

/** Undefined: somebody else's label. */
export const featureOf = ({ label }: Scope): Standard | undefined =>
  FEATURES.find(({ roles }) => labelOf(roles) === label);

/** A label of no feature has neither enrolment nor record: names that nobody uses stand for them. */
const strangers = (label: string): RoleNames => {
  const [roleLabel = "", leader = ""] = label.split("=");
  return { feature: "observed", roleLabel, leader, follower: null };
};

/** What the checker is to be asked. */
export const standardOf = (scope: Scope): Standard => ({
  ...(featureOf(scope) ?? { roles: strangers(scope.label) }),
  grouping: scope.groupBy === "selector" ? "namespace" : "owner",
  accountable: "everyone",
});

export const scopeText = ({ label, groupBy, selector, namespace }: Scope): string => {
  const pods = selector === undefined ? "pods" : `pods with ${selector}`;
  const where = namespace === undefined ? "in all namespaces" : `in namespace ${namespace}`;
  const group = groupBy === "selector" ? "those of a namespace are one group" : "grouped by StatefulSet";
  return `${pods} ${where}, ${group}; leaders carry ${label}`;
};
