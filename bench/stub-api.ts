/**
 * As much of an API server as one hand-over needs, over HTTPS in this process: collections, objects, merge patches. It
 * checks no preconditions and computes nothing, so that what is measured is the function.
 */
import { randomUUID } from "node:crypto";
import { createServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import { json as readJson } from "node:stream/consumers";
import { createCertificates } from "../infra/lab/certificates.ts";

type Json = Readonly<Record<string, unknown>>;

export interface StubApi {
  readonly url: string;
  readonly caPem: string;
  /** Method and path of every request so far. */
  readonly requests: readonly string[];
  /** The object at a path; undefined: there is none. */
  get(path: string): unknown;
  /** Somebody else's change: merged into the object, with a new resourceVersion. */
  change(path: string, patch: unknown): unknown;
  /** Forgets what was written and asked: the next run meets these objects; default: those of the start. */
  reset(objects?: ReadonlyMap<string, unknown>): void;
  close(): void;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const isJson = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

/** RFC 7386. */
const merge = (target: unknown, patch: unknown): unknown => {
  if (!isJson(patch)) return patch;
  const result: Record<string, unknown> = isJson(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = merge(result[name], value);
  }
  return result;
};

const metadataOf = (object: unknown): Json => {
  const metadata = isJson(object) ? object["metadata"] : undefined;
  return isJson(metadata) ? metadata : {};
};

const hasLabels = (object: unknown, selector: string): boolean => {
  const { labels } = metadataOf(object);
  const terms = selector === "" ? [] : selector.split(",");
  return terms.every((term) => {
    const [name = "", value] = term.split(/==?/);
    const actual = isJson(labels) ? labels[name] : undefined;
    return value === undefined ? actual !== undefined : actual === value;
  });
};

const notFound: Answer = { status: 404, body: { kind: "Status", status: "Failure", reason: "NotFound", code: 404 } };

interface Store {
  answer(request: IncomingMessage): Promise<Answer>;
  get(path: string): unknown;
  change(path: string, patch: unknown): unknown;
}

/** Objects by path, as the API server names them: `/api/v1/namespaces/data/pods/db-0`. */
const createStore = (seed: ReadonlyMap<string, unknown>): Store => {
  const objects = new Map(seed);
  let revision = 1000;
  const put = (path: string, object: unknown): unknown => {
    revision += 1;
    const stored = merge(object, { metadata: { resourceVersion: String(revision) } });
    objects.set(path, stored);
    return stored;
  };
  const change = (path: string, patch: unknown): unknown => put(path, merge(objects.get(path), patch));
  const list = (path: string, selector: string): Answer => {
    // A path without a namespace means all of them.
    const [root = "", plural = ""] = path.split(/\/(?=[^/]+$)/);
    const isIn = (candidate: string): boolean => {
      const folder = candidate.slice(0, candidate.lastIndexOf("/"));
      return folder === path || (folder.startsWith(`${root}/namespaces/`) && folder.endsWith(`/${plural}`));
    };
    const items = [...objects]
      .filter(([key, object]) => isIn(key) && hasLabels(object, selector))
      .map(([, object]) => object);
    return { status: 200, body: { kind: "List", metadata: { resourceVersion: String(revision) }, items } };
  };
  const write = async (request: IncomingMessage, path: string): Promise<Answer> => {
    const body = await readJson(request);
    if (request.method === "POST") {
      const named = merge(body, { metadata: { uid: randomUUID(), creationTimestamp: new Date().toISOString() } });
      return { status: 201, body: put(`${path}/${String(metadataOf(body)["name"])}`, named) };
    }
    const target = path.replace(/\/status$/, "");
    return objects.has(target) ? { status: 200, body: change(target, body) } : notFound;
  };
  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "https://stub");
    if (request.method !== "GET") return write(request, pathname);
    const object = objects.get(pathname);
    if (object !== undefined) return { status: 200, body: object };
    const isItem = /\/namespaces\/[^/]+\/[^/]+\/[^/]+$/.test(pathname);
    return isItem ? notFound : list(pathname, searchParams.get("labelSelector") ?? "");
  };
  return { answer, get: (path) => objects.get(path), change };
};

/** Listens on a free port of 127.0.0.1 and serves the seed, an object for each path. */
export const startStubApi = async (seed: ReadonlyMap<string, unknown>): Promise<StubApi> => {
  const { caPem, serverCertificatePem, serverKeyPem } = await createCertificates();
  const requests: string[] = [];
  let store = createStore(seed);
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    requests.push(`${request.method} ${request.url}`);
    const { status, body } = await store.answer(request);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
  const server = createServer(
    { cert: serverCertificatePem, key: serverKeyPem },
    (request, response) => void serve(request, response),
  );
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  return {
    url: `https://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`,
    caPem,
    requests,
    get: (path) => store.get(path),
    change: (path, patch) => store.change(path, patch),
    reset(objects = seed) {
      requests.length = 0;
      store = createStore(objects);
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
};
