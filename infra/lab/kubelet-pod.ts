/** What scheduler and kubelet write about one pod: its binding, its status, its removal. Each write is conditional on the uid. */
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import type { Answer, Api } from "./api.ts";

export interface Pod extends KubeObject {
  readonly metadata: KubeObject["metadata"] & { readonly deletionGracePeriodSeconds?: number };
  readonly spec: {
    readonly nodeName?: string;
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly containers: readonly { readonly name: string; readonly image?: string }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly hostIP?: string;
    readonly startTime?: string;
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly restartCount: number;
    }[];
  };
}

export interface PodReport {
  readonly podIP: string;
  readonly hostIP: string;
  readonly ready: boolean;
  /** Whether the containers have just died; each then counts one more restart. */
  readonly crashed: boolean;
}

const killedExitCode = 137;

const podPath = ({ metadata }: Pod): string => `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;

/** The pod changed or vanished meanwhile: not a failure, the watch tells the rest. */
const isOutrun = (status: number): boolean => status === 404 || status === 409;

const written = (answer: Answer<Pod>, what: string): Pod | undefined => {
  if (answer.status < 300) return answer.body;
  if (isOutrun(answer.status)) return undefined;
  throw new Error(`${what} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
};

export const bindPod = async (api: Api, pod: Pod, node: string): Promise<void> => {
  const { name, uid } = pod.metadata;
  const target = { apiVersion: "v1", kind: "Node", name: node };
  const body = { apiVersion: "v1", kind: "Binding", metadata: { name, uid }, target };
  written(await api.call("POST", `${podPath(pod)}/binding`, { body }), `binding ${name}`);
};

export const removePod = async (api: Api, pod: Pod): Promise<void> => {
  const { name, uid } = pod.metadata;
  const body = { gracePeriodSeconds: 0, preconditions: { uid } };
  written(await api.call("DELETE", podPath(pod), { body }), `removing ${name}`);
};

const containerState = (crashed: boolean, now: string): Readonly<Record<string, unknown>> => {
  if (!crashed) return { state: { running: { startedAt: now } } };
  const terminated = { exitCode: killedExitCode, reason: "Error", startedAt: now, finishedAt: now };
  return { state: { terminated }, lastState: { terminated } };
};

const containerStatuses = (pod: Pod, { ready, crashed }: PodReport, now: string): unknown => {
  const restarts = new Map(pod.status?.containerStatuses?.map(({ name, restartCount }) => [name, restartCount]));
  return pod.spec.containers.map(({ name, image }) => ({
    name,
    image: image ?? "",
    imageID: "",
    containerID: `lab://${pod.metadata.uid}/${name}`,
    ready,
    started: !crashed,
    restartCount: (restarts.get(name) ?? 0) + (crashed ? 1 : 0),
    ...containerState(crashed, now),
  }));
};

/** The body of a strategic merge patch, which merges conditions by their type. */
const statusPatch = (pod: Pod, view: PodReport): unknown => {
  const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const holds = (type: string): unknown => ({ type, status: "True", lastTransitionTime: now });
  const readiness = (type: string): unknown => ({
    type,
    status: view.ready ? "True" : "False",
    lastTransitionTime: now,
    // An empty text removes what an earlier report said.
    reason: view.ready ? "" : "ContainersNotReady",
    message: view.ready ? "" : "containers with unready status",
  });
  return {
    metadata: { uid: pod.metadata.uid },
    status: {
      phase: "Running",
      hostIP: view.hostIP,
      hostIPs: [{ ip: view.hostIP }],
      podIP: view.podIP,
      podIPs: [{ ip: view.podIP }],
      startTime: pod.status?.startTime ?? now,
      conditions: [
        ...(pod.status?.startTime === undefined ? ["PodScheduled", "Initialized"].map(holds) : []),
        readiness("ContainersReady"),
        readiness("Ready"),
      ],
      containerStatuses: containerStatuses(pod, view, now),
    },
  };
};

/** Resolves to the pod as written, or undefined when it has been replaced or removed. */
export const reportPod = async (api: Api, pod: Pod, view: PodReport): Promise<Pod | undefined> => {
  const options = {
    body: statusPatch(pod, view),
    contentType: "application/strategic-merge-patch+json",
  };
  return written(await api.call("PATCH", `${podPath(pod)}/status`, options), `status of ${pod.metadata.name}`);
};
