/** A memory API with a clock that the test moves, and short ways to send requests to it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { KubeResponse } from "../../../functions/kit/kube/request.ts";
import type { MemoryApi } from "../../../infra/lab/memory/api.ts";
import { createMemoryApi } from "../../../infra/lab/memory/api.ts";

const CRDS = join(import.meta.dirname, "../../../infra/crds");

/** The shipped CustomResourceDefinitions. */
export const shippedCrds: readonly unknown[] = readdirSync(CRDS)
  .filter((file) => file.endsWith(".yaml"))
  .map((file): unknown => parse(readFileSync(join(CRDS, file), "utf8")))
  .filter((document) => (document as { readonly kind?: string }).kind === "CustomResourceDefinition");

export interface Cluster {
  readonly api: MemoryApi;
  readonly clock: { nowMs: number };
  readonly send: (method: string, path: string, body?: unknown, manager?: string) => KubeResponse;
  /** As `send`, of which the test expects an object. */
  readonly object: (method: string, path: string, body?: unknown, manager?: string) => KubeObject;
}

export const PODS_PATH = "/api/v1/namespaces/default/pods";
export const LEASES_PATH = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
export const LOCKS_PATH = "/apis/app.anukkrit.me/v1/namespaces/default/statefulsetlocks";
export const SETS_PATH = "/apis/apps/v1/namespaces/default/statefulsets";

export const pod = (name: string, metadata: Readonly<Record<string, unknown>> = {}): unknown => ({
  metadata: { name, ...metadata },
  spec: { containers: [{ name: "main", image: "image:1" }] },
});

export const lock = (name: string, metadata: Readonly<Record<string, unknown>> = {}): unknown => ({
  apiVersion: "app.anukkrit.me/v1",
  kind: "StatefulSetLock",
  metadata: { name, ...metadata },
  spec: { statefulSetName: "set", leaseName: "lease", leaseDurationSeconds: 10 },
});

export const createCluster = (): Cluster => {
  const clock = { nowMs: Date.UTC(2026, 0, 1) };
  const api = createMemoryApi({ now: () => clock.nowMs, crds: shippedCrds });
  const send: Cluster["send"] = (method, path, body, manager = "test") => {
    const contentType = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    return api.handle({ method, path, contentType, body }, { manager, user: "someone" });
  };
  return {
    api,
    clock,
    send,
    object: (...request) => {
      const { status, body } = send(...request);
      if (status >= 300) throw new Error(`${request[0]} ${request[1]}: ${JSON.stringify(body)}`);
      return body as KubeObject;
    },
  };
};
