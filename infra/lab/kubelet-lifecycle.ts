/**
 * Takes each pod through its life (bind, start, end) as the watch tells of it: each step once, later while its node is
 * silent, again while the API server is away.
 */
import { setTimeout } from "node:timers/promises";
import type { Api } from "./api.ts";
import type { Nodes } from "./kubelet-nodes.ts";
import { bindPod, removePod, reportPod, type Pod } from "./kubelet-pod.ts";
import type { ListWatchEvent } from "./list-watch.ts";

export interface LifecycleOptions {
  readonly api: Api;
  readonly nodes: Nodes;
  /** Whether the pod may become Ready when it starts. */
  readonly mayBeReady: (pod: Pod) => boolean;
  /** The address of the pod; undefined: one that nobody listens on. */
  readonly addressOf: (pod: Pod) => string | undefined;
  readonly startDelayMs: number;
  readonly terminationMs: number;
  /** Ends all work. */
  readonly signal: AbortSignal;
}

export interface Lifecycle {
  readonly onEvent: (event: ListWatchEvent<Pod>) => void;
  /** Takes the steps that were left out while a node was silent. */
  readonly resume: () => void;
}

type Step = "bind" | "start" | "end";

/** One pod as the watch last told it, and which steps of its life were taken. */
interface Tracked {
  pod: Pod;
  readonly podIP: string;
  readonly taken: Set<Step>;
}

const retryMs = 200;

/** Unique within a lab: 10.64.0.1 upwards. */
const podAddress = (index: number): string => `10.${64 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;

const dueStep = ({ metadata, spec, status }: Pod): Step | undefined => {
  if (metadata.deletionTimestamp !== undefined) return "end";
  if (spec.nodeName === undefined) return "bind";
  return (status?.phase ?? "Pending") === "Pending" ? "start" : undefined;
};

const delayMs = (step: Step, { metadata }: Pod, options: LifecycleOptions): number => {
  if (step === "start") return options.startDelayMs;
  const graceMs = (metadata.deletionGracePeriodSeconds ?? 0) * 1000;
  return step === "end" ? Math.min(options.terminationMs, graceMs) : 0;
};

export const createLifecycle = (options: LifecycleOptions): Lifecycle => {
  const { api, nodes, signal } = options;
  const pods = new Map<string, Tracked>();
  let addresses = 0;

  const start = async ({ pod, podIP }: Tracked): Promise<void> => {
    const hostIP = nodes.addressOf(pod.spec.nodeName ?? "");
    const ready = options.mayBeReady(pod);
    const started = await reportPod(api, pod, { podIP, hostIP, ready, crashed: false });
    // It may have been released while it was reported held.
    if (started !== undefined && !ready && options.mayBeReady(pod)) {
      await reportPod(api, started, { podIP, hostIP, ready: true, crashed: false });
    }
  };

  /** A pod that fits no node stays Pending, as it does where no node is ever added. */
  const bind = async (pod: Pod): Promise<void> => {
    const node = nodes.choose(pod.spec.nodeSelector ?? {});
    if (node !== undefined) await bindPod(api, pod, node);
  };

  const take = (step: Step, tracked: Tracked): Promise<void> => {
    if (step === "bind") return bind(tracked.pod);
    return step === "end" ? removePod(api, tracked.pod) : start(tracked);
  };

  const isSilent = ({ spec }: Pod): boolean =>
    signal.aborted || (spec.nodeName !== undefined && !nodes.isAwake(spec.nodeName));

  const advance = async (tracked: Tracked): Promise<void> => {
    const step = dueStep(tracked.pod);
    if (step === undefined || tracked.taken.has(step) || isSilent(tracked.pod)) return;
    tracked.taken.add(step);
    const waitMs = delayMs(step, tracked.pod, options);
    if (waitMs > 0) await setTimeout(waitMs);
    try {
      if (isSilent(tracked.pod)) tracked.taken.delete(step);
      else await take(step, tracked);
    } catch {
      // The API server is away or refuses for now.
      tracked.taken.delete(step);
      await setTimeout(retryMs);
      await advance(tracked);
    }
  };

  const onEvent = ({ type, object: pod }: ListWatchEvent<Pod>): void => {
    const { uid } = pod.metadata;
    if (type === "DELETED") {
      pods.delete(uid);
      return;
    }
    const known = pods.get(uid);
    const podIP = known?.podIP ?? options.addressOf(pod) ?? podAddress((addresses += 1));
    const tracked = known ?? { pod, podIP, taken: new Set() };
    tracked.pod = pod;
    pods.set(uid, tracked);
    void advance(tracked);
  };

  const resume = (): void => {
    for (const tracked of pods.values()) void advance(tracked);
  };

  return { onEvent, resume };
};
