/** Which kind, object and subresource a request is about, and what its body says once decoded. */
import type { KubeRequest, Resource } from "../../../functions/kit/kube/request.ts";
import { apiVersionOf } from "../../../functions/kit/kube/request.ts";
import { DecodeFault, decodeBuiltIn, decodeMetadata } from "./decode.ts";
import type { Fields } from "./json.ts";
import { copyJson, isFields, textIn } from "./json.ts";
import type { Kind } from "./kinds.ts";
import type { Writer } from "./object.ts";
import { keyOf } from "./object.ts";
import type { Refusal } from "./refusal.ts";
import { badRequest, invalid, noSuchPath, unsupportedMedia } from "./refusal.ts";
import type { Store } from "./store.ts";

/** What `handle` needs of a request; a `KubeRequest` is one. */
export interface MemoryRequest extends Pick<KubeRequest, "path" | "contentType" | "body"> {
  readonly method: string;
  /** The body as received when it is not JSON; `body` is ignored then. */
  readonly malformed?: string;
}

export interface Call {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly query: URLSearchParams;
  readonly request: MemoryRequest;
  readonly writer: Writer;
}

/** What the operations need of the memory API around them. */
export interface Context {
  readonly store: Store;
  readonly kinds: ReadonlyMap<string, Kind>;
  readonly now: () => number;
  readonly uid: () => string;
  /** Five characters for generateName. */
  readonly suffix: () => string;
}

/** A call about one object. */
export interface ObjectCall extends Call {
  readonly name: string;
}

const hasSubresource = ({ kind, hasStatus }: Kind, subresource: string | undefined): boolean =>
  subresource === undefined ||
  (subresource === "status" && hasStatus) ||
  (subresource === "binding" && kind === "Pod") ||
  (subresource === "finalize" && kind === "Namespace");

const OF_NAMESPACES: ReadonlySet<string | undefined> = new Set([undefined, "status", "finalize"]);

const ROOTS: ReadonlySet<string | undefined> = new Set(["api", "apis"]);

interface Place {
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

/** What a path names; undefined for one that no API server serves. */
const placeOf = (path: string): Place | undefined => {
  const [, root, ...segments] = path.split("/").map(decodeURIComponent);
  const group = root === "apis" ? segments.shift() : "";
  const version = segments.shift();
  const scoped = segments[0] === "namespaces" && !OF_NAMESPACES.has(segments[2]);
  const namespace = scoped ? segments[1] : undefined;
  const [plural, name, subresource, ...rest] = scoped ? segments.slice(2) : segments;
  if (!ROOTS.has(root) || rest.length > 0) return undefined;
  return { resource: `${group}/${version}/${plural}`, namespace, name, subresource };
};

/** @throws Refusal 404 for a path that is not served */
export const callOf = (request: MemoryRequest, kinds: Context["kinds"], writer: Writer): Call => {
  const [path = "", search = ""] = request.path.split("?");
  const place = placeOf(path);
  const kind = place === undefined ? undefined : kinds.get(place.resource);
  if (place === undefined || kind === undefined || !hasSubresource(kind, place.subresource)) throw noSuchPath();
  const { namespace, name, subresource } = place;
  if (namespace !== undefined && !kind.namespaced) throw noSuchPath();
  return { kind, namespace, name, subresource, query: new URLSearchParams(search), request, writer };
};

export const keyOfCall = ({ namespace, name }: ObjectCall): string => keyOf(namespace, name);

const GIVEN_CHARACTERS = 30;

const abridged = (text: string): string =>
  text.length > GIVEN_CHARACTERS ? `${text.slice(0, GIVEN_CHARACTERS)} ...` : text;

const unrecognized = (kind: string, why: string): Refusal =>
  badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why}`);

const OBJECT_TYPES = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"] as const;

const isJson = (contentType: string | undefined): boolean =>
  contentType === undefined || contentType.split(";")[0] === "application/json";

const checkType = (given: Fields, kind: Kind): void => {
  const expected = apiVersionOf(kind);
  const [givenKind, givenVersion] = [textIn(given["kind"]), textIn(given["apiVersion"])];
  if (kind.custom !== undefined && givenKind === undefined) {
    const text = JSON.stringify(given);
    throw unrecognized(kind.kind, `Object 'Kind' is missing in '${text}' (${abridged(text)})`);
  }
  if (givenKind !== undefined && givenKind !== kind.kind) {
    throw badRequest(
      `${givenKind} in version "${kind.version}" cannot be handled as a ${kind.kind}: converting (${kind.version}.${givenKind}) to (core.${kind.kind}): unknown conversion`,
    );
  }
  if (givenVersion !== undefined && givenVersion !== expected) {
    throw badRequest(
      `the API version in the data (${givenVersion}) does not match the expected API version (${expected})`,
    );
  }
};

/** The object with its types checked and its metadata an object. @throws DecodeFault */
const decode = (given: Fields, kind: Kind): Fields => {
  const metadata = decodeMetadata(given["metadata"], kind.custom === undefined ? "ObjectMeta.metadata" : "ObjectMeta");
  const typed = { ...given, apiVersion: apiVersionOf(kind), kind: kind.kind, metadata };
  return kind.custom === undefined ? decodeBuiltIn(kind.kind, typed) : typed;
};

/** The body of a POST or PUT as an object of the kind. @throws Refusal 400, 415 */
export const objectIn = ({ kind, request }: Call): Fields => {
  if (!isJson(request.contentType)) {
    throw unsupportedMedia(OBJECT_TYPES);
  }
  if (request.malformed !== undefined) {
    const why = "couldn't get version/kind; json parse error: unexpected end of JSON input";
    throw unrecognized(kind.kind, `${why} (${request.malformed})`);
  }
  const given = copyJson(request.body);
  if (!isFields(given)) throw unrecognized(kind.kind, "couldn't get version/kind; json parse error: not an object");
  checkType(given, kind);
  try {
    return decode(given, kind);
  } catch (error) {
    if (!(error instanceof DecodeFault)) throw error;
    throw badRequest(`${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${error.message}`);
  }
};

/** The outcome of a patch as an object of the kind. @throws Refusal 422 */
export const decodePatched = (patched: Fields, kind: Kind): Fields => {
  try {
    return decode(patched, kind);
  } catch (error) {
    if (!(error instanceof DecodeFault)) throw error;
    const value = JSON.stringify(JSON.stringify(patched));
    throw invalid({ group: "", kind: "", name: "" }, [
      {
        field: "patch",
        reason: "FieldValueInvalid",
        message: `Invalid value: ${value}: ${error.message}`,
      },
    ]);
  }
};

/** @throws Refusal 400 when the object names another namespace or name than the path */
export const checkAddress = (metadata: Fields, call: Call): void => {
  const namespace = textIn(metadata["namespace"]);
  if (namespace !== undefined && namespace !== call.namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  const name = textIn(metadata["name"]) ?? "";
  if (call.name !== undefined && name !== call.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${call.name})`);
  }
};

/** The kind that serves a resource. @throws Error for one that is not served */
export const kindFor = (kinds: Context["kinds"], { group, version, plural }: Resource): Kind => {
  const kind = kinds.get(`${group}/${version}/${plural}`);
  if (kind === undefined)
    throw new Error(`resource: got ${group}/${version}/${plural}, accepts one of ${[...kinds.keys()].join(", ")}`);
  return kind;
};
