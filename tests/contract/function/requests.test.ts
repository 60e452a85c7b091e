/** The exact requests that leave the function, and the exact replies that its callers get, on either host. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import {
  event,
  expectSweep,
  get,
  LEASE,
  LEASES,
  leaseSpec,
  LOCKS,
  merge,
  on,
  PODS,
  RECORDS,
  SET_PATH,
  statusBody,
} from "./expected.ts";
import { HOSTS, type RunningHost } from "./hosts.ts";
import { FIRST_EPOCH, MICRO_TIME, recordApi, type RecordedApi, type RecordedRequest } from "./recorded-api.ts";

const LABELS = { app: "db" };
const SPEC = { containers: [{ name: "main", image: "example.invalid/main" }] };
/** Half of the duration, and a second, because the function knows the clock to within one. */
const HALF_LEASE_MS = 16_000;

const ready = (status: "True" | "False"): unknown => ({
  status: { phase: "Running", conditions: [{ type: "Ready", status }] },
});

describe.each(HOSTS)("on %s", (_name, start) => {
  let api: RecordedApi;
  let host: RunningHost;
  /** uids of the StatefulSet, db-0 and db-1. */
  let set = "";
  let first = "";
  let second = "";

  const record = (): string => api.act("GET", LEASE).metadata.uid;

  const members = (): readonly RecordedRequest[] => [
    get(`${PODS}?labelSelector=bellwether.dev%2Felection%3D${set}&limit=500`),
    get(`${PODS}?labelSelector=app%3Ddb&limit=500`),
  ];

  const enrolment = (uid: string): unknown => ({
    metadata: { labels: { "bellwether.dev/election": set, "sts-role": "reader" }, annotations: {}, ...on(uid) },
  });

  const recordMetadata = (lock: string, holder: string, epoch: number): Record<string, unknown> => ({
    labels: {
      "app.kubernetes.io/managed-by": "bellwether",
      "bellwether.dev/feature": "election",
      "bellwether.dev/group": set,
    },
    annotations: {
      "bellwether.dev/owner": `data/db/${lock}`,
      "bellwether.dev/holder-uid": holder,
      "bellwether.dev/epoch": String(epoch),
    },
  });

  const stamp = (epoch: number, token: string | null): Record<string, string | null> => ({
    "bellwether.dev/election.epoch": String(epoch),
    "bellwether.dev/election.record": record(),
    "bellwether.dev/election.token": token,
  });

  const fencing = (uid: string, epoch: number): unknown => ({
    metadata: { labels: { "sts-role": "reader" }, annotations: stamp(epoch, null), ...on(uid) },
  });

  const promotion = (uid: string, epoch: number): unknown => ({
    metadata: { labels: { "sts-role": "writer" }, annotations: stamp(epoch, String(epoch)), ...on(uid) },
  });

  const post = (headers: Record<string, string>, body: unknown): Promise<Response> =>
    fetch(host.url, { method: "POST", headers, body: JSON.stringify(body) });

  const tell = (
    change: "add" | "update",
    { apiVersion, kind }: { apiVersion: string; kind: string },
    object: KubeObject,
  ) =>
    post(
      {
        "content-type": "application/json",
        "ce-specversion": "1.0",
        "ce-type": `dev.knative.apiserver.resource.${change}`,
        "ce-source": "https://10.96.0.1:443",
        "ce-id": object.metadata.resourceVersion,
        "ce-apiversion": apiVersion,
        "ce-kind": kind,
        "ce-namespace": object.metadata.namespace ?? "",
        "ce-name": object.metadata.name,
      },
      { ...object, apiVersion, kind },
    );

  const tick = (): Promise<Response> =>
    post(
      {
        "content-type": "application/json",
        "ce-specversion": "1.0",
        "ce-type": "dev.knative.sources.ping",
        "ce-source": "/apis/v1/namespaces/bellwether/pingsources/tick",
        "ce-id": "1",
      },
      {},
    );

  /** Tells the function of it, and resolves once the reply is there. */
  const createLock = async (): Promise<KubeObject> => {
    const lock = api.act("POST", LOCKS, {
      apiVersion: "app.anukkrit.me/v1",
      kind: "StatefulSetLock",
      metadata: { name: "db" },
      spec: { statefulSetName: "db", leaseName: "db", leaseDurationSeconds: 30 },
    });
    const answer = await tell("add", { apiVersion: "app.anukkrit.me/v1", kind: "StatefulSetLock" }, lock);
    expect(answer.status).toBe(204);
    return lock;
  };

  beforeAll(async () => {
    api = recordApi();
    host = await start();
    api.act("POST", "/api/v1/namespaces", { metadata: { name: "data" } });
    const created = api.act("POST", "/apis/apps/v1/namespaces/data/statefulsets", {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "db" },
      spec: {
        replicas: 2,
        serviceName: "db",
        selector: { matchLabels: LABELS },
        template: { metadata: { labels: LABELS }, spec: SPEC },
      },
    });
    set = created.metadata.uid;
    const owner = { apiVersion: "apps/v1", kind: "StatefulSet", name: "db", uid: set, controller: true };
    for (const name of ["db-0", "db-1"]) {
      api.act("POST", PODS, { metadata: { name, labels: LABELS, ownerReferences: [owner] }, spec: SPEC });
      api.act("PATCH", `${PODS}/${name}/status`, ready("True"));
    }
    [first, second] = ["db-0", "db-1"].map((name) => api.act("GET", `${PODS}/${name}`).metadata.uid) as [
      string,
      string,
    ];
    api.act("PATCH", `${SET_PATH}/status`, { status: { replicas: 2 } });
  });

  afterAll(async () => {
    api.setDown(false);
    await host.stop();
    api.close();
  });

  it("the first tick reads everything there is, and nothing else", async () => {
    const answer = await tick();
    expect(answer.status).toBe(204);
    expectSweep(api.requests);
    expect(new Set(api.requests.map(({ method }) => method))).toEqual(new Set(["GET"]));
  });

  it("a lock's first election: finalizer, enrolment, record, fence, promotion, report, in this order", async () => {
    api.clear();
    const { uid: lock } = (await createLock()).metadata;
    expect(api.requests).toEqual([
      get(`${LOCKS}?limit=500`),
      get(SET_PATH),
      get(LEASE, 404),
      get(`${LEASES}?labelSelector=${RECORDS}%2Cbellwether.dev%2Fgroup%3D${set}&limit=500`),
      ...members(),
      merge(`${LOCKS}/db`, { metadata: { finalizers: ["statefulsetlock.app.anukkrit.me/finalizer"], ...on(lock) } }),
      merge(`${PODS}/db-0`, enrolment(first)),
      merge(`${PODS}/db-1`, enrolment(second)),
      get(`${LOCKS}/db`),
      {
        method: "POST",
        path: `${LEASES}?fieldManager=bellwether`,
        contentType: "application/json",
        status: 201,
        body: {
          apiVersion: "coordination.k8s.io/v1",
          kind: "Lease",
          metadata: { name: "db", namespace: "data", ...recordMetadata(lock, first, FIRST_EPOCH) },
          spec: leaseSpec("db-0", 0),
        },
      },
      // Those that were enrolled while there was no record are known only now.
      get(`${PODS}?labelSelector=bellwether.dev%2Felection%3D${set}&limit=500`),
      merge(`${PODS}/db-1`, fencing(second, FIRST_EPOCH)),
      merge(`${PODS}/db-0`, promotion(first, FIRST_EPOCH)),
      merge(`${LOCKS}/db/status`, statusBody("db-0", FIRST_EPOCH, lock)),
      event(`pod db-0 is the writer under epoch ${FIRST_EPOCH} (FirstElection)`, lock),
    ]);
  });

  it("a fail-over: the Lease is swapped, the old writer is fenced, the new one promoted, then it is told", async () => {
    api.clear();
    const epoch = FIRST_EPOCH + 1;
    const pod = api.act("PATCH", `${PODS}/db-0/status`, ready("False"));
    const answer = await tell("update", { apiVersion: "v1", kind: "Pod" }, pod);
    expect(answer.status).toBe(204);
    const lock = api.act("GET", `${LOCKS}/db`).metadata.uid;
    expect(api.requests).toEqual([
      // What a warm instance remembers is read at once, and used only if the lock still says so.
      get(SET_PATH),
      get(LEASE),
      get(`${LOCKS}?limit=500`),
      ...members(),
      merge(LEASE, {
        metadata: { ...recordMetadata(lock, second, epoch), ...on(record()) },
        spec: leaseSpec("db-1", 1),
      }),
      merge(`${PODS}/db-0`, fencing(first, epoch)),
      merge(`${PODS}/db-1`, promotion(second, epoch)),
      merge(`${LOCKS}/db/status`, statusBody("db-1", epoch, lock)),
      event(`pod db-1 is the writer under epoch ${epoch}, after db-0 (HolderNotReady)`, lock),
    ]);
  });

  it("a tick with nothing due: the LISTs of each feature, records before pods, and nothing else", async () => {
    api.clear();
    expect((await tick()).status).toBe(204);
    expect(expectSweep(api.requests)).toEqual([]);
  });

  it("a tick when half of the duration has passed: one renewal more", async () => {
    api.clear();
    api.advance(HALF_LEASE_MS);
    expect((await tick()).status).toBe(204);
    const lock = api.act("GET", `${LOCKS}/db`).metadata.uid;
    expect(expectSweep(api.requests)).toEqual([
      merge(LEASE, {
        metadata: { annotations: { "bellwether.dev/owner": `data/db/${lock}` }, ...on(record()) },
        spec: { renewTime: MICRO_TIME, leaseDurationSeconds: 30 },
      }),
    ]);
  });

  it("the event of its own last write: no request at all", async () => {
    const pod = api.act("GET", `${PODS}/db-1`);
    api.clear();
    expect((await tell("update", { apiVersion: "v1", kind: "Pod" }, pod)).status).toBe(204);
    expect(api.requests).toEqual([]);
  });

  it("a foreign event: 400 with the reason, and no request", async () => {
    api.clear();
    const headers = { "content-type": "application/json", "ce-specversion": "1.0", "ce-source": "/shop", "ce-id": "1" };
    const answer = await post({ ...headers, "ce-type": "com.example.order" }, {});
    expect(answer.status).toBe(400);
    const object = "dev.knative.apiserver.{resource,ref}.{add,update,delete}";
    const accepts = `${object}, dev.knative.sources.ping or dev.bellwether.role.claimed.v1`;
    expect(await answer.text()).toBe(`ce-type: got "com.example.order", accepts ${accepts}\n`);
    expect(api.requests).toEqual([]);
  });

  it.each([
    ["a tick", "list statefulsetlocks: 503 ServiceUnavailable: down\n"],
    ["an object's event", "list StatefulSetLocks: 503 ServiceUnavailable: down\n"],
  ])("%s while the API server is in trouble: 503 with Retry-After and the reason", async (what, text) => {
    const pod = api.act("PATCH", `${PODS}/db-0`, { metadata: { annotations: { "example.com/of": what } } });
    api.setDown(true);
    const answer = await (what === "a tick" ? tick() : tell("update", { apiVersion: "v1", kind: "Pod" }, pod));
    api.setDown(false);
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("1");
    expect(await answer.text()).toBe(text);
  });
});
