/**
 * A whole collection in bounded pages: one LIST of everything would hold thousands of objects in memory twice.
 * Paging: https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
 */
import type { KubeList, KubeObject } from "./object.ts";
import { listRequest } from "./request.ts";
import type { KubeResponse, Resource, Transport } from "./request.ts";

const DEFAULT_LIMIT_PER_PAGE = 500;
/** A million objects with full pages; a server that never ends a list must not hold us for ever. */
const MAX_PAGES = 2000;

export interface ListAllOptions {
  /** Undefined: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  /** Objects per page; default 500. */
  readonly limitPerPage?: number | undefined;
  /** What to hold of each object while further pages are read; default: all of it. */
  readonly keep?: ((item: KubeObject) => KubeObject) | undefined;
}

export type Listing =
  | { readonly ok: true; readonly items: readonly KubeObject[] }
  | { readonly ok: false; readonly response: KubeResponse };

const unusable = (message: string): Listing => ({
  ok: false,
  response: { status: 0, body: { kind: "Status", reason: "NoAnswer", message } },
});

const isList = (body: unknown): body is KubeList =>
  typeof body === "object" && body !== null && "metadata" in body && "items" in body && Array.isArray(body.items);

const follow = async (send: Transport, resource: Resource, options: ListAllOptions): Promise<Listing> => {
  const { namespace, labelSelector, limitPerPage: limit = DEFAULT_LIMIT_PER_PAGE, keep = (item) => item } = options;
  const items: KubeObject[] = [];
  let continueToken: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each page names the next
    const response = await send(listRequest(resource, { namespace, labelSelector, limit, continueToken }));
    if (response.status !== 200) return { ok: false, response };
    if (!isList(response.body)) return unusable(`the answer to a list of ${resource.plural} is no list`);
    for (const item of response.body.items) items.push(keep(item));
    continueToken = response.body.metadata.continue;
    if (continueToken === undefined || continueToken === "") return { ok: true, items };
  }
  return unusable(`the list of ${resource.plural} did not end after ${MAX_PAGES} pages`);
};

/**
 * All objects of a collection, as one consistent snapshot. When it expires between two pages (410), the list is begun
 * once more. Items of a list have no `apiVersion` and `kind` of their own.
 */
export const listAll = async (send: Transport, resource: Resource, options: ListAllOptions): Promise<Listing> => {
  const first = await follow(send, resource, options);
  return !first.ok && first.response.status === 410 ? follow(send, resource, options) : first;
};
