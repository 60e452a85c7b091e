/** The exact requests that the API server gets, and what each of its answers becomes. */
import nock from "nock";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTransport } from "../../../functions/kit/kube/transport.ts";
import type { ApiTransport, TransportOptions } from "../../../functions/kit/kube/transport.ts";
import {
  createRequest,
  deleteRequest,
  getRequest,
  LEASES,
  listRequest,
  patchRequest,
  PODS,
} from "../../../functions/kit/kube/request.ts";

const SERVER = "https://10.96.0.1";
const on = { name: "a-0", uid: "u1", resourceVersion: "7" };

let transport: ApiTransport | undefined;

const open = (options: Partial<TransportOptions> = {}): ApiTransport => {
  transport = createTransport({ server: SERVER, token: () => "secret", ...options });
  return transport;
};

/** The headers of every request, but for those that node:http sets by itself. */
const headers = (more: Record<string, string> = {}): Record<string, string> => ({
  accept: "application/json",
  "user-agent": "bellwether",
  authorization: "Bearer secret",
  ...more,
});

beforeEach(() => nock.disableNetConnect());

afterEach(() => {
  transport?.close();
  nock.abortPendingRequests();
  nock.cleanAll();
  nock.enableNetConnect();
});

describe("requests", () => {
  test("a list", async () => {
    nock(SERVER, { reqheaders: headers(), badheaders: ["content-type", "content-length"] })
      .get("/api/v1/namespaces/data/pods?labelSelector=app%3Ddb&limit=500")
      .reply(200, { items: [] });
    const request = listRequest(PODS, { namespace: "data", labelSelector: "app=db", limit: 500 });
    expect(await open().send(request)).toEqual({ status: 200, body: { items: [] } });
  });

  test("a conditional merge patch", async () => {
    const body = { metadata: { labels: { "sts-role": "writer" }, uid: "u1", resourceVersion: "7" } };
    const length = String(JSON.stringify(body).length);
    nock(SERVER, { reqheaders: headers({ "content-type": "application/merge-patch+json", "content-length": length }) })
      .patch("/api/v1/namespaces/data/pods/a-0?fieldManager=bellwether", body)
      .reply(200, { metadata: { resourceVersion: "8" } });
    const request = patchRequest(PODS, { namespace: "data", on }, { metadata: { labels: { "sts-role": "writer" } } });
    expect(await open().send(request)).toEqual({ status: 200, body: { metadata: { resourceVersion: "8" } } });
  });

  test("a creation, with its length in bytes", async () => {
    const lease = { metadata: { name: "ä" } };
    nock(SERVER, { reqheaders: headers({ "content-type": "application/json", "content-length": "26" }) })
      .post("/apis/coordination.k8s.io/v1/namespaces/data/leases?fieldManager=bellwether", lease)
      .reply(201, lease);
    expect(await open().send(createRequest(LEASES, "data", lease))).toEqual({ status: 201, body: lease });
  });

  test("a conditional delete", async () => {
    nock(SERVER, { reqheaders: headers({ "content-type": "application/json" }) })
      .delete("/apis/coordination.k8s.io/v1/namespaces/data/leases/a-0", {
        kind: "DeleteOptions",
        apiVersion: "v1",
        preconditions: { uid: "u1", resourceVersion: "7" },
      })
      .reply(200, { kind: "Status", status: "Success" });
    expect(await open().send(deleteRequest(LEASES, "data", on))).toMatchObject({ status: 200 });
  });

  test("below a path, on a port, without a token", async () => {
    nock("http://proxy:8001", { badheaders: ["authorization"] })
      .get("/clusters/one/api/v1/namespaces/data/pods/a-0")
      .reply(200, {});
    const { send } = open({ server: "http://proxy:8001/clusters/one/", token: () => undefined });
    expect(await send(getRequest(PODS, "data", "a-0"))).toEqual({ status: 200, body: {} });
  });
});

const get = getRequest(PODS, "data", "a-0");
const path = "/api/v1/namespaces/data/pods/a-0";

describe("answers", () => {
  test("a refusal is a response with its Status", async () => {
    const status = { kind: "Status", reason: "NotFound", code: 404 };
    nock(SERVER).get(path).reply(404, status);
    expect(await open().send(get)).toEqual({ status: 404, body: status });
  });

  test("the overload filter's plain text keeps its status, and Retry-After moves into the details", async () => {
    nock(SERVER).get(path).reply(429, "Too many requests, please try again later.", { "retry-after": "1" });
    expect(await open().send(get)).toMatchObject({
      status: 429,
      body: { kind: "Status", reason: "NotJson", details: { retryAfterSeconds: 1 } },
    });
  });

  test("Retry-After joins the details of a Status, whose own number wins", async () => {
    nock(SERVER)
      .get(path)
      .reply(503, { details: { kind: "pods" } }, { "retry-after": "3" });
    nock(SERVER)
      .get(path)
      .reply(503, { details: { retryAfterSeconds: 9 } }, { "retry-after": "3" });
    const { send } = open();
    expect(await send(get)).toEqual({ status: 503, body: { details: { kind: "pods", retryAfterSeconds: 3 } } });
    expect(await send(get)).toEqual({ status: 503, body: { details: { retryAfterSeconds: 9 } } });
  });

  test("a success that is not JSON proves nothing: status 0", async () => {
    nock(SERVER).get(path).reply(200, "<html>");
    expect(await open().send(get)).toMatchObject({ status: 0, body: { reason: "NoAnswer" } });
  });

  test("a connection that fails is status 0, with the reason", async () => {
    nock(SERVER).get(path).replyWithError("connect ECONNREFUSED");
    expect(await open().send(get)).toMatchObject({
      status: 0,
      body: { kind: "Status", reason: "NoAnswer", message: "connect ECONNREFUSED" },
    });
  });
});

describe("reports", () => {
  test("the token is asked for on each call, and a 401 is reported", async () => {
    const tokens = ["old", "new"];
    let unauthorized = 0;
    nock(SERVER, { reqheaders: { authorization: "Bearer old" } })
      .get(path)
      .reply(401, {});
    nock(SERVER, { reqheaders: { authorization: "Bearer new" } })
      .get(path)
      .reply(200, {});
    const { send } = open({ token: () => tokens[unauthorized], onUnauthorized: () => (unauthorized += 1) });
    expect((await send(get)).status).toBe(401);
    expect((await send(get)).status).toBe(200);
    expect(unauthorized).toBe(1);
  });

  test("the observer learns of each call once, with the final status", async () => {
    nock(SERVER).get(path).reply(409, {});
    nock(SERVER).get(path).replyWithError("reset");
    const seen: unknown[] = [];
    const { send } = open({
      observe: (request, status, milliseconds) => seen.push([request, status, milliseconds >= 0]),
    });
    await send(get);
    await send(get);
    expect(seen).toEqual([
      [get, 409, true],
      [get, 0, true],
    ]);
  });

  test("the clock follows the Date header", async () => {
    nock(SERVER).get(path).reply(200, {}, { date: "Thu, 01 Jan 2032 00:00:00 GMT" });
    const { send, clock } = open();
    await send(get);
    const late = clock.serverNow() - Date.UTC(2032, 0, 1);
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(5000);
  });
});
