/** Pods as every feature that chooses a leader sees them; what a user wrote wrongly becomes a message, never a guess. */
import { viewPod, type PodView } from "../handover/model.ts";
import type { RoleNames } from "../handover/names.ts";
import type { KubeObject } from "../kube/object.ts";

/** On a pod: a whole number, higher is preferred; default 0. */
export const PRIORITY_ANNOTATION = "bellwether.dev/priority";

const PRIORITY_TEXT = /^[+-]?[0-9]{1,9}$/;
const SHOWN_CHARACTERS_MAX = 100;
/** Pods whose name has no ordinal come last. */
export const ORDINAL_NONE = 999_999;

export interface Candidate extends PodView {
  readonly ready: boolean;
  readonly terminating: boolean;
  /** Succeeded or Failed: it will not come back under this uid. */
  readonly finished: boolean;
  readonly ordinal: number;
  readonly priority: number;
  /** RFC 3339 in whole seconds: sorts as text. */
  readonly createdAt: string;
  /** What is wrong with its annotations: each names the annotation, what it got and what it accepts. */
  readonly problems: readonly string[];
  readonly raw: KubeObject;
}

/** The whole number after the last dash; `ORDINAL_NONE` when there is none. */
export const ordinalOf = (podName: string): number => {
  const text = /-(?<ordinal>[0-9]{1,9})$/.exec(podName)?.groups?.["ordinal"];
  return text === undefined ? ORDINAL_NONE : Number(text);
};

const priorityOf = (pod: KubeObject): { priority: number; problems: readonly string[] } => {
  const text = pod.metadata.annotations?.[PRIORITY_ANNOTATION];
  if (text === undefined) return { priority: 0, problems: [] };
  if (PRIORITY_TEXT.test(text)) return { priority: Number(text), problems: [] };
  const got = JSON.stringify(text).slice(0, SHOWN_CHARACTERS_MAX);
  const problem = `pod ${pod.metadata.name}: annotation ${PRIORITY_ANNOTATION}: got ${got}, accepted is a whole number of at most nine digits; 0 is used`;
  return { priority: 0, problems: [problem] };
};

/** `member` is the caller's judgement, because only the feature knows its selector and owner. */
export const viewCandidate = (
  pod: KubeObject,
  names: RoleNames,
  about: { readonly member: boolean; readonly now: number },
): Candidate => {
  const status = (pod.status ?? {}) as { phase?: string; conditions?: readonly { type: string; status: string }[] };
  return {
    ...viewPod(pod, names, about),
    ...priorityOf(pod),
    // The Ready condition and nothing else: containerStatuses and ContainersReady stay true on a dead node.
    ready: (status.conditions ?? []).some(({ type, status: value }) => type === "Ready" && value === "True"),
    terminating: pod.metadata.deletionTimestamp !== undefined,
    finished: status.phase === "Succeeded" || status.phase === "Failed",
    ordinal: ordinalOf(pod.metadata.name),
    createdAt: pod.metadata.creationTimestamp ?? "",
    raw: pod,
  };
};
