/** The observer over real sockets: nothing is lost while a watch is away, and what cannot be known is a gap. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { parse } from "yaml";
import {
  ENDPOINT_SLICES,
  apiVersionOf,
  listRequest,
  PODS,
  SERVICES,
  type Resource,
} from "../../../functions/kit/kube/request.ts";
import { CHECKERS } from "../../../functions/roles/labels.ts";
import { createMemoryApi, type MemoryApi } from "../../../infra/lab/memory/api.ts";
import { serveMemoryApi, type MemoryServer } from "../../../infra/lab/memory/http.ts";
import { observeMemory, startObserver, type Observer } from "../../../infra/lab/observer.ts";

const CHECKER_CRD = new URL("../../../infra/crds/leaderstatuscheckers.yaml", import.meta.url);
const LOCK_CRD = new URL("../../../infra/crds/statefulsetlocks.yaml", import.meta.url);
const PATH = listRequest(PODS, { namespace: "default" }).path;
const SEEN = { timeout: 5000, interval: 10 };

let api: MemoryApi;
let server: MemoryServer;
let complete: Observer;
let observer: Observer | undefined;

const kubeConfigOf = ({ url }: MemoryServer): KubeConfig => {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromClusterAndUser({ name: "memory", server: url, skipTLSVerify: true }, { name: "nobody" });
  return kubeConfig;
};

const create = (name: string): void => {
  const body = { metadata: { name }, spec: { containers: [{ name: "main", image: "example.invalid/main" }] } };
  api.handle({ method: "POST", path: PATH, contentType: "application/json", body });
};

const label = (name: string, value: string): void => {
  const contentType = "application/merge-patch+json";
  api.handle({ method: "PATCH", path: `${PATH}/${name}`, contentType, body: { metadata: { labels: { value } } } });
};

const remove = (name: string): void => {
  api.handle({ method: "DELETE", path: `${PATH}/${name}`, contentType: undefined, body: undefined });
};

/** Type, name, version and label of everything that was seen. */
const seen = ({ revisions }: Observer): readonly string[] =>
  revisions.map(({ type, resourceVersion, object: { metadata } }) =>
    [type, metadata.name, resourceVersion, metadata.labels?.["value"] ?? ""].join(" "),
  );

const start = async (): Promise<Observer> => {
  observer = await startObserver({ kubeConfig: kubeConfigOf(server) });
  return observer;
};

const restart = async (meanwhile: () => void): Promise<void> => {
  const port = Number(new URL(server.url).port);
  await server.close();
  meanwhile();
  server = await serveMemoryApi(api, { port });
};

beforeEach(async () => {
  api = createMemoryApi({ now: () => Date.now(), crds: [parse(readFileSync(LOCK_CRD, "utf8"))] });
  complete = observeMemory(api);
  server = await serveMemoryApi(api);
});

afterEach(async () => {
  await observer?.stop();
  await server.close();
});

test("sees every state from the first on, the deletion with the last one", async () => {
  const partial = await start();
  create("db-0");
  label("db-0", "one");
  label("db-0", "two");
  remove("db-0");
  await vi.waitFor(() => expect(seen(partial)).toEqual(seen(complete)), SEEN);
  expect(partial.revisions[0]?.object).toMatchObject({ apiVersion: "v1", kind: "Pod" });
  expect(partial.gaps).toEqual([]);
});

test("a lost connection loses no state", async () => {
  const partial = await start();
  create("db-0");
  await vi.waitFor(() => expect(seen(partial)).toEqual(seen(complete)), SEEN);
  await restart(() => {
    label("db-0", "one");
    label("db-0", "two");
  });
  await vi.waitFor(() => expect(seen(partial)).toEqual(seen(complete)), SEEN);
  expect(partial.gaps).toEqual([]);
});

test("what the server no longer remembers is a gap; what is left and what is gone is known again", async () => {
  create("db-0");
  create("db-1");
  create("db-2");
  const partial = await start();
  const [before] = complete.revisions.slice(-1);
  await restart(() => {
    remove("db-0");
    label("db-1", "one");
    label("db-1", "two");
    create("db-3");
    api.compact();
  });
  const last = complete.revisions.at(-1)?.resourceVersion ?? "";
  await vi.waitFor(() => expect(partial.gaps.map(({ resource }) => resource)).toContain("pods"), SEEN);
  const gap = partial.gaps.find(({ resource }) => resource === "pods");
  expect(gap).toEqual({ resource: "pods", after: before?.resourceVersion, until: last });
  expect(seen(partial).slice(3).toSorted()).toEqual([
    `ADDED db-3 ${last} `,
    `DELETED db-0 ${partial.revisions[0]?.resourceVersion} `,
    `MODIFIED db-1 ${Number(last) - 1} two`,
  ]);
});

test("a memory API is heard until the observer stops", async () => {
  create("db-0");
  await complete.stop();
  create("db-1");
  expect(complete.revisions.map(({ object }) => object.metadata.name)).toEqual(["db-0"]);
});

const createOf = (resource: Resource, metadata: object, rest: object): void => {
  const { path } = listRequest(resource, { namespace: "default" });
  const { status, body } = api.handle({
    method: "POST",
    path,
    contentType: "application/json",
    body: { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, ...rest },
  });
  expect({ status, body }).toMatchObject({ status: 201 });
};

test("Services, their slices and checkers are written down as well", async () => {
  await server.close();
  const crds = [LOCK_CRD, CHECKER_CRD].map((file) => parse(readFileSync(file, "utf8")));
  api = createMemoryApi({ now: () => Date.now(), crds });
  complete = observeMemory(api);
  server = await serveMemoryApi(api);
  const partial = await start();
  const annotations = { "qoqo.dev/service-mode": "active-standby" };
  createOf(SERVICES, { name: "store", annotations }, { spec: { selector: { app: "store" }, ports: [{ port: 80 }] } });
  const labels = { "kubernetes.io/service-name": "store" };
  const endpoints = [{ addresses: ["10.0.0.1"], targetRef: { kind: "Pod", name: "store-0", uid: "u" } }];
  createOf(ENDPOINT_SLICES, { name: "store-a", labels }, { addressType: "IPv4", ports: [], endpoints });
  const spec = { statefulSetName: "store", namespace: "default", rpcPort: 80, localDev: false };
  createOf(CHECKERS, { name: "store" }, { spec });
  await vi.waitFor(() => expect(seen(partial).toSorted()).toEqual(seen(complete).toSorted()), SEEN);
  expect(new Set(partial.revisions.map(({ object }) => object.kind))).toEqual(
    new Set(["Service", "EndpointSlice", "LeaderStatusChecker"]),
  );
});

test("a kind that the server does not know is left out; what may not be read is refused", async () => {
  const refusing = createServer(({ url = "" }, response) => {
    const status = url.includes("/pods") ? 200 : 404;
    response
      .writeHead(url.includes("/endpointslices") ? 403 : status)
      .end(JSON.stringify({ items: [], metadata: { resourceVersion: "1" } }));
  });
  await new Promise<void>((resolve) => {
    refusing.listen(0, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}`;
  const observing = startObserver({ kubeConfig: kubeConfigOf({ url } as MemoryServer) });
  await expect(observing).rejects.toThrow("endpointslices cannot be read");
  refusing.closeAllConnections();
  refusing.close();
});
