/**
 * What the API server's audit log says of the function's account: every update, patch and delete carries its preconditions
 * (S8), and nothing outside the groups' own objects is written (S19). Independent of the function: it knows neither its
 * requests nor its field manager.
 */
import { LOCKS } from "../../../functions/election/labels.ts";
import type { AuditEvent } from "../../../infra/lab/audit.ts";
import type { LockName } from "../../../infra/lab/group.ts";

const FUNCTION_USER = "system:serviceaccount:bellwether:bellwether";
const CONFLICT = 409;
const WRITES: ReadonlySet<string> = new Set(["create", "update", "patch", "delete", "deletecollection"]);

/** A lock, its Lease, and the StatefulSet whose pods are its group. */
export interface OwnGroup extends LockName {
  readonly statefulSetName: string;
}

export interface OwnWrites {
  /** Asked for, answered in whatever way. */
  readonly count: number;
  /** Each as text: verb, URI, body. */
  readonly unconditional: readonly string[];
  readonly elsewhere: readonly string[];
}

interface Conditions {
  readonly uid?: unknown;
  readonly resourceVersion?: unknown;
}

interface Body {
  readonly metadata?: Conditions & { readonly name?: string };
  readonly preconditions?: Conditions;
  readonly regarding?: { readonly kind?: string; readonly namespace?: string; readonly name?: string };
}

const bodyOf = ({ requestObject }: AuditEvent): Body => requestObject ?? {};

const isConditional = (event: AuditEvent): boolean => {
  const { metadata, preconditions } = bodyOf(event);
  const conditions = event.verb === "delete" ? preconditions : metadata;
  return [conditions?.uid, conditions?.resourceVersion].every((value) => typeof value === "string" && value !== "");
};

const isPodOf = (set: string, name: string): boolean =>
  name.startsWith(`${set}-`) && /^\d+$/.test(name.slice(set.length + 1));

/** The URI of a creation carries no name. */
const nameOf = (event: AuditEvent): string => event.objectRef?.name ?? bodyOf(event).metadata?.name ?? "";

/** What may be done to an object of each kind, if it is one of the group's. */
const ALLOWED: Readonly<Record<string, (event: AuditEvent, group: OwnGroup) => boolean>> = {
  pods: (event, { statefulSetName }) => event.verb === "patch" && isPodOf(statefulSetName, nameOf(event)),
  leases: (event, { leaseName }) => nameOf(event) === leaseName,
  [LOCKS.plural]: (event, { name }) => event.verb === "patch" && nameOf(event) === name,
  events: (event, { name }) => {
    const { regarding } = bodyOf(event);
    return event.verb === "create" && regarding?.kind === LOCKS.kind && regarding.name === name;
  },
};

const isOwn = (event: AuditEvent, group: OwnGroup): boolean => {
  const { resource = "", namespace } = event.objectRef ?? {};
  return namespace === group.namespace && ALLOWED[resource]?.(event, group) === true;
};

const textOf = ({ verb, requestURI, requestObject }: AuditEvent): string =>
  `${verb} ${requestURI} ${JSON.stringify(requestObject)}`;

export const judgeOwnWrites = (events: readonly AuditEvent[], groups: readonly OwnGroup[]): OwnWrites => {
  const writes = events.filter(({ user, verb }) => user.username === FUNCTION_USER && WRITES.has(verb));
  return {
    count: writes.length,
    unconditional: writes.filter((event) => event.verb !== "create" && !isConditional(event)).map(textOf),
    elsewhere: writes.filter((event) => !groups.some((group) => isOwn(event, group))).map(textOf),
  };
};

/** How often a write of ours in the namespace came too late: another instance had written that object since it was read (409). */
export const conflictsIn = (events: readonly AuditEvent[], namespace: string): number =>
  events.filter(
    ({ user, verb, objectRef, responseStatus }) =>
      user.username === FUNCTION_USER &&
      WRITES.has(verb) &&
      objectRef?.namespace === namespace &&
      responseStatus?.code === CONFLICT,
  ).length;
