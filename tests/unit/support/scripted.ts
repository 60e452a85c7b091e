/** Pods and one Lease behind a transport that checks preconditions, and lets a test be faster than the function. */
import { ROLES } from "../../../functions/election/labels.ts";
import type { HandoverPorts } from "../../../functions/kit/handover/executor.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { KubeRequest, KubeResponse } from "../../../functions/kit/kube/request.ts";
import type { Candidate } from "../../../functions/kit/pods/candidate.ts";
import { LEASE_NAME, NAMESPACE, seen, SET_UID } from "./builders.ts";
import { createVirtualClock } from "./virtual-clock.ts";

interface Patch {
  readonly metadata: {
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string | null>>;
    readonly annotations?: Readonly<Record<string, string | null>>;
  };
  readonly spec?: object;
}

interface DeleteOptions {
  readonly preconditions: { readonly uid: string; readonly resourceVersion: string };
}

export interface Scripted {
  readonly ports: HandoverPorts<Candidate>;
  /** `patch db-0`, `create db-lease`, `list pods`, … with the status of the answer. */
  readonly calls: readonly string[];
  readonly conflicts: readonly string[];
  /** The phase of each write that was applied. */
  readonly wrote: readonly string[];
  /** Called before each request; what it returns is the answer. */
  before(hook: (call: string) => KubeResponse | undefined): void;
  get(name: string): KubeObject | undefined;
  /** Somebody else's write; undefined deletes. */
  put(name: string, object: KubeObject | undefined): void;
}

const status = (code: number, reason: string): KubeResponse => ({ status: code, body: { kind: "Status", reason } });

const merged = (
  before: Readonly<Record<string, string>> = {},
  patch: Readonly<Record<string, string | null>> = {},
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries({ ...before, ...patch }).flatMap(([key, value]) => (value === null ? [] : [[key, value]])),
  );

const patchObject = (object: KubeObject, { metadata, spec }: Patch): KubeResponse => {
  if (object.metadata.uid !== metadata.uid || object.metadata.resourceVersion !== metadata.resourceVersion) {
    return status(409, "Conflict");
  }
  const next = {
    ...object,
    metadata: {
      ...object.metadata,
      resourceVersion: String(Number(object.metadata.resourceVersion) + 1),
      labels: merged(object.metadata.labels, metadata.labels),
      annotations: merged(object.metadata.annotations, metadata.annotations),
    },
    spec: { ...(object.spec as object), ...spec },
  };
  return { status: 200, body: next };
};

const deleteObject = ({ metadata }: KubeObject, { preconditions }: DeleteOptions): KubeResponse =>
  metadata.uid === preconditions.uid && metadata.resourceVersion === preconditions.resourceVersion
    ? { status: 200, body: {} }
    : status(409, "Conflict");

export const createScripted = (
  start: readonly KubeObject[],
  { ownerExists = true }: { readonly ownerExists?: boolean } = {},
): Scripted => {
  const objects = new Map(start.map((object) => [object.metadata.name, object]));
  const calls: string[] = [];
  const conflicts: string[] = [];
  const wrote: string[] = [];
  let hook: ((call: string) => KubeResponse | undefined) | undefined;
  const clock = createVirtualClock();

  const create = (body: KubeObject): KubeResponse => {
    if (objects.has(body.metadata.name)) return status(409, "AlreadyExists");
    return {
      status: 201,
      body: { ...body, metadata: { ...body.metadata, uid: "uid-of-new-lease", resourceVersion: "1" } },
    };
  };
  /** Every pod that has the label which is asked for. */
  const list = (path: string): KubeResponse => {
    const [key = "", value] = (new URLSearchParams(path.split("?")[1]).get("labelSelector") ?? "").split("=");
    const items = [...objects.values()].filter(({ metadata }) => metadata.labels?.[key] === value);
    return { status: 200, body: { metadata: {}, items } };
  };
  const answer = ({ verb, path, name = "", body }: KubeRequest): KubeResponse => {
    if (verb === "create") return create(body as KubeObject);
    if (verb === "list") return list(path);
    const object = objects.get(name);
    if (object === undefined) return status(404, "NotFound");
    if (verb === "get") return { status: 200, body: object };
    if (verb === "delete") return deleteObject(object, body as DeleteOptions);
    return patchObject(object, body as Patch);
  };
  const settleIn = (request: KubeRequest, response: KubeResponse): void => {
    const name = request.name ?? LEASE_NAME;
    if (request.verb === "delete" && response.status === 200) objects.delete(name);
    if (["create", "patch"].includes(request.verb) && response.status < 300)
      objects.set(name, response.body as KubeObject);
  };

  return {
    calls,
    conflicts,
    wrote,
    before: (next) => {
      hook = next;
    },
    get: (name) => objects.get(name),
    put: (name, object) => {
      if (object === undefined) objects.delete(name);
      else objects.set(name, object);
    },
    ports: {
      send: (request) => {
        const call = `${request.verb} ${request.name ?? (request.verb === "list" ? "pods" : LEASE_NAME)}`;
        const response = hook?.(call) ?? answer(request);
        settleIn(request, response);
        calls.push(`${call} ${response.status}`);
        return Promise.resolve(response);
      },
      clock,
      view: (pod) => seen(pod),
      record: {
        name: LEASE_NAME,
        namespace: NAMESPACE,
        feature: ROLES.feature,
        group: SET_UID,
        owner: { namespace: NAMESPACE, name: "db-lock", uid: "uid-of-lock" },
        leaseDurationSeconds: 30,
      },
      confirmOwner: () => Promise.resolve(ownerExists),
      observer: {
        phase: () => undefined,
        wrote: (phase) => wrote.push(phase),
        conflict: (phase) => conflicts.push(phase),
      },
    },
  };
};
