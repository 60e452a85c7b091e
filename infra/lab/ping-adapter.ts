/**
 * Runs Knative's real PingSource adapter against the lab, with the little that it needs from a Knative installation: the CRD,
 * two ConfigMaps, and the status that the eventing controller would write.
 */
import { readFileSync } from "node:fs";
import { adapterOf, type Adapter } from "./adapters.ts";
import { createApi, succeed, type Api } from "./api.ts";
import { findBinary } from "./binaries.ts";
import type { ControlPlane } from "./control-plane.ts";
import { ADMIN } from "./identities.ts";
import { applyManifest, crdServed, type Manifest } from "./manifests.ts";
import { poll } from "./poll.ts";
import { freePort } from "./ports.ts";
import type { LabProcess } from "./processes.ts";
import { logToStderr } from "./progress.ts";

interface PingSourceOptions {
  readonly namespace: string;
  readonly name: string;
  /** Five or six cron fields; with six the first is seconds. */
  readonly schedule: string;
  /** URL that receives the CloudEvents, up to 0.5 s after each scheduled time. */
  readonly sink: string;
}

export interface PingAdapter extends Adapter {
  /** Resolves once the adapter has scheduled the source. @throws when it has not within 30 s. */
  readonly createPingSource: (options: PingSourceOptions) => Promise<void>;
}

const SYSTEM_NAMESPACE = "knative-eventing";
const startDeadlineMs = 30_000;
const pollMs = 20;

const CRD = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "pingsources.sources.knative.dev" },
  spec: {
    group: "sources.knative.dev",
    scope: "Namespaced",
    names: {
      kind: "PingSource",
      listKind: "PingSourceList",
      plural: "pingsources",
      singular: "pingsource",
    },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        },
      },
    ],
  },
};

const configMap = (name: string): Manifest => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: SYSTEM_NAMESPACE },
});

const collection = (namespace: string): string => `/apis/sources.knative.dev/v1/namespaces/${namespace}/pingsources`;

const installKnativeParts = async (api: Api): Promise<void> => {
  await applyManifest(api, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: SYSTEM_NAMESPACE },
  });
  await Promise.all(
    [CRD, configMap("config-logging"), configMap("config-observability")].map((m) => applyManifest(api, m)),
  );
  await crdServed(api, CRD);
};

const logged = (adapter: LabProcess, texts: readonly string[]): Promise<true> =>
  poll(
    async () => {
      const failure = adapter.failure();
      if (failure !== undefined) throw new Error(failure);
      const lines = readFileSync(adapter.logFile, "utf8").split("\n");
      return lines.some((line) => texts.every((text) => line.includes(text))) ? true : undefined;
    },
    {
      what: `${texts.join(" ")} in ${adapter.logFile}`,
      everyMs: pollMs,
      deadlineMs: startDeadlineMs,
    },
  );

const createSource = async (api: Api, { namespace, name, schedule, sink }: PingSourceOptions): Promise<void> => {
  await applyManifest(api, {
    apiVersion: "sources.knative.dev/v1",
    kind: "PingSource",
    metadata: { name, namespace },
    spec: { schedule, contentType: "application/json", data: "{}", sink: { uri: sink } },
  });
  const conditions = ["Ready", "Deployed", "SinkProvided"].map((type) => ({
    type,
    status: "True",
  }));
  await succeed(api, "PATCH", `${collection(namespace)}/${name}/status`, {
    body: { status: { sinkUri: sink, conditions } },
    contentType: "application/merge-patch+json",
  });
};

/**
 * Resolves once the adapter serves PingSources. It ends by SIGKILL, because on SIGTERM it waits for the top of a minute.
 * @throws with the adapter's log when it ends early.
 */
export const startPingAdapter = async ({ plane }: { readonly plane: ControlPlane }): Promise<PingAdapter> => {
  const file = await findBinary("mtping", { log: logToStderr });
  const api = createApi({ server: plane.server, caPem: plane.caPem, token: plane.token(ADMIN) });
  await installKnativeParts(api);
  const adapter = plane.processes.start({
    name: "pingsource",
    file,
    args: ["--disable-ha"],
    env: {
      KUBECONFIG: plane.kubeconfig(ADMIN),
      NAMESPACE: SYSTEM_NAMESPACE,
      SYSTEM_NAMESPACE,
      PROFILING_PORT: String(await freePort()),
    },
  });
  await logged(adapter, ["Started workers"]);
  const { stop, ...rest } = adapterOf(adapter, "SIGKILL");
  return {
    ...rest,
    createPingSource: async (options) => {
      await createSource(api, options);
      await logged(adapter, ["Synchronizing schedule", `${options.namespace}/${options.name}`]);
    },
    stop: async (signal) => {
      api.close();
      await stop(signal);
    },
  };
};
