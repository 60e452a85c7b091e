/** What the checker says of a history: the promises that were broken, and the doublings that others made. */
import type { KubeObject } from "../kube/object.ts";
import type { Gap, Revision } from "./revision.ts";
import type { Step } from "./replay.ts";

/**
 * S1 one leader; S2 one ready pod behind a Service; S3 a leader's label follows its assignment; S4 epochs only grow; S6 no write hits a recreated pod; S9
 * the Lease counts its transitions and keeps a healthy holder; S19 we touch only what is ours.
 */
export type Invariant = "S1" | "S2" | "S3" | "S4" | "S6" | "S9" | "S19";

/** An earlier revision that a finding rests on. */
export interface Evidence {
  readonly resourceVersion: string;
  /** Kind, namespace and name. */
  readonly object: string;
  /** Field managers of the write; `unknown` when it left no trace. */
  readonly manager: string;
  /** What it was or did; a predicate to the object. */
  readonly what: string;
}

export interface Violation {
  readonly invariant: Invariant;
  readonly resourceVersion: string;
  /** Kind, namespace and name. */
  readonly object: string;
  /** Field managers of the write; `unknown` when it left no trace. */
  readonly manager: string;
  readonly message: string;
  readonly evidence: readonly Evidence[];
  /** It lies in a stretch that was not observed, or rests on what one may have hidden, and may only look so. */
  readonly inGap: boolean;
}

/** A violation before it is known what the observer missed. */
export interface Fault extends Omit<Violation, "inGap"> {
  /** It holds if no state of a Lease was missed since this version, `0` for ever; default: whatever was missed before it. */
  readonly leasesSince?: string;
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
  /** `<namespace>/<name of the owner>`, as a person knows it. */
  readonly name: string;
  /** The group has, or had, a record or an enrolled pod when it began. */
  readonly served: boolean;
  /** First revision with two leaders, first one without; `to` undefined: still so at the end of the history. */
  readonly from: string;
  readonly to: string | undefined;
  /** Milliseconds from `from` to `to`. */
  readonly repairedAfterMs: number | undefined;
  /** Names of all pods that led in the period. */
  readonly pods: readonly string[];
  readonly causes: readonly Cause[];
  /** The pods that led already, and since when. */
  readonly evidence: readonly Evidence[];
}

/** Who led a group over the whole history. */
export interface Leadership {
  /** As in `Doubling`. */
  readonly group: string;
  readonly name: string;
  readonly served: boolean;
  /** Times that another pod led than the last one. */
  readonly changes: number;
  /** Stretches without a leader that ended, their sum and the longest, in milliseconds. */
  readonly vacancies: number;
  readonly vacantMs: number;
  readonly longestVacancyMs: number;
  /** Names of the pods that lead at the end. */
  readonly leaders: readonly string[];
}

export interface Verdict {
  readonly revisions: number;
  readonly groups: number;
  /** Distinct: the repair of a label under the same epoch counts once. */
  readonly promotions: number;
  /** Revisions at which some group had more than one leader. */
  readonly doubledRevisions: number;
  /** Services that were judged by S2: their cut-over was seen to have ended. */
  readonly routes: number;
  readonly violations: readonly Violation[];
  readonly foreign: readonly Doubling[];
  /** Of all groups that had a leader, in the order in which they first had one. */
  readonly leaderships: readonly Leadership[];
  /** Not empty: something was not seen, and what was found may only look so. */
  readonly gaps: readonly Gap[];
}

/** `Pod <namespace>/<name>`. */
export const objectOf = ({ kind, metadata }: KubeObject): string =>
  `${kind ?? "object"} ${metadata.namespace ?? ""}/${metadata.name}`;

export const managersText = (authors: readonly string[] | undefined): string => authors?.join(", ") || "unknown";

/** The step as evidence of what it did. */
export const evidenceOf = (
  { revision, authors }: { readonly revision: Revision; readonly authors: readonly string[] | undefined },
  what: string,
): Evidence => ({
  resourceVersion: revision.resourceVersion,
  object: objectOf(revision.object),
  manager: managersText(authors),
  what,
});

export const faultAt = (
  step: Step,
  invariant: Invariant,
  message: string,
  evidence: readonly (Evidence | undefined)[] = [],
): Fault => ({
  invariant,
  resourceVersion: step.revision.resourceVersion,
  object: objectOf(step.revision.object),
  manager: managersText(step.authors),
  message,
  evidence: evidence.filter((found) => found !== undefined),
});
