/**
 * What our manifests are deployed on: the real Knative and KEDA on a lab, as much of them as a test asks for. Their processes end with the
 * lab.
 */
import type { Lab } from "../lab.ts";
import { openKeda, startKedaOperator } from "./keda.ts";
import { EVENTING, openKnative, SERVING, startKnativeController } from "./knative.ts";
import { runPods, type PodRunner, type Program } from "./pod-runner.ts";
import { adapterPrograms } from "./programs.ts";

/** `admission`: CRDs, configuration and the webhook. `running`: the controllers too. */
type Extent = "admission" | "running";

export interface PlatformOptions {
  /** `running` also runs the adapters, as pods in the system's namespace and in `namespaces`. */
  readonly eventing?: Extent;
  readonly serving?: "admission";
  readonly keda?: Extent;
  /** Where pods are real: each becomes Ready only by its program. Default: `bellwether`. */
  readonly namespaces?: readonly string[];
  /** What runs there beside the adapters. */
  readonly programs?: readonly Program[];
}

export interface Platform {
  readonly pods: PodRunner;
  /** Ends the pods' programs; comes before the lab's own `stop`. */
  readonly stop: () => Promise<void>;
}

const openParts = async (lab: Lab, { eventing, serving, keda }: PlatformOptions): Promise<void> => {
  await Promise.all([
    eventing && openKnative(lab, EVENTING),
    serving && openKnative(lab, SERVING),
    keda && openKeda(lab),
  ]);
  await Promise.all([
    eventing === "running" && startKnativeController(lab, EVENTING),
    keda === "running" && startKedaOperator(lab),
  ]);
};

/** Resolves once everything asked for is ready. @throws with the reason and the log of the part that is not within a minute. */
export const openPlatform = async (lab: Lab, options: PlatformOptions): Promise<Platform> => {
  const { eventing, namespaces = ["bellwether"], programs = [] } = options;
  const pods = await runPods(lab, {
    namespaces: [EVENTING.namespace, ...namespaces],
    programs: [...(eventing === "running" ? await adapterPrograms(lab.plane) : []), ...programs],
  });
  try {
    await openParts(lab, options);
  } catch (error) {
    await pods.stop();
    throw error;
  }
  return { pods, stop: pods.stop };
};
