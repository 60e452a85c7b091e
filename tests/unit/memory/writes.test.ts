import { describe, expect, it } from "vitest";
import {
  createRequest,
  deleteRequest,
  LEASES,
  objectOf,
  patchRequest,
  PODS,
} from "../../../functions/kit/kube/request.ts";
import { createMemoryApi } from "../../../infra/lab/memory/api.ts";
import { createCluster, LEASES_PATH, lock, LOCKS_PATH, pod, PODS_PATH } from "./support.ts";

const WRONG_UID = "10000000-0000-4000-8000-000000000000";
const reasonOf = (body: unknown): unknown => (body as { readonly reason?: string }).reason;

/** Every revision of a short script on a new memory API. */
const revisionsOfScript = (): readonly unknown[] => {
  const { api, send } = createCluster();
  const revisions: unknown[] = [];
  api.onRevision((revision) => revisions.push(revision));
  send("POST", PODS_PATH, pod("a"));
  send("POST", LEASES_PATH, { metadata: { generateName: "l-" } });
  send("PATCH", `${PODS_PATH}/a`, { metadata: { labels: { a: "b" } } });
  return revisions;
};

describe("requests as values", () => {
  it("are answered as they are built by the kit", () => {
    const { api } = createCluster();
    const created = api.handle(createRequest(LEASES, "default", { metadata: { name: "l" }, spec: {} }));
    expect(created.status).toBe(201);
    const { metadata } = objectOf(created);
    const on = metadata;
    const patched = api.handle(patchRequest(LEASES, { namespace: "default", on }, { spec: { holderIdentity: "a" } }));
    expect(patched).toMatchObject({ status: 200, body: { spec: { holderIdentity: "a" } } });
    expect(api.handle(deleteRequest(LEASES, "default", on))).toMatchObject({ status: 409 });
    const { resourceVersion } = objectOf(patched).metadata;
    expect(api.handle(deleteRequest(LEASES, "default", { ...on, resourceVersion }))).toMatchObject({ status: 200 });
  });

  it("give the same answers, uids and revisions on two memory APIs", () => {
    expect(revisionsOfScript()).toHaveLength(3);
    expect(revisionsOfScript()).toEqual(revisionsOfScript());
  });

  it("take uids from the injected source", () => {
    const api = createMemoryApi({ now: () => 0, crds: [], uid: () => "given" });
    expect(api.handle(createRequest(PODS, "default", pod("a")))).toMatchObject({
      body: { metadata: { uid: "given" } },
    });
  });
});

describe("preconditions", () => {
  it.each([
    ["stale", { resourceVersion: "1" }, 409, "Conflict"],
    ["of another uid", { uid: WRONG_UID }, 422, "Invalid"],
    ["stale and of another uid", { uid: WRONG_UID, resourceVersion: "1" }, 409, "Conflict"],
  ])("refuse a patch that is %s and change nothing", (_case, metadata, status, reason) => {
    const { send, object } = createCluster();
    const before = object("POST", PODS_PATH, pod("a"));
    const { status: got, body } = send("PATCH", `${PODS_PATH}/a`, { metadata: { ...metadata, labels: { x: "1" } } });
    expect([got, reasonOf(body)]).toEqual([status, reason]);
    expect(object("GET", `${PODS_PATH}/a`)).toEqual(before);
  });

  it("tell an existing name from a conflict", () => {
    const { send } = createCluster();
    send("POST", PODS_PATH, pod("a"));
    expect(reasonOf(send("POST", PODS_PATH, pod("a")).body)).toBe("AlreadyExists");
  });
});

describe("a patch that changes nothing", () => {
  it("keeps the resourceVersion and makes no revision", () => {
    const { api, send, object } = createCluster();
    const before = object("POST", PODS_PATH, pod("a", { labels: { role: "w" } }));
    const revisions: unknown[] = [];
    api.onRevision((revision) => revisions.push(revision));
    const after = object("PATCH", `${PODS_PATH}/a`, { metadata: { labels: { role: "w", none: null } } });
    expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    expect(send("PATCH", `${PODS_PATH}/a`, { status: { phase: "Failed" } }).status).toBe(200);
    expect(revisions).toEqual([]);
  });
});

describe("stored objects", () => {
  it("do not change when the request's body does afterwards", () => {
    const { object } = createCluster();
    const labels = { role: "w" };
    object("POST", PODS_PATH, pod("a", { labels }));
    labels.role = "r";
    expect(object("GET", `${PODS_PATH}/a`).metadata.labels).toEqual({ role: "w" });
  });

  it("cannot be changed through an answer", () => {
    const { object } = createCluster();
    const { metadata } = object("POST", PODS_PATH, pod("a", { labels: { role: "w" } }));
    expect(() => Object.assign(metadata.labels ?? {}, { role: "r" })).toThrow(TypeError);
  });
});

describe("generation", () => {
  it("of a lock grows with its spec, not with labels or status", () => {
    const { object } = createCluster();
    const path = `${LOCKS_PATH}/k`;
    const seen = [
      object("POST", LOCKS_PATH, lock("k")),
      object("PATCH", path, { metadata: { labels: { a: "b" } } }),
      object("PATCH", `${path}/status`, { status: { epoch: 1 } }),
      object("PATCH", path, { spec: { paused: true } }),
    ];
    expect(seen.map(({ metadata }) => metadata.generation)).toEqual([1, 1, 1, 2]);
  });
});

describe("the status subresource", () => {
  it("takes the status of a lock and nothing else", () => {
    const { object } = createCluster();
    object("POST", LOCKS_PATH, lock("k"));
    const after = object("PATCH", `${LOCKS_PATH}/k/status`, {
      metadata: { labels: { a: "b" } },
      spec: { paused: true },
      status: { epoch: 1, unknown: 1 },
    });
    expect(after).toMatchObject({ spec: { leaseName: "lease" }, status: { epoch: 1 } });
    expect([after.metadata.labels, after.spec, after.status]).toEqual([
      undefined,
      { statefulSetName: "set", leaseName: "lease", leaseDurationSeconds: 10 },
      { epoch: 1 },
    ]);
  });
});

describe("deletion", () => {
  it("of a bound pod waits for a grace period of 0", () => {
    const { send, object, clock } = createCluster();
    object("POST", PODS_PATH, pod("a"));
    send("POST", `${PODS_PATH}/a/binding`, { metadata: { name: "a" }, target: { name: "node-1" } });
    expect(object("DELETE", `${PODS_PATH}/a`).metadata).toMatchObject({
      deletionTimestamp: new Date(clock.nowMs + 30_000).toISOString().replace(".000", ""),
      deletionGracePeriodSeconds: 30,
    });
    expect(send("GET", `${PODS_PATH}/a`).status).toBe(200);
    send("DELETE", `${PODS_PATH}/a`, { gracePeriodSeconds: 0 });
    expect(send("GET", `${PODS_PATH}/a`).status).toBe(404);
  });

  it("waits for the last finalizer and takes no new one", () => {
    const { send, object } = createCluster();
    const path = `${LOCKS_PATH}/k`;
    object("POST", LOCKS_PATH, lock("k", { finalizers: ["x.y/a", "x.y/b"] }));
    send("DELETE", path);
    expect(send("PATCH", path, { metadata: { finalizers: ["x.y/a", "x.y/c"] } }).status).toBe(422);
    expect(object("PATCH", path, { metadata: { finalizers: ["x.y/b"] } }).metadata.finalizers).toEqual(["x.y/b"]);
    expect(send("GET", path).status).toBe(200);
    send("PATCH", path, { metadata: { finalizers: null } });
    expect(send("GET", path).status).toBe(404);
  });
});
