/** What the checker says of a history: the promises that were broken, and the doublings that others made. */
import type { KubeObject } from "../kube/object.ts";
import type { Gap } from "./revision.ts";
import type { Step } from "./replay.ts";

/**
 * S1 one leader; S3 a leader's label follows its assignment; S4 epochs only grow; S6 no write hits a recreated pod; S9
 * the Lease counts its transitions; S19 we touch only what is ours.
 */
export type Invariant = "S1" | "S3" | "S4" | "S6" | "S9" | "S19";

export interface Violation {
  readonly invariant: Invariant;
  readonly resourceVersion: string;
  /** Kind, namespace and name. */
  readonly object: string;
  /** Field managers of the write; `unknown` when it left no trace. */
  readonly manager: string;
  readonly message: string;
}

/** One write that raised the number of leaders above one. */
export interface Cause {
  readonly resourceVersion: string;
  readonly object: string;
  readonly manager: string;
  readonly ours: boolean;
}

/** A period in which more than one pod of a group carried the leader role. */
export interface Doubling {
  /** `<namespace>/<group>`. */
  readonly group: string;
  /** First revision with two leaders, first one without; `to` undefined: still so at the end of the history. */
  readonly from: string;
  readonly to: string | undefined;
  /** Milliseconds from `from` to `to`. */
  readonly repairedAfterMs: number | undefined;
  /** Names of all pods that led in the period. */
  readonly pods: readonly string[];
  readonly causes: readonly Cause[];
}

export interface Verdict {
  readonly revisions: number;
  readonly groups: number;
  /** Distinct: the repair of a label under the same epoch counts once. */
  readonly promotions: number;
  /** Revisions at which some group had more than one leader. */
  readonly doubledRevisions: number;
  readonly violations: readonly Violation[];
  readonly foreign: readonly Doubling[];
  /** Not empty: something was not seen, and what was found may only look so. */
  readonly gaps: readonly Gap[];
}

/** `Pod <namespace>/<name>`. */
export const objectOf = ({ kind, metadata }: KubeObject): string =>
  `${kind ?? "object"} ${metadata.namespace ?? ""}/${metadata.name}`;

export const violationAt = ({ revision, authors = [] }: Step, invariant: Invariant, message: string): Violation => ({
  invariant,
  resourceVersion: revision.resourceVersion,
  object: objectOf(revision.object),
  manager: authors.join(", ") || "unknown",
  message,
});
