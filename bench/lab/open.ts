/**
 * A lab for the length of a bench. It ends with the bench however that ends: by return, by failure, or because this process was
 * interrupted, of which the lab's own watchdog takes care.
 */
import { startLab, type Lab, type LabOptions } from "../../infra/lab/lab.ts";

/** Creating a thousand StatefulSets is no part of what is measured: the defaults of 200 requests/s would take minutes. */
const CONTROLLER_MANAGER_ARGS = [
  "--kube-api-qps=2000",
  "--kube-api-burst=4000",
  "--concurrent-statefulset-syncs=16",
] as const;

export interface OpenLab extends Lab {
  /** Aborted when the bench ends. */
  readonly signal: AbortSignal;
}

export const withLab = async <T>(work: (lab: OpenLab) => Promise<T>, options: LabOptions = {}): Promise<T> => {
  const lab = await startLab({ controllerManagerArgs: CONTROLLER_MANAGER_ARGS, ...options });
  const ending = new AbortController();
  try {
    return await work({ ...lab, signal: ending.signal });
  } finally {
    ending.abort();
    await lab.stop();
  }
};
