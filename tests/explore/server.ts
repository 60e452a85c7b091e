/**
 * An API server with one group's pods and its Lease, as a value that never changes: what the exploration branches on. A resourceVersion
 * only matters as "current or not", so that every object here has `CURRENT`, and whoever changes one says which copies grew old.
 */
import { ROLES } from "../../functions/election/labels.ts";
import { enrolmentLabel } from "../../functions/kit/handover/names.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import {
  LEASES,
  listRequest,
  PODS,
  type KubeRequest,
  type KubeResponse,
  type PatchBody,
  type Precondition,
} from "../../functions/kit/kube/request.ts";
import { LEASE_NAME, NAMESPACE, SET_UID } from "../unit/support/builders.ts";

/** Names that the lock may give its Lease. */
export const LEASE_NAMES: readonly string[] = [LEASE_NAME, "other-lease"];

/** The LIST that finds a group's pods whatever their other labels say. */
export const ENROLLED: KubeRequest = listRequest(PODS, {
  namespace: NAMESPACE,
  labelSelector: `${enrolmentLabel(ROLES.feature)}=${SET_UID}`,
});

export const CURRENT = "1";
export const OLD = "0";

/** Faults that may still happen, by kind. */
export interface Faults {
  /** A pod becomes Ready or stops to be. */
  readonly ready: number;
  /** A pod appears under a name that is free. */
  readonly create: number;
  readonly delete: number;
  /** A pod goes and another comes under its name before anybody looks. */
  readonly replace: number;
  /** A pod leaves the selector or returns to it. */
  readonly move: number;
  /** The Lease is deleted. */
  readonly lease: number;
  /** A switchover is asked for. */
  readonly wish: number;
  /** The lock names another Lease: then the group has two records for a while. */
  readonly rename: number;
  /** An older lock, with a Lease of its own, begins to name the StatefulSet. */
  readonly rival: number;
}

export interface Promotion {
  readonly epoch: number;
  readonly uid: string;
  readonly record: string;
}

/** The server's clock, in seconds from where new epochs begin at 1. */
export interface ServerClock {
  readonly second: number;
  /** Every fault takes a second; otherwise the clock stands still, which is the worst for the stamps. */
  readonly moves: boolean;
}

/** What the invariants have to know of the past (see `invariants.ts`). */
export interface Past {
  /** The latest promotion: the largest epoch, whose, and under which Lease. */
  readonly promoted: Promotion | undefined;
  /** `<uid>/<epoch>` of the records that were written, sorted. */
  readonly assigned: readonly string[];
}

/** What the function reads of the lock. */
export interface Lock {
  /** Which of the Leases its spec names. */
  readonly lease: number;
  readonly generation: number;
  /** Name of the pod that a switchover is asked for. */
  readonly wish: string | undefined;
}

export interface Server {
  /** By ordinal; undefined: the name is free. */
  readonly pods: readonly (KubeObject | undefined)[];
  /** Pods that have borne each name. */
  readonly births: readonly number[];
  /** By name, as in `LEASE_NAMES`: two of them where the lock may be edited, otherwise one. */
  readonly leases: readonly (KubeObject | undefined)[];
  readonly leaseBirths: number;
  readonly lock: Lock;
  readonly clock: ServerClock;
  readonly left: Faults;
  readonly past: Past;
}

/** Then an instance may know the lock as it was, so that reading it is an event of its own. */
export const mayBeEdited = ({ leases }: Server): boolean => leases.length > 1;

export interface Answer {
  readonly server: Server;
  readonly response: KubeResponse;
  /** uid of the object that changed. */
  readonly touched: string | undefined;
}

type Texts = Readonly<Record<string, string>>;
type Patch = Readonly<Record<string, string | null>> | undefined;

const merged = (before: Texts = {}, patch: Patch = {}): Texts =>
  Object.fromEntries(
    Object.entries({ ...before, ...patch })
      .flatMap(([key, value]) => (value === null ? [] : [[key, value] as const]))
      .toSorted(([one], [other]) => (one < other ? -1 : 1)),
  );

const failure = (server: Server, status: number, reason: string): Answer => ({
  server,
  response: { status, body: { kind: "Status", reason } },
  touched: undefined,
});

const found = (server: Server, body: unknown): Answer => ({
  server,
  response: { status: 200, body },
  touched: undefined,
});

const slotOf = ({ pods }: Server, name: string | undefined): number =>
  pods.findIndex((pod) => pod?.metadata.name === name);

const objectAt = (server: Server, { resource, name }: KubeRequest): KubeObject | undefined =>
  resource === LEASES ? server.leases[LEASE_NAMES.indexOf(name ?? "")] : server.pods[slotOf(server, name)];

