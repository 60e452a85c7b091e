/** A list+watch tells every disappearance, also across an outage of the API server. */
import { KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { createApi, succeed, type Api } from "../../../infra/lab/api.ts";
import { startControlPlane, type ControlPlane } from "../../../infra/lab/control-plane.ts";
import { listWatch } from "../../../infra/lab/list-watch.ts";

const PATH = "/api/v1/namespaces/default/configmaps";

let plane: ControlPlane;
let api: Api;
beforeAll(async () => {
  plane = await startControlPlane();
  api = createApi({ server: plane.server, caPem: plane.caPem, token: plane.token("admin") });
});
afterAll(async () => {
  api.close();
  await plane.stop();
});

const create = (name: string): Promise<KubeObject> => succeed(api, "POST", PATH, { body: { metadata: { name } } });

it("what exists is told before it resolves; changes follow in order; an outage loses none", async () => {
  await create("existing");
  const told: string[] = [];
  const waiting = new Map<string, () => void>();
  const heard = (entry: string): Promise<void> =>
    told.includes(entry) ? Promise.resolve() : new Promise((resolve) => waiting.set(entry, resolve));
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(plane.kubeconfig("admin"));
  const ending = new AbortController();
  await listWatch({
    kubeConfig,
    path: PATH,
    signal: ending.signal,
    onEvent: ({ type, object }) => {
      const entry = `${type} ${object.metadata.name}`;
      told.push(entry);
      waiting.get(entry)?.();
    },
  });
  expect(told).toContain("ADDED existing");

  await create("first");
  await create("second");
  await heard("ADDED second");
  expect(told.indexOf("ADDED first")).toBeLessThan(told.indexOf("ADDED second"));

  await plane.restart("kube-apiserver");
  await create("after-outage");
  await succeed(api, "DELETE", `${PATH}/first`);
  await Promise.all([heard("ADDED after-outage"), heard("DELETED first")]);
  expect(told.filter((entry) => entry === "ADDED second")).toHaveLength(1);

  ending.abort();
  await create("unheard");
  expect(told).not.toContain("ADDED unheard");
});
