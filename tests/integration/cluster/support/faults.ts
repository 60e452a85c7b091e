/** What befalls a writer, done as it happens to one: through the API, to its process, to its answers. */
import { succeed } from "../../../../infra/lab/api.ts";
import type { PodView } from "../../../../functions/kit/handover/model.ts";
import type { ClusterNode } from "../../../../infra/lab/node/cluster-node.ts";
import { askPod } from "./ask-pod.ts";
import { killAll, processesOf, signalAll } from "./processes.ts";

/** A pod of `createGroup`. */
export interface Victim {
  readonly namespace: string;
  readonly pod: Pick<PodView, "name" | "uid">;
}

export type Fault = (node: ClusterNode, victim: Victim) => Promise<unknown>;

const port = 8080;

/** Of the pod. */
export const pathOf = ({ namespace, pod }: Victim): string => `/api/v1/namespaces/${namespace}/pods/${pod.name}`;

export const deletePod: Fault = ({ api }, victim) => succeed(api, "DELETE", pathOf(victim));

/** @throws when none of its processes is on this machine. */
export const killContainer: Fault = (_, { pod }) => {
  const processes = processesOf(pod.uid);
  if (processes.length === 0) throw new Error(`pod ${pod.name} has no process`);
  killAll(processes);
  return Promise.resolve();
};

/** Of a pod whose container was killed: one that is killed again and again is started again later and later, so its pod goes instead. */
export const replace: Fault = ({ api }, victim) => succeed(api, "DELETE", `${pathOf(victim)}?gracePeriodSeconds=1`);

export interface WithAddress {
  readonly status: { readonly podIP: string };
}

const signalled =
  (signal: "SIGSTOP" | "SIGCONT"): Fault =>
  (_, { pod }) => {
    signalAll(processesOf(pod.uid), signal);
    return Promise.resolve();
  };

/** It keeps its connections and answers nothing, until `thaw`. */
export const freeze: Fault = signalled("SIGSTOP");

/** It goes on with what it was about to do. */
export const thaw: Fault = signalled("SIGCONT");

const answerWith =
  (status: number): Fault =>
  async ({ api }, victim) => {
    const { podIP } = (await succeed<WithAddress>(api, "GET", pathOf(victim))).status;
    await askPod(`http://${podIP}:${port}/${status}`, "POST");
  };

/** Until `mendProbe`. */
export const failProbe: Fault = answerWith(503);

export const mendProbe: Fault = answerWith(200);
