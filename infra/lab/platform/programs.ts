/** The images whose pods the platform can run: Knative's adapters, which its controller starts for our sources. */
import { statSync } from "node:fs";
import { readAuditLog } from "../audit.ts";
import { findBinary } from "../binaries.ts";
import type { ControlPlane } from "../control-plane.ts";
import { freePort } from "../ports.ts";
import { logToStderr } from "../progress.ts";
import type { Probe } from "./part.ts";
import type { PodAccess } from "./pod-token.ts";
import type { Program } from "./pod-runner.ts";

/** The image by which Knative's manifests name a program before they are released. */
const imageOf = (adapter: string): string => `ko://knative.dev/eventing/cmd/${adapter}`;

const environment = async ({ kubeconfigFile }: PodAccess): Promise<Readonly<Record<string, string>>> => ({
  KUBECONFIG: kubeconfigFile,
  PROFILING_PORT: String(await freePort()),
});

interface SourceConfig {
  readonly resources: readonly { readonly gvr: { readonly Resource: string } }[];
}

/**
 * Undefined once the API server has accepted a watch for each resource of the source. The adapter's own probe answers on a port that
 * adapters beside each other share here.
 */
const watchesAreOpen = (plane: ControlPlane, { user }: PodAccess, config: SourceConfig): Probe => {
  const logStart = statSync(plane.auditLogFile).size;
  return async () => {
    const events = readAuditLog(plane.auditLogFile, logStart).filter(
      (event) => event.stage === "ResponseStarted" && event.verb === "watch" && event.user.username === user,
    );
    const opened = new Set(events.map(({ objectRef }) => objectRef?.resource));
    const missing = config.resources.map(({ gvr }) => gvr.Resource).filter((resource) => !opened.has(resource));
    return missing.length === 0 ? undefined : `no watch yet on ${missing.join(", ")}`;
  };
};

/** Knative's adapters: one for each ApiServerSource, one for all PingSources. */
export const adapterPrograms = async (plane: ControlPlane): Promise<readonly Program[]> => {
  const objects = await findBinary("apiserver_receive_adapter", { log: logToStderr });
  const pings = await findBinary("mtping", { log: logToStderr });
  return [
    {
      image: imageOf("apiserver_receive_adapter"),
      command: () => [objects],
      environment,
      readiness: (access, { K_SOURCE_CONFIG = "" }) => watchesAreOpen(plane, access, JSON.parse(K_SOURCE_CONFIG)),
    },
    { image: imageOf("mtping"), command: () => [pings], environment },
  ];
};
