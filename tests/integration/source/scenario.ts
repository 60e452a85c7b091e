/**
 * The life of one StatefulSet and its lock in a fresh namespace, watched by real adapters and local sources alike; its event
 * stream is what the tests compare and what the samples are taken from.
 */
import { createApi, succeed, type Api } from "../../../infra/lab/api.ts";
import { startControlPlane, type ControlPlane } from "../../../infra/lab/control-plane.ts";
import { startKubelet } from "../../../infra/lab/kubelet.ts";
import { poll } from "../../../infra/lab/poll.ts";

export interface Stage {
  readonly plane: ControlPlane;
  readonly api: Api;
  close(): Promise<void>;
}

export const WATCHED = [
  { group: "", version: "v1", plural: "pods" },
  { group: "apps", version: "v1", plural: "statefulsets" },
  { group: "app.anukkrit.me", version: "v1", plural: "statefulsetlocks" },
] as const;

const LOCKS = "/apis/app.anukkrit.me/v1";
const MERGE = "application/merge-patch+json";
const POLL = { everyMs: 20, deadlineMs: 30_000 };

export const openStage = async (): Promise<Stage> => {
  const plane = await startControlPlane({ log: () => undefined });
  const api = createApi({ server: plane.server, caPem: plane.caPem, token: plane.token("admin") });
  const kubelet = await startKubelet({ plane });
  return {
    plane,
    api,
    close: async () => {
      kubelet.stop();
      api.close();
      await plane.stop();
    },
  };
};

export const createNamespace = async ({ api }: Stage, name: string): Promise<void> => {
  await succeed(api, "POST", "/api/v1/namespaces", { body: { metadata: { name } } });
};

const statefulSet = (selector: Readonly<Record<string, string>>): unknown => ({
  metadata: {
    name: "db",
    labels: selector,
    // Characters that Go's JSON escapes, and keys that JavaScript would put into another order.
    annotations: { note: "a <b> & \u2028 é 😀", "10": "ten", "9": "nine" },
  },
  spec: {
    replicas: 2,
    serviceName: "db",
    podManagementPolicy: "Parallel",
    selector: { matchLabels: selector },
    template: {
      metadata: { labels: selector },
      spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "db", image: "db:1" }] },
    },
  },
});

const lock = {
  apiVersion: "app.anukkrit.me/v1",
  kind: "StatefulSetLock",
  metadata: { name: "db" },
  spec: { statefulSetName: "db", leaseName: "db-writer", leaseDurationSeconds: 30 },
};

interface ReplicaView {
  readonly status?: { readonly readyReplicas?: number };
}

const readyReplicas = async (api: Api, path: string): Promise<number> => {
  const set = await succeed<ReplicaView>(api, "GET", path);
  return set.status?.readyReplicas ?? 0;
};

interface ListView {
  readonly items: readonly unknown[];
}

/** Two pods come up, one is relabelled, the lock and the set are deleted; resolves when the last pod is gone. */
export const playScenario = async ({ api }: Stage, namespace: string): Promise<void> => {
  const sets = `/apis/apps/v1/namespaces/${namespace}/statefulsets`;
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const locks = `${LOCKS}/namespaces/${namespace}/statefulsetlocks`;
  await succeed(api, "POST", sets, { body: statefulSet({ app: "db" }) });
  await succeed(api, "POST", locks, { body: lock });
  await poll(async () => ((await readyReplicas(api, `${sets}/db`)) === 2 ? true : undefined), {
    what: "pods ready",
    ...POLL,
  });
  const relabelled = { metadata: { labels: { "sts-role": "writer" } } };
  await succeed(api, "PATCH", `${pods}/db-0`, { contentType: MERGE, body: relabelled });
  await succeed(api, "DELETE", `${locks}/db`);
  await succeed(api, "DELETE", `${sets}/db`);
  await poll(
    async () => {
      const list = await succeed<ListView>(api, "GET", pods);
      return list.items.length === 0 ? true : undefined;
    },
    { what: "pods gone", ...POLL },
  );
};
