/** The names that StatefulSetLock's users know, kept from the operator that this replaces, and ours beside them. */
import type { RoleNames } from "../kit/handover/names.ts";
import type { Resource } from "../kit/kube/request.ts";

export const LOCKS: Resource = {
  group: "app.anukkrit.me",
  version: "v1",
  plural: "statefulsetlocks",
  kind: "StatefulSetLock",
};

export const ROLES: RoleNames = { feature: "election", roleLabel: "sts-role", leader: "writer", follower: "reader" };

export const FINALIZER = "statefulsetlock.app.anukkrit.me/finalizer";

/** On the lock: name of the pod to which the writer role shall move; removed when done. */
export const SWITCHOVER_ANNOTATION = "bellwether.dev/switchover-to";
