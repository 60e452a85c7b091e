/** What is wrong on pods and record without keeping anybody from leading: reported, and otherwise ignored or repaired. */
import { listed, quoted, trueFinding, type Finding } from "../conditions.ts";
import type { Candidate } from "../pods/candidate.ts";
import type { RecordView } from "./model.ts";
import type { RoleNames } from "./names.ts";

const invalidAnnotations = (pods: readonly Candidate[]): readonly Finding[] => {
  const problems = pods.flatMap((pod) => pod.problems);
  return problems.length === 0 ? [] : [trueFinding("InvalidAnnotation", "InvalidPriority", listed(problems, "; "))];
};

const unreadableStamps = (pods: readonly Candidate[]): readonly Finding[] => {
  const names = pods.filter(({ tampered }) => tampered).map(({ name }) => name);
  const message = `epoch annotations that are no epoch, or too far ahead, are ignored on: ${listed(names, ", ")}`;
  return names.length === 0 ? [] : [trueFinding("Tampered", "StampUnreadable", message)];
};

const unreadableEpoch = (record: RecordView): readonly Finding[] => {
  const message = `the epoch annotation of Lease ${record.name} is no epoch, or too far ahead: a new one is taken`;
  return record.tampered ? [trueFinding("Tampered", "EpochUnreadable", message)] : [];
};

/** The pod of the holder's name that was promoted under this very record: its uid in the record is what is wrong. */
export const isPromotedHolder = ({ leader }: RoleNames, record: RecordView, pod: Candidate): boolean =>
  pod.name === record.holder?.name &&
  pod.role === leader &&
  pod.stamp?.record === record.uid &&
  pod.stamp.epoch === record.epoch &&
  pod.token === String(record.epoch);

const mismatchedHolder = (names: RoleNames, record: RecordView, pods: readonly Candidate[]): readonly Finding[] => {
  const { holder } = record;
  if (holder === undefined || holder.uid === "") return [];
  const named = pods.find(({ uid }) => uid === holder.uid);
  const mismatched =
    named === undefined ? pods.some((pod) => isPromotedHolder(names, record, pod)) : named.name !== holder.name;
  if (!mismatched) return [];
  const whose = named === undefined ? "that of no pod" : `that of ${named.name}`;
  const message = `the Lease names holder ${quoted(holder.name)}, but its holder-uid is ${whose}`;
  return [trueFinding("Tampered", "HolderMismatch", message)];
};

export const inspect = (
  names: RoleNames,
  record: RecordView | undefined,
  pods: readonly Candidate[],
): readonly Finding[] => [
  ...invalidAnnotations(pods),
  ...unreadableStamps(pods),
  ...(record === undefined ? [] : [...unreadableEpoch(record), ...mismatchedHolder(names, record, pods)]),
];
