/**
 * The memory API behind a real socket, for everything that speaks HTTP: watches as chunked streams, the injected clock
 * in the `Date` header. There is no TLS, and nobody has to say who they are.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import type { KubeResponse, Resource } from "../../../functions/kit/kube/request.ts";
import { apiVersionOf } from "../../../functions/kit/kube/request.ts";
import type { MemoryApi } from "./api.ts";
import { discoveryAt } from "./discovery.ts";
import { Refusal } from "./refusal.ts";

export interface MemoryServer {
  readonly url: string;
  /** Ends open watches and stops listening. */
  readonly close: () => Promise<void>;
}

const VERSION = { major: "1", minor: "36", gitVersion: "v1.36.3" };
const HEALTH_PATHS: ReadonlySet<string> = new Set(["/readyz", "/livez", "/healthz"]);
const MS_PER_SECOND = 1000;
/** A BOOKMARK comes this long before the end of a watch, as on the real server. */
const BOOKMARK_BEFORE_END_MS = 2000;

const answer = (response: ServerResponse, { status, body }: KubeResponse): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};

const rootOf = (resource: Resource): string => `${resource.group === "" ? "/api/" : "/apis/"}${apiVersionOf(resource)}`;

/** The collection that a path names. */
const collectionAt = (api: MemoryApi, path: string): { resource: Resource; namespace?: string } | undefined => {
  for (const resource of api.resources) {
    const match = new RegExp(`^${rootOf(resource)}(?:/namespaces/([^/]+))?/${resource.plural}$`).exec(path);
    if (match !== null) return match[1] === undefined ? { resource } : { resource, namespace: match[1] };
  }
  return undefined;
};

const stream = (api: MemoryApi, { pathname, searchParams }: URL, response: ServerResponse): void => {
  const collection = collectionAt(api, pathname);
  if (collection === undefined)
    return answer(response, api.handle({ method: "GET", path: pathname, contentType: undefined, body: undefined }));
  response.setHeader("content-type", "application/json");
  const stop = api.watch(
    collection.resource,
    {
      namespace: collection.namespace,
      labelSelector: searchParams.get("labelSelector") ?? undefined,
      fieldSelector: searchParams.get("fieldSelector") ?? undefined,
      resourceVersion: searchParams.get("resourceVersion") ?? undefined,
      allowBookmarks: searchParams.get("allowWatchBookmarks") === "true",
    },
    (event) => {
      response.write(`${JSON.stringify(event)}\n`);
      if (event.type === "ERROR") response.end();
    },
  );
  // Only now: a selector that cannot be parsed is still answered with 400.
  response.flushHeaders();
  response.once("close", stop);
  const seconds = Number(searchParams.get("timeoutSeconds") ?? "0");
  if (seconds <= 0) return;
  const bookmark = setTimeout(() => api.bookmark(), Math.max(0, seconds * MS_PER_SECOND - BOOKMARK_BEFORE_END_MS));
  const end = setTimeout(() => response.end(), seconds * MS_PER_SECOND);
  response.once("close", () => {
    clearTimeout(bookmark);
    clearTimeout(end);
  });
};

const parsed = (given: string): { readonly body: unknown; readonly malformed?: string } => {
  if (given === "") return { body: undefined };
  try {
    return { body: JSON.parse(given) };
  } catch {
    return { body: undefined, malformed: given };
  }
};

const respond = async (api: MemoryApi, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const url = new URL(request.url ?? "/", "http://memory");
  response.setHeader("date", new Date(api.now()).toUTCString());
  if (HEALTH_PATHS.has(url.pathname)) {
    response.writeHead(200, { "content-type": "text/plain" }).end("ok");
    return;
  }
  if (url.pathname === "/version") return answer(response, { status: 200, body: VERSION });
  const discovery = discoveryAt(api.resources, url.pathname);
  if (discovery !== undefined) return answer(response, { status: 200, body: discovery });
  if (["1", "true"].includes(url.searchParams.get("watch") ?? "")) return stream(api, url, response);
  const path = `${url.pathname}${url.search}`;
  const manager = request.headers["user-agent"]?.split("/")[0] ?? "unknown";
  const contentType = request.headers["content-type"];
  const content = parsed(await text(request));
  answer(response, api.handle({ method: request.method ?? "GET", path, contentType, ...content }, { manager }));
};

const fail = (response: ServerResponse, error: unknown): void => {
  if (error instanceof Refusal) return answer(response, error.response);
  answer(response, {
    status: 500,
    body: { kind: "Status", apiVersion: "v1", status: "Failure", message: String(error), code: 500 },
  });
};

/** Serves the API on 127.0.0.1; without `port` on a free one. */
export const serveMemoryApi = async (
  api: MemoryApi,
  { port = 0 }: { readonly port?: number } = {},
): Promise<MemoryServer> => {
  const server = createServer((request, response) => {
    respond(api, request, response).catch((error: unknown) => fail(response, error));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("address: got a pipe, accepts a TCP port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      await closed;
    },
  };
};
