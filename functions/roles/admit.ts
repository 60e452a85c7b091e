/** Whether a checker may be served: by its own spec, the namespaces that it may reach into, other checkers, its StatefulSet, its record. */
import { quoted } from "../kit/conditions.ts";
import { olderServed } from "../kit/group/owners.ts";
import type { RecordView } from "../kit/handover/model.ts";
import type { RecordReading } from "../kit/handover/record.ts";
import type { SetView } from "../kit/pods/stateful-set.ts";
import type { CheckerView } from "./model.ts";

export type RefusalReason =
  | "ValidationError"
  | "NamespaceNotAllowed"
  | "StatefulSetNotFound"
  | "StatefulSetShared"
  | "LeaseForeign";

export type Admission =
  | { readonly kind: "serve"; readonly set: SetView; readonly record: RecordView | undefined; readonly adopts: boolean }
  | { readonly kind: "end" }
  /** The record belongs to a group that this checker served before. */
  | { readonly kind: "end-previous"; readonly group: string }
  | { readonly kind: "refuse"; readonly reason: RefusalReason; readonly message: string };

/** Which namespaces checkers may reach into. */
export interface Reach {
  /** Namespaces that the function serves; empty: all. */
  readonly served: readonly string[];
  /** Namespaces whose StatefulSets checkers of other namespaces may name. */
  readonly open: readonly string[];
}

export interface AdmissionInput {
  readonly checker: CheckerView;
  /** All checkers that may name the same StatefulSet. */
  readonly checkers: readonly CheckerView[];
  readonly set: SetView | undefined;
  readonly reading: RecordReading;
  readonly reach: Reach;
}

const refuse = (reason: RefusalReason, message: string): Admission => ({ kind: "refuse", reason, message });

/** Why the checker must not touch the namespace that it names; undefined: it may. */
export const outOfReach = ({ namespace, setNamespace }: CheckerView, { served, open }: Reach): string | undefined => {
  if (namespace === setNamespace) return undefined;
  if (!open.includes(setNamespace)) {
    return `spec.namespace: got ${quoted(setNamespace)}, accepted is the checker's own namespace; whoever installs Bellwether allows others by naming them in BELLWETHER_ROLES_NAMESPACES`;
  }
  return served.length === 0 || served.includes(setNamespace)
    ? undefined
    : `spec.namespace: got ${quoted(setNamespace)}, which is not among BELLWETHER_NAMESPACES`;
};

const isOnSameSet = (one: CheckerView, other: CheckerView): boolean =>
  one.setNamespace === other.setNamespace && one.statefulSetName === other.statefulSetName;

/** The older checker that is served on the same StatefulSet; undefined: there is none. */
export const servedBefore = ({
  checker,
  checkers,
  reach,
}: Pick<AdmissionInput, "checker" | "checkers" | "reach">): CheckerView | undefined => {
  const stands = (other: CheckerView): boolean =>
    other.problems.length === 0 && !other.ended && outOfReach(other, reach) === undefined;
  return olderServed(checker, checkers, { stands, collide: isOnSameSet }).find((other) => isOnSameSet(other, checker));
};

/** Without a governing Service no pod has the name by which it is to be asked: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id */
const isNameless = ({ addressing, localDev }: CheckerView, { serviceName }: SetView): boolean =>
  addressing === "DNS" && !localDev && serviceName === "";

const nameless = ({ name }: SetView): Admission =>
  refuse(
    "ValidationError",
    `spec.addressing: got "DNS", accepted is PodIP, because StatefulSet ${name} has no spec.serviceName and so its pods have no DNS names; or make the StatefulSet anew with one`,
  );

const admitRecord = (reading: RecordReading, set: SetView): Admission => {
  switch (reading.kind) {
    case "none":
      return { kind: "serve", set, record: undefined, adopts: false };
    case "adoptable":
      return { kind: "serve", set, record: reading.record, adopts: true };
    case "foreign":
      return refuse("LeaseForeign", `Lease ${reading.record.name} is not ours any more; delete it`);
    case "ours":
      return reading.group === set.uid
        ? { kind: "serve", set, record: reading.record, adopts: false }
        : { kind: "end-previous", group: reading.group };
  }
};

/** May this checker be served, and on which record? */
export const admit = (input: AdmissionInput): Admission => {
  const { checker, set, reading, reach } = input;
  if (checker.deleting) return { kind: "end" };
  if (checker.problems.length > 0) return refuse("ValidationError", checker.problems.join("; "));
  const away = outOfReach(checker, reach);
  if (away !== undefined) return refuse("NamespaceNotAllowed", away);
  const older = servedBefore(input);
  if (older !== undefined) {
    return refuse(
      "StatefulSetShared",
      `StatefulSet ${checker.statefulSetName} is served by the older LeaderStatusChecker ${older.namespace}/${older.name}`,
    );
  }
  if (set === undefined || set.deleting) {
    const what = set === undefined ? "does not exist" : "is being deleted; nothing is moved";
    return refuse(
      "StatefulSetNotFound",
      `StatefulSet ${checker.statefulSetName} in namespace ${checker.setNamespace} ${what}`,
    );
  }
  const admission = admitRecord(reading, set);
  return admission.kind === "serve" && isNameless(checker, set) ? nameless(set) : admission;
};
