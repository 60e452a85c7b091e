/** What is observed, as it is asked for, printed and recorded: whose label, which pods, and what makes a group of them. */
import { LOCKS, ROLES, SWITCHOVER_ANNOTATION } from "../../functions/election/labels.ts";
import type { RoleNames } from "../../functions/kit/handover/names.ts";
import type { Standard } from "../../functions/kit/history/judge.ts";
import type { Grouping } from "../../functions/kit/history/past.ts";
import { ENDPOINT_SLICES, LEASES, PODS, SERVICES, type Resource } from "../../functions/kit/kube/request.ts";
import { CHECKERS, ROLES as CHECKER_ROLES } from "../../functions/roles/labels.ts";
import { MODE_ANNOTATION, MODE_VALUE, ROLES as SERVICE_ROLES, ROUTED_KEY } from "../../functions/standby/labels.ts";
import { EXCLUSIVE_ANNOTATION, EXCLUSIVE_VALUE, TURN } from "../../functions/standby/route/names.ts";

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

/** What it is to be asked of LeaderStatusCheckers: the application chooses, so why a record moves is not judged. */
export const ROLES_STANDARD: Standard = { roles: CHECKER_ROLES };

/** What it is to be asked of active/standby Services: their pods may have any owner, so only enrolment makes groups of them. */
export const STANDBY_STANDARD: Standard = {
  roles: SERVICE_ROLES,
  grouping: "enrolment",
  routes: {
    mode: { key: MODE_ANNOTATION, value: MODE_VALUE },
    routedKey: ROUTED_KEY,
    exclusive: { key: EXCLUSIVE_ANNOTATION, value: EXCLUSIVE_VALUE },
    turn: TURN,
  },
};

interface Feature {
  readonly standard: Standard;
  /** Beside pods and Leases. */
  readonly kinds: readonly Resource[];
}

/** The features of ours, whose records can be judged as well. */
const FEATURES: readonly Feature[] = [
  { standard: ELECTION, kinds: [LOCKS] },
  { standard: ROLES_STANDARD, kinds: [CHECKERS] },
  { standard: STANDBY_STANDARD, kinds: [SERVICES, ENDPOINT_SLICES] },
];

/** All that is ours, and what it leads. */
export const ALL_KINDS: readonly Resource[] = [PODS, LEASES, ...FEATURES.flatMap(({ kinds }) => kinds)];

/** As it is asked for: `key=value` of the leaders. */
export const labelOf = ({ roleLabel, leader }: RoleNames): string => `${roleLabel}=${leader}`;

/** Undefined: somebody else's label. */
const featureOf = ({ label }: Scope): Feature | undefined =>
  FEATURES.find(({ standard: { roles } }) => labelOf(roles) === label);

/** What is to be watched: locks, Leases and the like tell more of groups of ours; of anybody else's they tell nothing. */
export const kindsOf = (scope: Scope): readonly Resource[] => {
  const feature = featureOf(scope);
  return feature === undefined ? [PODS] : [PODS, LEASES, ...feature.kinds];
};

/** A label of no feature has neither enrolment nor record: names that nobody uses stand for them. */
const strangers = (label: string): RoleNames => {
  const [roleLabel = "", leader = ""] = label.split("=");
  return { feature: "observed", roleLabel, leader, follower: null };
};

/** What the checker is to be asked. */
export const standardOf = (scope: Scope): Standard => {
  const standard = featureOf(scope)?.standard ?? { roles: strangers(scope.label) };
  const { grouping = "owner" } = standard;
  return { ...standard, grouping: scope.groupBy === "selector" ? "namespace" : grouping, accountable: "everyone" };
};

const GROUPED: Readonly<Record<Grouping, string>> = {
  owner: "grouped by StatefulSet",
  namespace: "those of a namespace are one group",
  enrolment: "grouped by enrolment",
};

export const scopeText = ({ label, groupBy, selector, namespace }: Scope): string => {
  const pods = selector === undefined ? "pods" : `pods with ${selector}`;
  const where = namespace === undefined ? "in all namespaces" : `in namespace ${namespace}`;
  const { grouping } = standardOf({ label, groupBy });
  const group = GROUPED[grouping ?? "owner"];
  return `${pods} ${where}, ${group}; leaders carry ${label}`;
};
