/**
 * An in-memory Kubernetes API server: requests as values in, responses out, synchronously and without timers, so that
 * a simulation owns time and order. It is never trusted by itself: the conformance script holds its answers against
 * the real server's.
 */
import type { KubeResponse, Resource } from "../../../functions/kit/kube/request.ts";
import { bind, create, patch, update } from "./write.ts";
import type { Call, Context, MemoryRequest, ObjectCall } from "./call.ts";
import { callOf } from "./call.ts";
import { kindsOf, NAMESPACES } from "./kinds.ts";
import type { Revision, Writer } from "./object.ts";
import { get, list } from "./read.ts";
import { methodNotAllowed, Refusal } from "./refusal.ts";
import { remove } from "./remove.ts";
import { createStore, type Snapshot } from "./store.ts";
import type { Watches } from "./watch.ts";
import { createWatches } from "./watch.ts";

export interface MemoryApiOptions {
  /** The server's clock, milliseconds since 1970. */
  readonly now: () => number;
  /** CustomResourceDefinitions, parsed. */
  readonly crds: readonly unknown[];
  /** Source of `metadata.uid`; by default a counter in the form of a UUID. */
  readonly uid?: () => string;
}

export interface MemoryApi extends Watches {
  /**
   * Answers one request. Without a writer the manager is the query's `fieldManager`, or "unknown". Never throws for
   * what a client did.
   */
  readonly handle: (request: MemoryRequest, options?: Partial<Writer>) => KubeResponse;
  /** Hears every committed revision, in order; returns how to stop. */
  readonly onRevision: (listener: (revision: Revision) => void) => () => void;
  /** Forgets past revisions: older watches and continue tokens then get 410. */
  readonly compact: () => void;
  /** A backup of everything that is stored. */
  readonly snapshot: () => Snapshot;
  /**
   * What a restore of etcd from a backup does: content and resourceVersions jump back, and versions are given a second time. Watchers
   * hear nothing of it and have to list again, as the restart of the real server makes them.
   */
  readonly restore: (snapshot: Snapshot) => void;
  readonly now: () => number;
  /** Everything that is served. */
  readonly resources: readonly Resource[];
}

const UID_DIGITS = 12;
const countedUid = (): (() => string) => {
  let count = 0;
  return () => {
    count += 1;
    return `00000000-0000-4000-8000-${String(count).padStart(UID_DIGITS, "0")}`;
  };
};

/** The characters of generated names; no vowels, so that no words appear. */
const SUFFIX_CHARACTERS = "bcdfghjklmnpqrstvwxz2456789";
const SUFFIX_LENGTH = 5;

const countedSuffix = (): (() => string) => {
  let count = 0;
  return () => {
    count += 1;
    let rest = count;
    let suffix = "";
    while (suffix.length < SUFFIX_LENGTH) {
      suffix = `${SUFFIX_CHARACTERS.charAt(rest % SUFFIX_CHARACTERS.length)}${suffix}`;
      rest = Math.floor(rest / SUFFIX_CHARACTERS.length);
    }
    return suffix;
  };
};

const onCollection = (context: Context, call: Call): KubeResponse => {
  const { method } = call.request;
  if (method === "GET") return list(context, call);
  if (method === "POST") return create(context, call);
  throw methodNotAllowed();
};

const onObject = (context: Context, call: ObjectCall): KubeResponse => {
  const { method } = call.request;
  if (call.subresource === "binding") {
    if (method === "POST") return bind(context, call);
    throw methodNotAllowed();
  }
  if (method === "GET") return get(context, call);
  if (method === "PUT") return update(context, call);
  if (method === "PATCH") return patch(context, call);
  if (method === "DELETE" && call.subresource === undefined) return remove(context, call);
  throw methodNotAllowed();
};

const dispatch = (context: Context, request: MemoryRequest, writer: Partial<Writer>): KubeResponse => {
  const call = callOf(request, context.kinds, {
    manager: writer.manager ?? "unknown",
    user: writer.user ?? "",
  });
  const manager = call.query.get("fieldManager") ?? call.writer.manager;
  const named = { ...call, writer: { ...call.writer, manager } };
  return named.name === undefined ? onCollection(context, named) : onObject(context, { ...named, name: named.name });
};

/** The namespaces that every cluster has. */
const FIRST_NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"] as const;

export const createMemoryApi = ({ now, crds, uid }: MemoryApiOptions): MemoryApi => {
  const store = createStore();
  const kinds = kindsOf(crds);
  const context: Context = { store, kinds, now, uid: uid ?? countedUid(), suffix: countedSuffix() };
  const handle: MemoryApi["handle"] = (request, options = {}) => {
    try {
      return dispatch(context, request, options);
    } catch (error) {
      if (error instanceof Refusal) return error.response;
      throw error;
    }
  };
  for (const name of FIRST_NAMESPACES) {
    const path = `/api/v1/${NAMESPACES.plural}`;
    handle(
      { method: "POST", path, contentType: "application/json", body: { metadata: { name } } },
      { manager: "kube-apiserver" },
    );
  }
  return {
    handle,
    ...createWatches(context),
    onRevision: (listener) => store.subscribe(listener),
    compact: () => store.compact(),
    snapshot: () => store.snapshot(),
    restore: (snapshot) => store.restore(snapshot),
    now,
    resources: [...kinds.values()],
  };
};
