/** Locks, StatefulSets and pods as the election sees them; what a user wrote wrongly becomes a message, never a guess. */
import type { Condition } from "../kit/conditions.ts";
import { parseEpoch } from "../kit/handover/epoch.ts";
import { viewPod, type PodView } from "../kit/handover/model.ts";
import type { KubeObject, ObjectMeta } from "../kit/kube/object.ts";
import { selects, type LabelSelector } from "../kit/selector.ts";
import { hasFinalizer } from "../kit/finalizers.ts";
import { FINALIZER, PRIORITY_ANNOTATION, ROLES, SWITCHOVER_ANNOTATION } from "./labels.ts";

const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
/** Longer texts are no names, and would make a condition too long to be stored. */
export const NAME_CHARACTERS_MAX = 253;
const LEASE_SECONDS_MAX = 3600;
const PRIORITY_TEXT = /^[+-]?[0-9]{1,9}$/;
/** Pods whose name has no ordinal come last. */
export const ORDINAL_NONE = 999_999;

export interface LockStatus {
  readonly writerPod: string;
  readonly epoch: number | undefined;
  readonly observedGeneration: number | undefined;
  readonly conditions: readonly Condition[];
}

export interface LockView {
  readonly metadata: ObjectMeta;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly statefulSetName: string;
  readonly leaseName: string;
  readonly leaseDurationSeconds: number;
  readonly paused: boolean;
  readonly switchoverTo: string | undefined;
  readonly deleting: boolean;
  /** Deleted, and our part of it is done: only somebody else's finalizer keeps it. */
  readonly ended: boolean;
  readonly status: LockStatus;
  /** What is wrong with the spec: each names the field, what it got and what it accepts. */
  readonly problems: readonly string[];
}

export interface SetView {
  readonly name: string;
  readonly uid: string;
  /** On its way out: it gives its pods up one by one, or takes them with it. */
  readonly deleting: boolean;
  readonly replicas: number;
  /** Pods that the StatefulSet controller counts. */
  readonly existing: number;
  readonly selector: LabelSelector;
}

export interface ElectionPod extends PodView {
  readonly ready: boolean;
  readonly terminating: boolean;
  /** Succeeded or Failed: it will not come back under this uid. */
  readonly finished: boolean;
  readonly ordinal: number;
  readonly priority: number;
  readonly problems: readonly string[];
  readonly raw: KubeObject;
}

const shown = (value: unknown): string => (value === undefined ? "nothing" : JSON.stringify(value).slice(0, 100));

const nameProblem = (field: string, value: unknown): readonly string[] =>
  typeof value === "string" && value.length <= NAME_CHARACTERS_MAX && DNS_SUBDOMAIN.test(value)
    ? []
    : [
        `${field}: got ${shown(value)}, accepted is the name of an object (lower-case DNS subdomain, 1 to 253 characters)`,
      ];

const specProblems = (spec: Readonly<Record<string, unknown>>): readonly string[] => {
  const seconds = spec["leaseDurationSeconds"];
  const inRange = Number.isInteger(seconds) && Number(seconds) >= 1 && Number(seconds) <= LEASE_SECONDS_MAX;
  const { paused } = spec;
  return [
    ...nameProblem("spec.statefulSetName", spec["statefulSetName"]),
    ...nameProblem("spec.leaseName", spec["leaseName"]),
    ...(inRange ? [] : [`spec.leaseDurationSeconds: got ${shown(seconds)}, accepted is a whole number from 1 to 3600`]),
    ...(paused === undefined || typeof paused === "boolean"
      ? []
      : [`spec.paused: got ${shown(paused)}, accepted is true or false`]),
  ];
};

const viewStatus = (status: Readonly<Record<string, unknown>>, now: number): LockStatus => ({
  writerPod: typeof status["writerPod"] === "string" ? status["writerPod"] : "",
  epoch: parseEpoch(typeof status["epoch"] === "number" ? String(status["epoch"]) : undefined, now),
  observedGeneration: typeof status["observedGeneration"] === "number" ? status["observedGeneration"] : undefined,
  conditions: Array.isArray(status["conditions"]) ? (status["conditions"] as readonly Condition[]) : [],
});

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

export const viewLock = (lock: KubeObject, now: number): LockView => {
  const { metadata } = lock;
  const spec = (lock.spec ?? {}) as Readonly<Record<string, unknown>>;
  return {
    metadata,
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    uid: metadata.uid,
    statefulSetName: textOf(spec["statefulSetName"]),
    leaseName: textOf(spec["leaseName"]),
    leaseDurationSeconds: Number(spec["leaseDurationSeconds"]),
    paused: spec["paused"] === true,
    switchoverTo: metadata.annotations?.[SWITCHOVER_ANNOTATION],
    deleting: metadata.deletionTimestamp !== undefined,
    ended: metadata.deletionTimestamp !== undefined && !hasFinalizer(metadata, FINALIZER),
    status: viewStatus((lock.status ?? {}) as Readonly<Record<string, unknown>>, now),
    problems: specProblems(spec),
  };
};

export const viewSet = (set: KubeObject): SetView => {
  const spec = (set.spec ?? {}) as { replicas?: number; selector?: LabelSelector };
  const status = (set.status ?? {}) as { replicas?: number };
  return {
    name: set.metadata.name,
    uid: set.metadata.uid,
    deleting: set.metadata.deletionTimestamp !== undefined,
    replicas: spec.replicas ?? 1,
    existing: status.replicas ?? 0,
    selector: spec.selector ?? {},
  };
};

/** The whole number after the last dash; `ORDINAL_NONE` when there is none. */
export const ordinalOf = (podName: string): number => {
  const text = /-(?<ordinal>[0-9]{1,9})$/.exec(podName)?.groups?.["ordinal"];
  return text === undefined ? ORDINAL_NONE : Number(text);
};

const priorityOf = (pod: KubeObject): { priority: number; problems: readonly string[] } => {
  const text = pod.metadata.annotations?.[PRIORITY_ANNOTATION];
  if (text === undefined) return { priority: 0, problems: [] };
  if (PRIORITY_TEXT.test(text)) return { priority: Number(text), problems: [] };
  const problem = `pod ${pod.metadata.name}: annotation ${PRIORITY_ANNOTATION}: got ${shown(text)}, accepted is a whole number of at most nine digits; 0 is used`;
  return { priority: 0, problems: [problem] };
};

const isMember = (pod: KubeObject, set: SetView | undefined): boolean =>
  set !== undefined &&
  selects(set.selector, pod.metadata.labels) &&
  (pod.metadata.ownerReferences ?? []).some(({ kind, uid }) => kind === "StatefulSet" && uid === set.uid);

/** `set` undefined: no pod is a member. */
export const viewElectionPod = (pod: KubeObject, set: SetView | undefined, now: number): ElectionPod => {
  const status = (pod.status ?? {}) as { phase?: string; conditions?: readonly { type: string; status: string }[] };
  return {
    ...viewPod(pod, ROLES, { member: isMember(pod, set), now }),
    ...priorityOf(pod),
    // The Ready condition and nothing else: containerStatuses and ContainersReady stay true on a dead node.
    ready: (status.conditions ?? []).some(({ type, status: value }) => type === "Ready" && value === "True"),
    terminating: pod.metadata.deletionTimestamp !== undefined,
    finished: status.phase === "Succeeded" || status.phase === "Failed",
    ordinal: ordinalOf(pod.metadata.name),
    raw: pod,
  };
};
