import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Client } from "../../../infra/lab/memory/conformance/client.ts";
import { createClient } from "../../../infra/lab/memory/conformance/client.ts";
import type { MemoryServer } from "../../../infra/lab/memory/http.ts";
import { serveMemoryApi } from "../../../infra/lab/memory/http.ts";
import type { Cluster } from "./support.ts";
import { createCluster, pod, PODS_PATH } from "./support.ts";

describe("the memory API over HTTP", () => {
  let cluster: Cluster;
  let server: MemoryServer;
  let client: Client;
  beforeEach(async () => {
    cluster = createCluster();
    server = await serveMemoryApi(cluster.api);
    client = createClient({ url: server.url });
  });
  afterEach(async () => {
    client.close();
    await server.close();
  });

  it("tells the injected time in the Date header", async () => {
    const { headers } = await fetch(`${server.url}/version`);
    expect(headers.get("date")).toBe("Thu, 01 Jan 2026 00:00:00 GMT");
  });

  it("is ready", async () => {
    expect(await (await fetch(`${server.url}/readyz`)).text()).toBe("ok");
  });

  it("streams a watch until the client stops", async () => {
    const types: string[] = [];
    const events = await client.watch(`${PODS_PATH}?watch=true`);
    cluster.send("POST", PODS_PATH, pod("a"));
    cluster.send("DELETE", `${PODS_PATH}/a`);
    for await (const { type } of events) {
      types.push(type);
      if (type === "DELETED") break;
    }
    expect(types).toEqual(["ADDED", "MODIFIED", "DELETED"]);
  });

  it("ends a watch after timeoutSeconds, with a bookmark before the end", async () => {
    const types: string[] = [];
    for await (const { type } of await client.watch(
      `${PODS_PATH}?watch=1&timeoutSeconds=1&resourceVersion=5&allowWatchBookmarks=true`,
    )) {
      types.push(type);
    }
    expect(types).toEqual(["BOOKMARK"]);
  });

  it("ends a watch whose history is gone after its ERROR", async () => {
    cluster.api.compact();
    const types: string[] = [];
    for await (const { type } of await client.watch(`${PODS_PATH}?watch=1&resourceVersion=1`)) types.push(type);
    expect(types).toEqual(["ERROR"]);
  });

  it.each([
    ["a selector that cannot be parsed", `${PODS_PATH}?watch=1&labelSelector=%3D`, 400],
    ["a resource that is not served", "/api/v1/nothings?watch=1", 404],
  ])("refuses to watch %s", async (_case, path, status) => {
    expect((await fetch(`${server.url}${path}`)).status).toBe(status);
  });
});
