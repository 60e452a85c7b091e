/** Reading one object or a collection: selectors, pages of one moment, and what a list looks like. */
import type { KubeResponse } from "../../../functions/kit/kube/request.ts";
import { apiVersionOf } from "../../../functions/kit/kube/request.ts";
import type { Call, Context, ObjectCall } from "./call.ts";
import { keyOfCall } from "./call.ts";
import { fieldMatcher } from "./field-selector.ts";
import type { Fields } from "./json.ts";
import { fieldsOf, present } from "./json.ts";
import type { Kind } from "./kinds.ts";
import { labelMatcher } from "./label-selector.ts";
import type { MemoryObject } from "./object.ts";
import { keyOf } from "./object.ts";
import { badRequest, expired, notFound, refuse } from "./refusal.ts";

/** @throws Refusal 400 for selectors that cannot be parsed */
export const matcherOf = (kind: Kind, query: URLSearchParams): ((object: MemoryObject) => boolean) => {
  const labels = query.get("labelSelector") ?? "";
  const fields = query.get("fieldSelector") ?? "";
  const byLabels = labels === "" ? undefined : labelMatcher(labels);
  const byFields = fields === "" ? undefined : fieldMatcher(fields, kind);
  return (object) =>
    (byLabels === undefined || byLabels(fieldsOf(object.metadata.labels))) &&
    (byFields === undefined || byFields(object));
};

/** What the keys of a collection begin with. */
export const prefixOf = (namespace: string | undefined): string => (namespace === undefined ? "" : `${namespace}/`);

const TOO_LARGE = "Too large resource version";

const checkVersion = (version: string | null, current: number): void => {
  if (version === null || Number(version) <= current) return;
  throw refuse({
    code: 504,
    reason: "Timeout",
    message: `Timeout: ${TOO_LARGE}: ${version}, current: ${current}`,
    details: {
      causes: [{ reason: "ResourceVersionTooLarge", message: TOO_LARGE }],
      retryAfterSeconds: 1,
    },
  });
};

/** GET of one object, also through /status. @throws Refusal 404, 504 */
export const get = ({ store }: Context, call: ObjectCall): KubeResponse => {
  checkVersion(call.query.get("resourceVersion"), store.revision());
  const object = store.get(call.kind, keyOfCall(call));
  if (object === undefined) throw notFound(call.kind, call.name);
  return { status: 200, body: object };
};

interface Position {
  readonly revision: number;
  /** Keys from here on. */
  readonly from: string;
}

/** As the revision of a token: whatever is there when it is used. */
const AT_PRESENT = -1;
const TOKEN_VERSION = "meta.k8s.io/v1";

/** The real server's form: the position behind the last object of the page, and the revision that all pages show. */
const tokenOf = (revision: number, from: string): string =>
  Buffer.from(JSON.stringify({ v: TOKEN_VERSION, rv: revision, start: `/${from}` })).toString("base64url");

/** The first key behind this one. */
const afterKey = (key: string): string => `${key}\u0000`;

const positionOf = (token: string): Position => {
  const text = Buffer.from(token, "base64url").toString("utf8");
  if (!text.startsWith("{")) {
    const why = `invalid character '${text.slice(0, 1)}' looking for beginning of value`;
    throw badRequest(`invalid continue token: continue key is not valid: ${why}`);
  }
  const { rv, start } = JSON.parse(text) as { readonly rv: number; readonly start: string };
  return { revision: rv, from: start.slice(1) };
};

const CONTINUE_EXPIRED =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

const limitOf = (query: URLSearchParams): number => {
  const text = query.get("limit");
  if (text === null || query.get("resourceVersion") === "0") return Infinity;
  if (!/^\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return text === "0" ? Infinity : Number(text);
};

/** Items of built-in lists do not repeat the type. */
const itemOf = (object: MemoryObject, kind: Kind): Fields => {
  if (kind.custom !== undefined) return object;
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = object;
  return rest;
};

interface Moment {
  readonly revision: number;
  /** What is left to list at that revision. */
  readonly objects: readonly MemoryObject[];
}

const keyWithin = (call: Call, { metadata }: MemoryObject): string =>
  keyOf(call.namespace === undefined ? metadata.namespace : undefined, metadata.name);

const momentOf = ({ store }: Context, call: Call): Moment => {
  const prefix = prefixOf(call.namespace);
  const token = call.query.get("continue") ?? "";
  if (token === "") return { revision: store.revision(), objects: store.range(call.kind, prefix) };
  const { revision: given, from } = positionOf(token);
  const revision = given === AT_PRESENT ? store.revision() : given;
  const all = store.rangeAt(call.kind, prefix, revision);
  if (all === undefined) throw expired(CONTINUE_EXPIRED, tokenOf(AT_PRESENT, from));
  return { revision, objects: all.filter((object) => keyWithin(call, object) >= from) };
};

const isSelective = (query: URLSearchParams): boolean =>
  (query.get("labelSelector") ?? "") !== "" || (query.get("fieldSelector") ?? "") !== "";

/** How many objects lie behind the last one of a page that is full. */
const behindLast = (objects: readonly MemoryObject[], page: readonly MemoryObject[], limit: number): number => {
  const last = page.at(-1);
  return last === undefined || page.length < limit ? 0 : objects.length - objects.indexOf(last) - 1;
};

/** GET of a collection. @throws Refusal 400, 410, 504 */
export const list = (context: Context, call: Call): KubeResponse => {
  const { kind, query } = call;
  checkVersion(query.get("resourceVersion"), context.store.revision());
  const limit = limitOf(query);
  const matches = matcherOf(kind, query);
  const { objects, revision } = momentOf(context, call);
  const page = objects.filter(matches).slice(0, limit);
  const last = page.at(-1);
  // The server stops at the last match of a page, so it promises more also when nothing behind it matches.
  const behind = behindLast(objects, page, limit);
  const none = kind.custom === undefined ? undefined : "";
  const metadata = present({
    resourceVersion: String(revision),
    continue: last !== undefined && behind > 0 ? tokenOf(revision, afterKey(keyWithin(call, last))) : none,
    remainingItemCount: behind > 0 && !isSelective(query) ? behind : undefined,
  });
  const items = page.map((object) => itemOf(object, kind));
  return {
    status: 200,
    body: { kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind), metadata, items },
  };
};
