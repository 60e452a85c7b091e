/**
 * The processes in the pods, as LeaderStatusCheckers ask them: those of a StatefulSet agree on a leader, until somebody of them hangs or
 * lies. What an instance asked and heard is kept, so that it can be judged what it made of it.
 */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";

/** What is wrong with one process. */
export type Manner =
  /** Refuses connections. */
  | "silent"
  /** Takes longer than anybody waits. */
  | "hangs"
  /** Says that it leads, whoever does, and sees itself as the leader. */
  | "lies"
  /** Says that it does not lead, and sees no leader. */
  | "denies"
  /** Says that it leads, and sees the true leader. */
  | "confused";

/** The questions of one pass, and what was answered, by the uid of the pod; undefined: nothing. */
export interface Round {
  /** Milliseconds of the world's monotonic clock. */
  readonly begunAt: number;
  readonly leads: Map<string, boolean | undefined>;
  /** uid of the leader that each sees; empty unless it was asked. */
  readonly views: Map<string, string | undefined>;
}

export interface Applications {
  /** uid of the pod that leads, by the name of the StatefulSet. */
  readonly leaders: Map<string, string>;
  /** By the uid of the pod. */
  readonly manners: Map<string, Manner>;
  /** The last one of each instance, by `<instance> <name of the StatefulSet>`. */
  readonly rounds: Map<string, Round>;
}

export const createApplications = (): Applications => ({ leaders: new Map(), manners: new Map(), rounds: new Map() });

/** Name of the StatefulSet; empty: none owns it. */
export const setOf = ({ metadata }: KubeObject): string =>
  metadata.ownerReferences?.find(({ kind }) => kind === "StatefulSet")?.name ?? "";

const isLeader = ({ leaders }: Applications, pod: KubeObject): boolean => leaders.get(setOf(pod)) === pod.metadata.uid;

/** Undefined: no answer. */
export const leadsByItself = (applications: Applications, pod: KubeObject): boolean | undefined => {
  switch (applications.manners.get(pod.metadata.uid)) {
    case "silent":
    case "hangs":
      return undefined;
    case "lies":
    case "confused":
      return true;
    case "denies":
      return false;
    case undefined:
      return isLeader(applications, pod);
  }
};

/** uid of the leader that it sees; undefined: none. */
export const leaderSeenBy = (applications: Applications, pod: KubeObject): string | undefined => {
  const { manners, leaders } = applications;
  const manner = manners.get(pod.metadata.uid);
  if (manner === "lies") return pod.metadata.uid;
  return manner === "denies" ? undefined : leaders.get(setOf(pod));
};
