/**
 * Runs Knative's real ApiServerSource adapter against the lab, configured as the eventing controller would configure it, so
 * that tests get the very events, delays, repetitions and gaps that a cluster produces.
 */
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { readAuditLog, type AuditEvent } from "./audit.ts";
import { findBinary } from "./binaries.ts";
import type { ControlPlane } from "./control-plane.ts";
import { kubeconfigFor } from "./identities.ts";
import { poll } from "./poll.ts";
import { freePort } from "./ports.ts";
import type { LabProcess } from "./processes.ts";
import { logToStderr } from "./progress.ts";

export interface Adapter {
  readonly pid: number;
  readonly logFile: string;
  /** Undefined while it runs; afterwards how it ended. */
  readonly failure: () => string | undefined;
  /** Ends the process and resolves once it is gone; a frozen one needs SIGKILL. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
}

export interface WatchedResource {
  /** Empty for the core API. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** A label selector such as `app=db`. */
  readonly selector?: string;
}

export interface ApiServerAdapterOptions {
  readonly plane: ControlPlane;
  /** A ServiceAccount of infra/rbac, or `admin`. */
  readonly identity: string;
  /** URL that receives the CloudEvents. */
  readonly sink: string;
  /** Name of the source; unique among the adapters of one lab. */
  readonly name: string;
  /** Undefined: all namespaces, through one watch per resource. */
  readonly namespaces?: readonly string[];
  readonly resources: readonly WatchedResource[];
  /** Where it finds the API server; default: the plane's own address. */
  readonly server?: string;
}

const startDeadlineMs = 30_000;
const pollMs = 20;

/** What the adapter may still miss after its watch was accepted: the objects with which the server opens the stream. */
const openingMs = 100;

export const adapterOf = (process: LabProcess, defaultSignal: NodeJS.Signals): Adapter => ({
  pid: process.pid,
  logFile: process.logFile,
  failure: process.failure,
  stop: async (signal = defaultSignal) => {
    process.kill(signal);
    await process.exited;
  },
});

/** https://github.com/knative/eventing/blob/knative-v1.23.0/pkg/adapter/apiserver/config.go */
const sourceConfig = ({ namespaces, resources }: ApiServerAdapterOptions): string =>
  JSON.stringify({
    namespaces: namespaces ?? [""],
    allNamespaces: namespaces === undefined,
    mode: "Resource",
    resources: resources.map(({ group, version, plural, selector }) => ({
      gvr: { Group: group, Version: version, Resource: plural },
      selector,
    })),
  });

const kubeconfigAt = ({ plane, identity, name, server = plane.server }: ApiServerAdapterOptions): string => {
  const file = join(plane.dataDir, `kubeconfig-${name}.yaml`);
  const text = kubeconfigFor({ name: identity, token: plane.token(identity) }, server, plane.caPem);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
};

/** Adapter and function may run under the same account: the user agent tells them apart. */
const opensWatch = (event: AuditEvent, plural: string, namespace: string | undefined): boolean =>
  event.stage === "ResponseStarted" &&
  event.userAgent?.startsWith("apiserver_receive_adapter/") === true &&
  event.objectRef?.resource === plural &&
  event.objectRef.namespace === namespace;

/**
 * Resolves once the API server has accepted every watch: changes from then on are delivered.
 * @throws with the adapter's log when it ends early, or when a watch is not accepted within 30 s (see its `logFile`).
 */
export const startApiServerAdapter = async (options: ApiServerAdapterOptions): Promise<Adapter> => {
  const { plane, name, namespaces, resources } = options;
  const file = await findBinary("apiserver_receive_adapter", { log: logToStderr });
  const kubeconfig = options.server === undefined ? plane.kubeconfig(options.identity) : kubeconfigAt(options);
  const logStart = statSync(plane.auditLogFile).size;
  const adapter = plane.processes.start({
    name: `apiserversource-${name}`,
    file,
    args: [],
    env: {
      KUBECONFIG: kubeconfig,
      NAMESPACE: namespaces?.[0] ?? "default",
      NAME: name,
      K_SINK: options.sink,
      K_SOURCE_CONFIG: sourceConfig(options),
      PROFILING_PORT: String(await freePort()),
    },
  });
  const wanted = resources.flatMap(({ plural }) =>
    (namespaces ?? [undefined]).map((namespace) => ({ plural, namespace })),
  );
  await poll(
    async () => {
      const failure = adapter.failure();
      if (failure !== undefined) throw new Error(failure);
      const events = readAuditLog(plane.auditLogFile, logStart);
      const isOpen = wanted.every(({ plural, namespace }) =>
        events.some((event) => opensWatch(event, plural, namespace)),
      );
      return isOpen ? true : undefined;
    },
    {
      what: `watches of ${adapter.name} (log: ${adapter.logFile})`,
      everyMs: pollMs,
      deadlineMs: startDeadlineMs,
    },
  );
  await setTimeout(openingMs);
  return adapterOf(adapter, "SIGTERM");
};