/** `object` undefined: it is deleted. */
const withObject = (server: Server, { resource, name }: KubeRequest, object: KubeObject | undefined): Server =>
  resource === LEASES
    ? { ...server, leases: server.leases.with(LEASE_NAMES.indexOf(name ?? ""), object) }
    : { ...server, pods: server.pods.with(slotOf(server, name), object) };

const patched = (object: KubeObject, { metadata, spec }: PatchBody): KubeObject => ({
  ...object,
  metadata: {
    ...object.metadata,
    labels: merged(object.metadata.labels, metadata?.["labels"] as Patch),
    annotations: merged(object.metadata.annotations, metadata?.["annotations"] as Patch),
  },
  ...(spec === undefined ? {} : { spec: { ...(object.spec as object), ...spec } }),
});

const patch = (server: Server, request: KubeRequest): Answer => {
  const object = objectAt(server, request);
  if (object === undefined) return failure(server, 404, "NotFound");
  const body = request.body as PatchBody;
  const { uid, resourceVersion } = body.metadata as Partial<Precondition>;
  const holds = (resourceVersion ?? CURRENT) === CURRENT && (uid ?? object.metadata.uid) === object.metadata.uid;
  if (!holds) return failure(server, 409, "Conflict");
  const next = patched(object, body);
  // A patch that changes nothing leaves the resourceVersion as it is.
  const same = JSON.stringify(next) === JSON.stringify(object);
  const touched = same ? undefined : object.metadata.uid;
  return { server: withObject(server, request, next), response: { status: 200, body: next }, touched };
};

const remove = (server: Server, request: KubeRequest): Answer => {
  const object = objectAt(server, request);
  if (object === undefined) return failure(server, 404, "NotFound");
  const { preconditions } = request.body as { preconditions: Omit<Precondition, "name"> };
  const holds = preconditions.resourceVersion === CURRENT && preconditions.uid === object.metadata.uid;
  if (!holds) return failure(server, 409, "Conflict");
  return {
    server: withObject(server, request, undefined),
    response: { status: 200, body: {} },
    touched: object.metadata.uid,
  };
};

/** Leases are A, B, C and so on. */
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

const create = (server: Server, request: KubeRequest): Answer => {
  const sent = request.body as KubeObject;
  const named = { ...request, name: sent.metadata.name };
  if (objectAt(server, named) !== undefined) return failure(server, 409, "AlreadyExists");
  const uid = LETTERS.charAt(server.leaseBirths);
  const labels = merged(sent.metadata.labels);
  const annotations = merged(sent.metadata.annotations);
  const metadata = { ...sent.metadata, uid, resourceVersion: CURRENT, labels, annotations };
  const lease = { ...sent, metadata };
  return {
    server: { ...withObject(server, named, lease), leaseBirths: server.leaseBirths + 1 },
    response: { status: 201, body: lease },
    touched: uid,
  };
};

/** Selectors here are labels and their values. */
const list = (server: Server, { resource, path }: KubeRequest): Answer => {
  const selector = new URLSearchParams(path.split("?")[1]).get("labelSelector") ?? "";
  const wanted = selector.split(",").map((requirement) => requirement.split("="));
  const items = (resource === LEASES ? server.leases : server.pods).filter(
    (object) => object !== undefined && wanted.every(([key = "", value]) => object.metadata.labels?.[key] === value),
  );
  return found(server, { metadata: {}, items });
};

export const respond = (server: Server, request: KubeRequest): Answer => {
  switch (request.verb) {
    case "get": {
      const object = objectAt(server, request);
      return object === undefined ? failure(server, 404, "NotFound") : found(server, object);
    }
    case "list":
      return list(server, request);
    case "create":
      return create(server, request);
    case "patch":
      return patch(server, request);
    case "delete":
      return remove(server, request);
  }
};

/** The same value with every copy of the object that changed marked as old; what holds no such copy stays the very same. */
export const outdated = <T>(value: T, uid: string): T => {
  if (typeof value !== "object" || value === null) return value;
  const fields = value as Readonly<Record<string, unknown>>;
  const changed = Object.entries(fields).flatMap(([key, part]) => {
    const next = key === "resourceVersion" && fields["uid"] === uid ? OLD : outdated(part, uid);
    return next === part ? [] : [[key, next] as const];
  });
  if (changed.length === 0) return value;
  const copy: unknown = Array.isArray(value) ? [...(value as readonly unknown[])] : { ...value };
  return Object.assign(copy as object, Object.fromEntries(changed)) as T;
};
