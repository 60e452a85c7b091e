/** The names that LeaderStatusChecker's users know, kept from the operator that this replaces, and ours beside them. */
import type { RoleNames } from "../kit/handover/names.ts";
import type { Resource } from "../kit/kube/request.ts";

export const CHECKERS: Resource = {
  group: "node-role.bb-noti.io",
  version: "v1",
  plural: "leaderstatuscheckers",
  kind: "LeaderStatusChecker",
};

/** Only read, and only where a checker names one. */
export const SECRETS: Resource = { group: "", version: "v1", plural: "secrets", kind: "Secret" };

export const ROLES: RoleNames = {
  feature: "roles",
  roleLabel: "node-role",
  leader: "leader",
  follower: "follower",
};

export const FINALIZER = "bellwether.dev/roles";

/** Of the Lease in the StatefulSet's namespace that records who leads. */
export const recordName = (checkerUid: string): string => `bellwether-roles-${checkerUid}`;
