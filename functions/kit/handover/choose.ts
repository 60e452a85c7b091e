/**
 * The sticky choice, from what was observed: whoever leads stays while it can; otherwise the best of those that can, by the order of the
 * feature. Pure, and the same for every order of the pods.
 */
import type { Candidate } from "../pods/candidate.ts";
import { isPromotedHolder } from "./inspect.ts";
import type { RecordView } from "./model.ts";
import type { RoleNames } from "./names.ts";

export interface Field {
  readonly names: RoleNames;
  readonly group: string;
  readonly record: RecordView | undefined;
  /** Members and enrolled pods. */
  readonly pods: readonly Candidate[];
  /** Below 0: `one` comes first. Total, so that the order of a LIST changes nothing. */
  readonly order: (one: Candidate, other: Candidate) => number;
}

/** Why another leads than before. */
export type Departure =
  | "FirstElection"
  | "HolderGone"
  | "HolderTerminating"
  | "HolderFinished"
  | "HolderNotReady"
  | "HolderLeft";

export type Choice =
  /** `by`: the record names it; or there is no record yet, and it carries the leader's label. */
  | { readonly kind: "keep"; readonly target: Candidate; readonly by: "record" | "label" }
  | { readonly kind: "move"; readonly target: Candidate; readonly reason: Departure }
  /** None can lead. */
  | { readonly kind: "none" };

/** Why the pod cannot lead now, as half a sentence; undefined: it can. */
export const disqualification = (pod: Candidate, group: string): string | undefined => {
  if (!pod.member) return "is not a member of the StatefulSet";
  if (pod.group !== group) return "is not enrolled yet";
  if (pod.terminating) return "is terminating";
  if (pod.finished) return "is finished";
  return pod.ready ? undefined : "is not Ready";
};

/** The pod that the record names: by uid; by name while an adopted Lease has no uid yet, or when its uid was tampered with. */
export const holderAmong = ({
  names,
  record,
  pods,
}: Pick<Field, "names" | "record" | "pods">): Candidate | undefined => {
  const holder = record?.holder;
  if (record === undefined || holder === undefined) return undefined;
  if (holder.uid === "") return pods.find((pod) => pod.name === holder.name && pod.role === names.leader);
  return pods.find(({ uid }) => uid === holder.uid) ?? pods.find((pod) => isPromotedHolder(names, record, pod));
};

/** Without a record: the labelled pod with the highest stamp, else the only labelled one. */
const incumbentAmong = ({ names, order }: Field, able: readonly Candidate[]): Candidate | undefined => {
  const labelled = able.filter((pod) => pod.role === names.leader);
  const stamped = labelled.filter((pod) => pod.stamp !== undefined);
  const [highest] = stamped.toSorted((a, b) => (b.stamp?.epoch ?? 0) - (a.stamp?.epoch ?? 0) || order(a, b));
  return highest ?? (labelled.length === 1 ? labelled[0] : undefined);
};

const departure = (record: RecordView | undefined, holder: Candidate | undefined): Departure => {
  if (record?.holder === undefined) return "FirstElection";
  if (holder === undefined) return "HolderGone";
  if (holder.terminating) return "HolderTerminating";
  if (holder.finished) return "HolderFinished";
  return holder.member ? "HolderNotReady" : "HolderLeft";
};

/** Who leads. Asked again after its answer was applied, it gives the same answer. */
export const choose = (field: Field): Choice => {
  const { group, record, pods, order } = field;
  const able = pods.filter((pod) => disqualification(pod, group) === undefined);
  const holder = holderAmong(field);
  const healthy = able.find((pod) => pod === holder);
  if (healthy !== undefined) return { kind: "keep", target: healthy, by: "record" };
  const incumbent = record?.epoch === undefined ? incumbentAmong(field, able) : undefined;
  if (incumbent !== undefined) return { kind: "keep", target: incumbent, by: "label" };
  const [best] = able.toSorted(order);
  return best === undefined ? { kind: "none" } : { kind: "move", target: best, reason: departure(record, holder) };
};
