/** What an API server answers, on a server that is a value: reads, creations, merge patches and deletions under preconditions. */
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import type { KubeRequest, KubeResponse, PatchBody, Precondition, Resource } from "../../functions/kit/kube/request.ts";
import { selects } from "../../functions/kit/selector.ts";
import { CURRENT } from "./outdated.ts";

export interface Answer<S> {
  readonly server: S;
  readonly response: KubeResponse;
  /** uid of the object that changed. */
  readonly touched: string | undefined;
}

/** Where a server keeps its objects. */
export interface Shelf<S> {
  readonly all: (server: S, resource: Resource) => readonly KubeObject[];
  /** `object` undefined: it is deleted. */
  readonly put: (
    server: S,
    at: { readonly resource: Resource; readonly name: string },
    object: KubeObject | undefined,
  ) => S;
  /** The uid of an object that is created, and the server that has given it. */
  readonly bear: (server: S) => { readonly server: S; readonly uid: string };
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const inOrder = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).toSorted(([one], [other]) => (one < other ? -1 : 1)));

/** RFC 7386; in the order of the keys, so that equal contents are equal texts. */
const merged = (before: unknown, patch: unknown): unknown => {
  if (!isFields(patch)) return patch;
  const known = isFields(before) ? before : {};
  const changed = Object.entries(patch).flatMap(([key, value]) =>
    value === null ? [] : [[key, merged(known[key], value)] as const],
  );
  const kept = Object.entries(known).filter(([key]) => !(key in patch));
  return inOrder(Object.fromEntries([...kept, ...changed]));
};

const failure = <S>(server: S, status: number, reason: string): Answer<S> => ({
  server,
  response: { status, body: { kind: "Status", reason } },
  touched: undefined,
});

const isHeld = ({ metadata }: KubeObject, { uid, resourceVersion }: Partial<Precondition>): boolean =>
  (resourceVersion ?? metadata.resourceVersion) === metadata.resourceVersion && (uid ?? metadata.uid) === metadata.uid;

const patched = (object: KubeObject, { metadata, ...rest }: PatchBody): KubeObject => {
  const { uid: _uid, resourceVersion: _version, ...texts } = metadata ?? {};
  const { metadata: before, ...content } = object;
  const next = merged(content, rest) as Omit<KubeObject, "metadata">;
  return { ...next, metadata: merged(before, texts) as KubeObject["metadata"] };
};

const created = (object: KubeObject, uid: string): KubeObject => {
  const { metadata, ...rest } = object;
  const texts = { ...metadata, uid, resourceVersion: CURRENT };
  return { ...(merged({}, rest) as object), metadata: merged({}, texts) as KubeObject["metadata"] };
};

const patch = <S>({ put }: Shelf<S>, server: S, request: KubeRequest, object: KubeObject): Answer<S> => {
  const body = request.body as PatchBody;
  if (!isHeld(object, body.metadata as Partial<Precondition>)) return failure(server, 409, "Conflict");
  const next = patched(object, body);
  // A patch that changes nothing leaves the resourceVersion as it is.
  const same = JSON.stringify(next) === JSON.stringify(patched(object, {}));
  const { uid, name } = object.metadata;
  return same
    ? { server, response: { status: 200, body: object }, touched: undefined }
    : {
        server: put(server, { resource: request.resource, name }, next),
        response: { status: 200, body: next },
        touched: uid,
      };
};

const remove = <S>({ put }: Shelf<S>, server: S, request: KubeRequest, object: KubeObject): Answer<S> => {
  const { preconditions } = request.body as { readonly preconditions: Partial<Precondition> };
  if (!isHeld(object, preconditions)) return failure(server, 409, "Conflict");
  const { uid, name } = object.metadata;
  const next = put(server, { resource: request.resource, name }, undefined);
  return { server: next, response: { status: 200, body: {} }, touched: uid };
};

const create = <S>({ all, put, bear }: Shelf<S>, server: S, { resource, body }: KubeRequest): Answer<S> => {
  const sent = body as KubeObject;
  const { name } = sent.metadata;
  if (all(server, resource).some(({ metadata }) => metadata.name === name)) {
    return failure(server, 409, "AlreadyExists");
  }
  const born = bear(server);
  const object = created(sent, born.uid);
  const next = put(born.server, { resource, name }, object);
  return { server: next, response: { status: 201, body: object }, touched: born.uid };
};

/** Selectors here are labels and their values. */
const list = <S>({ all }: Shelf<S>, server: S, { resource, path }: KubeRequest): Answer<S> => {
  const selector = new URLSearchParams(path.split("?")[1]).get("labelSelector") ?? "";
  const matchLabels = Object.fromEntries(
    selector === "" ? [] : selector.split(",").map((requirement) => requirement.split("=") as [string, string]),
  );
  const items = all(server, resource).filter(({ metadata }) => selects({ matchLabels }, metadata.labels));
  return { server, response: { status: 200, body: { metadata: {}, items } }, touched: undefined };
};

export const respondOn =
  <S>(shelf: Shelf<S>): ((server: S, request: KubeRequest) => Answer<S>) =>
  (server, request) => {
    if (request.verb === "list") return list(shelf, server, request);
    if (request.verb === "create") return create(shelf, server, request);
    const object = shelf.all(server, request.resource).find(({ metadata }) => metadata.name === request.name);
    if (object === undefined) return failure(server, 404, "NotFound");
    switch (request.verb) {
      case "get":
        return { server, response: { status: 200, body: object }, touched: undefined };
      case "patch":
        return patch(shelf, server, request, object);
      case "delete":
        return remove(shelf, server, request, object);
    }
  };
