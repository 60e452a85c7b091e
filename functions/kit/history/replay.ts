/**
 * Turns revisions, in the one order in which etcd committed them, into steps from a state before to a state after. Every
 * invariant is then a function of these steps, and needs to remember no more than what it asks about.
 */
import type { KubeObject } from "../kube/object.ts";
import { FIELD_MANAGER, LEASES, PODS } from "../kube/request.ts";
import { authorsOf } from "./authors.ts";
import { pastLease, pastPod, type PastLease, type PastPod, type Reading } from "./past.ts";
import { compareVersions, timeOf, type Revision } from "./revision.ts";

interface StepOf<Kind extends string, Past> {
  readonly kind: Kind;
  /** Position in the history. */
  readonly index: number;
  readonly revision: Revision;
  /** Undefined: the object was not known. */
  readonly before: Past | undefined;
  /** Undefined: the object is gone. */
  readonly after: Past | undefined;
  /** Field managers of this write; undefined when the object does not tell (see `authorsOf`). */
  readonly authors: readonly string[] | undefined;
}

interface PastOther {
  readonly raw: KubeObject;
}

export type PodStep = StepOf<"pod", PastPod>;
export type LeaseStep = StepOf<"lease", PastLease>;
export type OtherStep = StepOf<"other", PastOther>;
export type Step = PodStep | LeaseStep | OtherStep;

/** A write that tells nothing of its author counts as ours. */
export const isOurs = ({ authors }: Step): boolean => authors === undefined || authors.includes(FIELD_MANAGER);

const deletedLast = ({ type }: Revision): number => (type === "DELETED" ? 1 : 0);

/**
 * Sorts a history. A deletion that was only inferred carries the version of the last state, and comes after it.
 * @throws SyntaxError when a resourceVersion is not an integer.
 */
export const inOrder = (left: Revision, right: Revision): number =>
  compareVersions(left.resourceVersion, right.resourceVersion) || deletedLast(left) - deletedLast(right);

const kindOf = ({ kind }: KubeObject): Step["kind"] => {
  if (kind === PODS.kind) return "pod";
  return kind === LEASES.kind ? "lease" : "other";
};

const readers = { pod: pastPod, lease: pastLease, other: (raw: KubeObject): PastOther => ({ raw }) };

interface Known {
  readonly resourceVersion: string;
  readonly state: Step["after"];
}

/** Where a watch was repeated, the same version comes twice; what is not known cannot be deleted. */
const isRepeated = ({ type, resourceVersion }: Revision, known: Known | undefined): boolean =>
  type === "DELETED" ? known === undefined : known?.resourceVersion === resourceVersion;

/** The step that each revision is, given in order; undefined: it tells nothing new. */
export const createReplay = (reading: Reading): ((revision: Revision) => Step | undefined) => {
  const knownByUid = new Map<string, Known>();
  let steps = 0;
  return (revision) => {
    const { type, object, resourceVersion } = revision;
    const { uid } = object.metadata;
    const known = knownByUid.get(uid);
    if (isRepeated(revision, known)) return undefined;
    const kind = kindOf(object);
    const before = known?.state;
    const isGone = type === "DELETED";
    const now = timeOf(revision) ?? Number.POSITIVE_INFINITY;
    const after = isGone ? undefined : readers[kind](object, reading, now);
    const authors = isGone ? [] : authorsOf(before?.raw, object);
    if (isGone) knownByUid.delete(uid);
    else knownByUid.set(uid, { resourceVersion, state: after });
    steps += 1;
    // A uid belongs to one kind, so the states before and after are of one type.
    return { kind, index: steps - 1, revision, before, after, authors } as Step;
  };
};
