/** The real ApiServerSource adapter in Reference mode, its default, which the lab's own helper does not offer. */
import { setTimeout as sleep } from "node:timers/promises";
import { succeed } from "../../../infra/lab/api.ts";
import { findBinary } from "../../../infra/lab/binaries.ts";
import { freePort } from "../../../infra/lab/ports.ts";
import type { Recorder } from "../../contract/events/recorder.ts";
import { WATCHED, type Stage } from "./scenario.ts";

const PROBE_MS = 100;

/**
 * Resolves when it delivers changes of pods in the namespace. Ends with the stage. Probe pods that say so are gone by then, but their
 * events are in the recorder.
 */
export const startReferenceAdapter = async (stage: Stage, namespace: string, sink: Recorder): Promise<void> => {
  const { plane, api } = stage;
  plane.processes.start({
    name: `reference-${namespace}`,
    file: await findBinary("apiserver_receive_adapter", { log: () => undefined }),
    args: [],
    env: {
      KUBECONFIG: plane.kubeconfig("admin"),
      NAMESPACE: namespace,
      NAME: "reference",
      K_SINK: sink.url,
      K_SOURCE_CONFIG: JSON.stringify({
        namespaces: [namespace],
        mode: "Reference",
        resources: WATCHED.map(({ group, version, plural }) => ({
          gvr: { Group: group, Version: version, Resource: plural },
        })),
      }),
      PROFILING_PORT: String(await freePort()),
    },
  });
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const spec = { nodeSelector: { none: "fits" }, containers: [{ name: "c", image: "i" }] };
  // The adapter says nothing when its watch is open, so changes are made until one of them arrives.
  const attempt = async (probe: number): Promise<void> => {
    if (sink.received.length > 0) return;
    await succeed(api, "POST", pods, { body: { metadata: { name: `probe-${probe}` }, spec } });
    await succeed(api, "DELETE", `${pods}/probe-${probe}`, { body: { gracePeriodSeconds: 0 } });
    await sleep(PROBE_MS);
    await attempt(probe + 1);
  };
  await attempt(0);
};
