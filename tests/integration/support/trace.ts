/** Every revision of the pods, in the order of the server, to show what was the case all the time. */
import { KubeConfig } from "@kubernetes/client-node";
import { ROLES } from "../../../functions/election/labels.ts";
import { ADMIN } from "../../../infra/lab/identities.ts";
import { listWatch } from "../../../infra/lab/list-watch.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { Lab } from "../../../infra/lab/lab.ts";

export interface PodRevision {
  readonly pod: KubeObject;
  readonly deleted: boolean;
  /** When the watch told it, in milliseconds of `performance.now()`. */
  readonly at: number;
}

export interface Trace {
  /** From the first list on. */
  readonly revisions: readonly PodRevision[];
  stop(): void;
}

/** Resolves once the pods that exist were told. */
export const startTrace = async (lab: Lab): Promise<Trace> => {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(lab.plane.kubeconfig(ADMIN));
  const ending = new AbortController();
  const revisions: PodRevision[] = [];
  await listWatch<KubeObject>({
    kubeConfig,
    path: "/api/v1/pods",
    onEvent: ({ type, object }) => {
      revisions.push({ pod: object, deleted: type === "DELETED", at: performance.now() });
    },
    signal: ending.signal,
  });
  return { revisions, stop: () => ending.abort() };
};

/** Names of the pods of a namespace that carried the writer label at any revision, in order, without repetitions. */
export const writersSeen = ({ revisions }: Trace, namespace: string): readonly string[] => {
  const labelled = revisions.filter(
    ({ pod, deleted }) =>
      !deleted && pod.metadata.namespace === namespace && pod.metadata.labels?.[ROLES.roleLabel] === ROLES.leader,
  );
  return [...new Set(labelled.map(({ pod }) => pod.metadata.name))];
};

/** Whether the pod, once labelled writer, kept that label at every later revision. */
export const neverLost = ({ revisions }: Trace, namespace: string, name: string): boolean => {
  const roles = revisions
    .filter(({ pod }) => pod.metadata.namespace === namespace && pod.metadata.name === name)
    .map(({ pod }) => pod.metadata.labels?.[ROLES.roleLabel]);
  const first = roles.indexOf(ROLES.leader);
  return first >= 0 && roles.slice(first).every((role) => role === ROLES.leader);
};
