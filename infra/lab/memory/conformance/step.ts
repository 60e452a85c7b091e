/**
 * The form of the conformance script: steps that are requests built from earlier answers, and watches around a few
 * requests.
 */
import type { Fields } from "../json.ts";
import { fieldsOf } from "../json.ts";
import type { Answer, Request } from "./client.ts";

/** What earlier steps were answered. */
export interface Seen {
  /** Metadata of the object that the step of this name answered. @throws Error when there was no such step */
  readonly meta: (step: string) => Fields;
  readonly body: (step: string) => Fields;
}

export interface Step {
  readonly name: string;
  readonly request: Request | ((seen: Seen) => Request);
  /** Dotted paths of the body that are not compared, because something else on a real cluster writes them too. */
  readonly ignore?: readonly string[];
}

export interface WatchStep {
  readonly name: string;
  /** Collection, with the query. */
  readonly path: string;
  /** Where the watch begins: at the list's resourceVersion, without one, or at a given one. */
  readonly from: "list" | "nothing" | `${number}`;
  readonly requests: readonly Request[];
  /** Name of the object whose event is the last one; undefined: the first ERROR. */
  readonly until: string | undefined;
}

export const createSeen = (answers: ReadonlyMap<string, Answer>): Seen => {
  const body = (step: string): Fields => {
    const answer = answers.get(step);
    if (answer === undefined) throw new Error(`step: got "${step}", accepts the name of an earlier step`);
    return fieldsOf(answer.body);
  };
  return { body, meta: (step) => fieldsOf(body(step)["metadata"]) };
};

const MERGE = "application/merge-patch+json";
export const JSON_PATCH = "application/json-patch+json";
export const STRATEGIC = "application/strategic-merge-patch+json";

export const GET = (path: string): Request => ({ method: "GET", path });
export const POST = (path: string, body: unknown): Request => ({ method: "POST", path, body });
export const PUT = (path: string, body: unknown): Request => ({ method: "PUT", path, body });
export const DELETE = (path: string, body?: unknown): Request => ({ method: "DELETE", path, body });
export const PATCH = (path: string, body: unknown, contentType: string = MERGE): Request => ({
  method: "PATCH",
  path,
  body,
  contentType,
});

/** Collections of the script's namespace. */
export interface Paths {
  readonly namespace: string;
  readonly pods: string;
  readonly leases: string;
  readonly locks: string;
  readonly sets: string;
  readonly events: string;
  readonly maps: string;
  readonly services: string;
  readonly slices: string;
}

export const pathsIn = (namespace: string): Paths => {
  const within = (root: string, plural: string): string => `${root}/namespaces/${namespace}/${plural}`;
  return {
    namespace: `/api/v1/namespaces/${namespace}`,
    pods: within("/api/v1", "pods"),
    leases: within("/apis/coordination.k8s.io/v1", "leases"),
    locks: within("/apis/app.anukkrit.me/v1", "statefulsetlocks"),
    sets: within("/apis/apps/v1", "statefulsets"),
    events: within("/apis/events.k8s.io/v1", "events"),
    maps: within("/api/v1", "configmaps"),
    services: within("/api/v1", "services"),
    slices: within("/apis/discovery.k8s.io/v1", "endpointslices"),
  };
};

export const pod = (name: string, metadata: Fields = {}): Fields => ({
  metadata: { name, ...metadata },
  spec: { containers: [{ name: "main", image: "image:1" }] },
});

export const lock = (name: string, spec: Fields = {}, metadata: Fields = {}): Fields => ({
  apiVersion: "app.anukkrit.me/v1",
  kind: "StatefulSetLock",
  metadata: { name, ...metadata },
  spec: { statefulSetName: "set", leaseName: "lease", leaseDurationSeconds: 10, ...spec },
});

export const WRONG_UID = "10000000-0000-4000-8000-000000000000";
