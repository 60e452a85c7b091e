/**
 * The kubelet and the scheduler of the memory API: pods become bound, ready, broken or gone when the caller says so.
 */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { objectOf, PODS } from "../../../functions/kit/kube/request.ts";
import type { MemoryApi } from "./api.ts";
import type { Stepper } from "./collector.ts";
import { createDriver } from "./driver.ts";
import type { Fields } from "./json.ts";
import { fieldsOf, listIn, textIn } from "./json.ts";
import { timeText } from "./metadata.ts";

export interface MemoryKubelet extends Stepper {
  /** Assigns the pod to a node. */
  readonly bind: (namespace: string, name: string, node?: string) => void;
  /** Writes the pod's status as running and ready or not; returns the resourceVersion of that write. */
  readonly setReady: (namespace: string, name: string, ready: boolean) => string;
  /**
   * Its container ends with an error and starts again: one restart more, not ready. Returns the resourceVersion of
   * that write.
   */
  readonly crash: (namespace: string, name: string) => string;
  /** Ends a graceful deletion: the pod is gone. */
  readonly finish: (namespace: string, name: string) => void;
  /** Binds what is unbound, readies what never was, finishes what is being deleted. */
  readonly step: () => boolean;
}

const DEFAULT_NODE = "node-1";
const CRASH_EXIT_CODE = 1;

const isOurs = (type: unknown): boolean => type === "Ready" || type === "ContainersReady" || type === "Initialized";

const conditionsOf = (pod: KubeObject, ready: boolean, now: string): readonly Fields[] => {
  const old = listIn(fieldsOf(pod.status)["conditions"]).map(fieldsOf);
  const condition = (type: string, status: "True" | "False"): Fields => {
    const before = old.find((candidate) => candidate["type"] === type);
    const lastTransitionTime = before?.["status"] === status ? before["lastTransitionTime"] : now;
    return { type, status, lastProbeTime: null, lastTransitionTime };
  };
  const state = ready ? "True" : "False";
  return [
    ...old.filter(({ type }) => !isOurs(type)),
    condition("Initialized", "True"),
    condition("ContainersReady", state),
    condition("Ready", state),
  ];
};

const restartsOf = (pod: KubeObject): number =>
  Number(fieldsOf(listIn(fieldsOf(pod.status)["containerStatuses"])[0])["restartCount"] ?? 0);

interface State {
  readonly ready: boolean;
  readonly restarts: number;
  readonly now: string;
}

const containersOf = (pod: KubeObject, { ready, restarts, now }: State): readonly Fields[] =>
  listIn(fieldsOf(pod.spec)["containers"]).map((container) => ({
    name: fieldsOf(container)["name"],
    image: fieldsOf(container)["image"],
    imageID: "",
    ready,
    restartCount: restarts,
    state: { running: { startedAt: now } },
    lastState: restarts === 0 ? {} : { terminated: { exitCode: CRASH_EXIT_CODE, reason: "Error", finishedAt: now } },
  }));

export const createMemoryKubelet = (api: MemoryApi): MemoryKubelet => {
  const driver = createDriver(api, "kubelet");
  let addresses = 0;
  const podAt = (namespace: string, name: string): KubeObject => {
    const response = driver.get(PODS, namespace, name);
    if (response.status === 200) return objectOf(response);
    throw new Error(`pod: got ${namespace}/${name}, accepts the name of a pod that exists`);
  };
  const addressOf = (pod: KubeObject): string => {
    const known = textIn(fieldsOf(pod.status)["podIP"]);
    if (known !== undefined) return known;
    addresses += 1;
    return `10.1.${(addresses >> 8) & 255}.${addresses & 255}`;
  };
  const write = (pod: KubeObject, ready: boolean, restarts: number): string => {
    const now = timeText(api.now());
    const podIP = addressOf(pod);
    const status = {
      phase: "Running",
      podIP,
      podIPs: [{ ip: podIP }],
      startTime: fieldsOf(pod.status)["startTime"] ?? now,
      conditions: conditionsOf(pod, ready, now),
      containerStatuses: containersOf(pod, { ready, restarts, now }),
    };
    return objectOf(driver.patch(PODS, pod, { status }, "status")).metadata.resourceVersion;
  };
  const finish = (pod: KubeObject): void => {
    driver.remove(PODS, pod, { gracePeriodSeconds: 0 });
  };
  /** True when the pod needed something. */
  const attend = (pod: KubeObject): boolean => {
    if (pod.metadata.deletionTimestamp !== undefined) {
      finish(pod);
      return driver.get(PODS, pod.metadata.namespace ?? "", pod.metadata.name).status !== 200;
    }
    const unbound = textIn(fieldsOf(pod.spec)["nodeName"]) === undefined;
    if (unbound) driver.bind(pod, DEFAULT_NODE);
    else if (fieldsOf(pod.status)["phase"] === "Pending") write(pod, true, 0);
    else return false;
    return true;
  };
  return {
    bind: (namespace, name, node = DEFAULT_NODE) => {
      driver.bind(podAt(namespace, name), node);
    },
    setReady: (namespace, name, ready) => {
      const pod = podAt(namespace, name);
      return write(pod, ready, restartsOf(pod));
    },
    crash: (namespace, name) => {
      const pod = podAt(namespace, name);
      return write(pod, false, restartsOf(pod) + 1);
    },
    finish: (namespace, name) => finish(podAt(namespace, name)),
    step: () => driver.list(PODS).map(attend).includes(true),
  };
};
