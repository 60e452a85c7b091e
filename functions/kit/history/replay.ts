/**
 * Merges revisions of all objects, given in any order, into the one order in which etcd committed them, and shows each
 * as a step from a state before to a state after. Every invariant is then a function of these steps.
 */
import type { RoleNames } from "../handover/names.ts";
import type { KubeObject } from "../kube/object.ts";
import { FIELD_MANAGER, LEASES, PODS } from "../kube/request.ts";
import { authorsOf } from "./authors.ts";
import { pastLease, pastPod, type PastLease, type PastPod } from "./past.ts";
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

export type PodStep = StepOf<"pod", PastPod>;
type LeaseStep = StepOf<"lease", PastLease>;
type OtherStep = StepOf<"other", { readonly raw: KubeObject }>;
export type Step = PodStep | LeaseStep | OtherStep;

/** A write that tells nothing of its author counts as ours. */
export const isOurs = ({ authors }: Step): boolean => authors === undefined || authors.includes(FIELD_MANAGER);

const deletedLast = ({ type }: Revision): number => (type === "DELETED" ? 1 : 0);

/** A deletion that was only inferred carries the version of the last state. */
const inOrder = (left: Revision, right: Revision): number =>
  compareVersions(left.resourceVersion, right.resourceVersion) || deletedLast(left) - deletedLast(right);

/** Where a watch was repeated, the same version comes twice. */
const isRepeated = ({ type, resourceVersion }: Revision, last: Step | undefined): boolean =>
  type === "DELETED" ? last?.after === undefined : last?.revision.resourceVersion === resourceVersion;

const kindOf = ({ kind }: KubeObject): Step["kind"] => {
  if (kind === PODS.kind) return "pod";
  return kind === LEASES.kind ? "lease" : "other";
};

const readers = { pod: pastPod, lease: pastLease, other: (raw: KubeObject): OtherStep["after"] => ({ raw }) };

const stepOf = (revision: Revision, last: Step | undefined, roles: RoleNames): Omit<Step, "index"> => {
  const { object, type } = revision;
  const kind = kindOf(object);
  const before = last?.after;
  if (type === "DELETED") return { kind, revision, before, after: undefined, authors: [] };
  const after = readers[kind](object, roles, timeOf(revision) ?? Number.POSITIVE_INFINITY);
  return { kind, revision, before, after, authors: authorsOf(before?.raw, object) };
};

/**
 * Every revision once, in the order of resourceVersions.
 * @throws SyntaxError when a resourceVersion is not an integer.
 */
export const replay = (revisions: readonly Revision[], roles: RoleNames): readonly Step[] => {
  const steps: Step[] = [];
  const lastByUid = new Map<string, Step>();
  for (const revision of revisions.toSorted(inOrder)) {
    const { uid } = revision.object.metadata;
    const last = lastByUid.get(uid);
    if (isRepeated(revision, last)) continue;
    // A uid belongs to one kind, so the states before and after are of one type.
    const step = { ...stepOf(revision, last, roles), index: steps.length } as Step;
    steps.push(step);
    lastByUid.set(uid, step);
  }
  return steps;
};
