/**
 * An API server for contract tests: nock takes every request that leaves the process, the memory API answers it, and what
 * was sent is kept. Times are replaced by their form, because they move, and so are versions that the server accepted.
 */
import { join } from "node:path";
import nock from "nock";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { readManifests } from "../../../infra/lab/manifests.ts";
import { createMemoryApi } from "../../../infra/lab/memory/api.ts";

export const SERVER = "https://10.96.0.1";
const CRDS = readManifests(join(import.meta.dirname, "../../../infra/crds"));
/** The server's clock at the start; its first epoch is FIRST_EPOCH, the whole seconds since 2020. */
const START_MS = Date.UTC(2026, 0, 1);
const DOWN = { status: 503, body: { kind: "Status", reason: "ServiceUnavailable", message: "down" } };
const MICRO_TIMES = /"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"/g;
const TIMES = /"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"/g;

export const FIRST_EPOCH: number = (START_MS - Date.UTC(2020, 0, 1)) / 1000;

/** RFC 3339 with exactly six decimals. */
export const MICRO_TIME = "<micro time>";
/** RFC 3339 with whole seconds. */
export const TIME = "<time>";
/** The object's resourceVersion at that moment. */
export const PRESENT = "<present>";
const VERSIONS = /"resourceVersion":"\d+"/g;

export interface RecordedRequest {
  readonly method: string;
  /** As on the wire. */
  readonly path: string;
  readonly contentType: string | undefined;
  /** Parsed, with `TIME`, `MICRO_TIME` and `PRESENT` in the place of what moves. */
  readonly body: unknown;
  readonly status: number;
}

export interface RecordedApi {
  /** In the order of arrival. */
  readonly requests: readonly RecordedRequest[];
  /** Forgets the requests so far. */
  clear(): void;
  /** As anybody but the function. @throws unless it succeeds. */
  act(method: string, path: string, body?: unknown): KubeObject;
  /** While down, every request is answered 503. */
  setDown(down: boolean): void;
  /** Moves the server's clock, which stands still otherwise. */
  advance(milliseconds: number): void;
  close(): void;
}

const shown = (body: unknown, status: number): unknown => {
  if (body === undefined) return undefined;
  const text = JSON.stringify(body).replaceAll(MICRO_TIMES, `"${MICRO_TIME}"`).replaceAll(TIMES, `"${TIME}"`);
  return JSON.parse(status < 300 ? text.replaceAll(VERSIONS, `"resourceVersion":"${PRESENT}"`) : text);
};

export const recordApi = (): RecordedApi => {
  let now = START_MS;
  let down = false;
  const requests: RecordedRequest[] = [];
  const memory = createMemoryApi({ now: () => now, crds: CRDS });
  const answer = async (request: Request): Promise<nock.ReplyFnResult> => {
    const { method, url } = request;
    const path = url.slice(SERVER.length);
    const contentType = request.headers.get("content-type") ?? undefined;
    const body: unknown = contentType === undefined ? undefined : await request.json();
    const given = { method, path, contentType, body };
    const { status, body: answered } = down ? DOWN : memory.handle(given);
    requests.push({ ...given, body: shown(body, status), status });
    return [status, answered as nock.Body, { date: new Date(now).toUTCString(), "content-type": "application/json" }];
  };
  nock.disableNetConnect();
  nock.enableNetConnect(/^(127\.0\.0\.1|localhost|::1)/);
  const scope = nock(SERVER).persist();
  for (const method of ["GET", "POST", "PATCH", "DELETE"]) scope.intercept(/.*/, method).reply(answer);
  return {
    requests,
    clear: () => {
      requests.length = 0;
    },
    act: (method, path, body) => {
      const contentType = method === "PATCH" ? "application/merge-patch+json" : "application/json";
      const response = memory.handle({ method, path, contentType, body });
      if (response.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(response.body)}`);
      return response.body as KubeObject;
    },
    setDown: (next) => {
      down = next;
    },
    advance: (milliseconds) => {
      now += milliseconds;
    },
    close: () => {
      nock.cleanAll();
      nock.enableNetConnect();
    },
  };
};
