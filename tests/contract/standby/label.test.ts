/** The exact requests that leave the function for active/standby Services in label mode: beginning, fail-over, re-application, end. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { groupOf } from "../../../functions/standby/model.ts";
import { get, leaseSpec, merge, on, PODS } from "../function/expected.ts";
import { HOSTS, type RunningHost } from "../function/hosts.ts";
import { FIRST_EPOCH, recordApi, type RecordedApi, type RecordedRequest } from "../function/recorded-api.ts";

const NAMESPACE = "/api/v1/namespaces/data";
const SERVICES = `${NAMESPACE}/services`;
const SERVICE = `${SERVICES}/store`;
const APP = { app: "store" };
const ACTIVE = { "qoqo.dev/pod-designation": "active" };
const GROUP = groupOf(APP);
const NAME = `bellwether-standby-${GROUP}`;
const LEASES = "/apis/coordination.k8s.io/v1/namespaces/data/leases";
const LEASE = `${LEASES}/${NAME}`;
const KEPT = "bellwether.dev/original-selector";
const MODE = "qoqo.dev/service-mode";

const ready = (status: "True" | "False"): unknown => ({
  status: { phase: "Running", conditions: [{ type: "Ready", status }] },
});

const stamp = (record: string, epoch: number, token: string | null): Record<string, string | null> => ({
  "bellwether.dev/standby.epoch": String(epoch),
  "bellwether.dev/standby.record": record,
  "bellwether.dev/standby.token": token,
});

const designation = (value: string | null): Record<string, string | null> => ({ "qoqo.dev/pod-designation": value });

const isEvent = ({ path }: RecordedRequest): boolean => path.startsWith("/apis/events.k8s.io/");

const fencing = (uid: string, record: string, epoch: number): unknown => ({
  metadata: { labels: designation(null), annotations: stamp(record, epoch, null), ...on(uid) },
});
const promotion = (uid: string, record: string, epoch: number): unknown => ({
  metadata: { labels: designation("active"), annotations: stamp(record, epoch, String(epoch)), ...on(uid) },
});

const [, startHost] = HOSTS[0] ?? ["", () => Promise.reject(new Error("there is no host"))];

describe("an annotated Service over two Ready pods", () => {
  let api: RecordedApi;
  let host: RunningHost;
  let [service, first, second] = ["", "", ""];

  const uidOf = (path: string): string => api.act("GET", path).metadata.uid;

  const members: readonly RecordedRequest[] = [
    get(`${PODS}?labelSelector=bellwether.dev%2Fstandby%3D${GROUP}&limit=500`),
    get(`${PODS}?labelSelector=app%3Dstore&limit=500`),
  ];
  const reads: readonly RecordedRequest[] = [get(`${SERVICES}?limit=500`), get(LEASE), ...members];

  const recordMetadata = (holder: string, epoch: number): Record<string, unknown> => ({
    labels: {
      "app.kubernetes.io/managed-by": "bellwether",
      "bellwether.dev/feature": "standby",
      "bellwether.dev/group": GROUP,
    },
    annotations: {
      "bellwether.dev/owner": `data/store/${service}`,
      "bellwether.dev/holder-uid": holder,
      "bellwether.dev/epoch": String(epoch),
    },
  });

  const extension = (): RecordedRequest =>
    merge(SERVICE, {
      metadata: { annotations: { [KEPT]: '{"app":"store"}' }, ...on(service) },
      spec: { selector: ACTIVE },
    });

  /** Reasons of the Kubernetes Events, and all other requests. */
  const sent = (): { readonly told: readonly string[]; readonly others: readonly RecordedRequest[] } => {
    const told = api.requests.filter(isEvent).map(({ body }) => (body as { reason: string }).reason);
    return { told, others: api.requests.filter((request) => !isEvent(request)) };
  };

  const tell = async (kind: "Pod" | "Service", object: KubeObject, change = "update"): Promise<void> => {
    const answer = await fetch(host.url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "ce-specversion": "1.0",
        "ce-type": `dev.knative.apiserver.resource.${change}`,
        "ce-source": "https://10.96.0.1:443",
        "ce-id": object.metadata.resourceVersion,
        "ce-apiversion": "v1",
        "ce-kind": kind,
        "ce-namespace": "data",
        "ce-name": object.metadata.name,
      },
      body: JSON.stringify({ ...object, apiVersion: "v1", kind }),
    });
    expect(answer.status).toBe(204);
  };

  beforeAll(async () => {
    api = recordApi();
    host = await startHost();
    api.act("POST", "/api/v1/namespaces", { metadata: { name: "data" } });
    const spec = { containers: [{ name: "main", image: "example.invalid/main" }] };
    for (const name of ["store-a", "store-b"]) {
      api.act("POST", PODS, { metadata: { name, labels: APP }, spec });
      api.act("PATCH", `${PODS}/${name}/status`, ready("True"));
    }
    const body = { metadata: { name: "store", annotations: { [MODE]: "active-standby" } } };
    api.act("POST", SERVICES, { ...body, spec: { selector: APP, ports: [{ port: 80 }] } });
    [service, first, second] = [SERVICE, `${PODS}/store-a`, `${PODS}/store-b`].map(uidOf) as [string, string, string];
    api.clear();
  });

  afterAll(async () => {
    await host.stop();
    api.close();
  });

  it("the first tick: enrolment, record, fence, promotion; a moment later the active pod once more, and the selector", async () => {
    await fetch(host.url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "ce-specversion": "1.0",
        "ce-type": "dev.knative.sources.ping",
        "ce-source": "/apis/v1/namespaces/bellwether/pingsources/tick",
        "ce-id": "1",
      },
      body: "{}",
    });
    const { told, others } = sent();
    const record = uidOf(LEASE);
    const enrolment = (uid: string): unknown => ({
      metadata: { labels: { "bellwether.dev/standby": GROUP, ...designation(null) }, annotations: {}, ...on(uid) },
    });
    const run = others.slice(others.findIndex(({ path }) => [LEASE, `${SERVICES}?limit=500`].includes(path)));
    const before = [get(`${SERVICES}?limit=500`), get(LEASE, 404), ...members];
    expect(run.slice(0, before.length)).toEqual(expect.arrayContaining(before));
    expect(run.slice(before.length)).toEqual([
      // Without a record the pods are read again: what was read ahead may have been read before a record came and went.
      ...members,
      merge(`${PODS}/store-a`, enrolment(first)),
      merge(`${PODS}/store-b`, enrolment(second)),
      get(SERVICE),
      {
        method: "POST",
        path: `${LEASES}?fieldManager=bellwether`,
        contentType: "application/json",
        status: 201,
        body: {
          apiVersion: "coordination.k8s.io/v1",
          kind: "Lease",
          metadata: { name: NAME, namespace: "data", ...recordMetadata(first, FIRST_EPOCH) },
          spec: leaseSpec("store-a", 0),
        },
      },
      get(`${PODS}?labelSelector=bellwether.dev%2Fstandby%3D${GROUP}&limit=500`),
      merge(`${PODS}/store-b`, fencing(second, record, FIRST_EPOCH)),
      merge(`${PODS}/store-a`, promotion(first, record, FIRST_EPOCH)),
      get(`${PODS}/store-a`),
      extension(),
    ]);
    expect(told).toEqual(["LeaderElected", "SelectorExtended"]);
  });

  it("a fail-over: all is read at once, the Lease is swapped, the old pod fenced, the new one promoted; the Service stays", async () => {
    api.clear();
    const record = uidOf(LEASE);
    const epoch = FIRST_EPOCH + 1;
    await tell("Pod", api.act("PATCH", `${PODS}/store-a/status`, ready("False")));
    const { told, others } = sent();
    expect(others.slice(0, 4)).toEqual(expect.arrayContaining([...reads]));
    expect(others.slice(4)).toEqual([
      merge(LEASE, {
        metadata: { ...recordMetadata(second, epoch), ...on(record) },
        spec: leaseSpec("store-b", 1),
      }),
      merge(`${PODS}/store-a`, fencing(first, record, epoch)),
      merge(`${PODS}/store-b`, promotion(second, record, epoch)),
    ]);
    expect(told).toEqual(["LeaderElected"]);
  });

  it("a selector that was applied again: one write, once the active pod has been it for a while", async () => {
    api.advance(10_000);
    await tell("Pod", api.act("PATCH", `${PODS}/store-a/status`, ready("True")));
    api.clear();
    await tell("Service", api.act("PATCH", SERVICE, { spec: { selector: designation(null) } }));
    const { told, others } = sent();
    expect(others.slice(0, 4)).toEqual(expect.arrayContaining([...reads]));
    expect(others.slice(4)).toEqual([extension()]);
    expect(told).toEqual(["SelectorExtended"]);
  });

  it("the end: the selector first; a moment later nobody is active, then the labels and the Lease go", async () => {
    api.clear();
    const record = uidOf(LEASE);
    const epoch = FIRST_EPOCH + 10;
    await tell("Service", api.act("PATCH", SERVICE, { metadata: { annotations: { [MODE]: null } } }));
    const writes = sent().others.filter(({ method }) => method !== "GET");
    const bare = (uid: string): unknown => ({
      metadata: {
        labels: { ...designation(null), "bellwether.dev/standby": null },
        annotations: { "bellwether.dev/standby.token": null },
        ...on(uid),
      },
    });
    expect(writes).toEqual([
      merge(SERVICE, {
        metadata: { annotations: { [KEPT]: null }, ...on(service) },
        spec: { selector: designation(null) },
      }),
      expect.objectContaining({
        method: "PATCH",
        path: `${LEASE}?fieldManager=bellwether`,
        body: expect.objectContaining({ spec: expect.objectContaining({ holderIdentity: "", leaseTransitions: 2 }) }),
      }),
      merge(`${PODS}/store-a`, fencing(first, record, epoch)),
      merge(`${PODS}/store-b`, fencing(second, record, epoch)),
      expect.objectContaining({
        method: "PATCH",
        path: `${LEASE}?fieldManager=bellwether`,
        body: {
          metadata: expect.objectContaining({
            annotations: { "bellwether.dev/released": expect.any(String) },
            uid: record,
          }),
        },
      }),
      merge(`${PODS}/store-a`, bare(first)),
      merge(`${PODS}/store-b`, bare(second)),
      expect.objectContaining({ method: "DELETE", path: LEASE }),
    ]);
  });
});
