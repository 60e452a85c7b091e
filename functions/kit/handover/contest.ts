/**
 * Finds what only a foreign write can have done to our labels and Lease, without remembering anything: a pod that carries
 * the present stamp but not the role that goes with it, and a record whose times somebody else wrote.
 */
import { listed, trueFinding, type Finding } from "../conditions.ts";
import type { KubeObject } from "../kube/object.ts";
import { FIELD_MANAGER } from "../kube/request.ts";
import { managersOf } from "../managers.ts";
import type { PodView, RecordView } from "./model.ts";
import type { RoleNames } from "./names.ts";

interface ContestInput {
  readonly names: RoleNames;
  readonly record: RecordView | undefined;
  /** The record as it was read. */
  readonly lease: KubeObject | undefined;
  readonly pods: readonly (PodView & { readonly raw: KubeObject })[];
}

const strangers = (object: KubeObject, path: readonly string[]): string =>
  managersOf(object, path)
    .filter((manager) => manager !== FIELD_MANAGER)
    .map((manager) => JSON.stringify(manager))
    .join(", ");

const expectedRole = ({ names, record }: ContestInput, pod: PodView): string | null =>
  pod.uid === record?.holder?.uid ? names.leader : names.follower;

const isStamped = ({ record }: ContestInput, pod: PodView): boolean =>
  record?.epoch !== undefined && pod.stamp?.epoch === record.epoch && pod.stamp.record === record.uid;

/** The holder is stamped by its promotion, but also by its enrolment before that: then its role is still to come. */
const awaitsPromotion = ({ record }: ContestInput, pod: PodView): boolean =>
  pod.uid === record?.holder?.uid && pod.token === undefined;

const contestedPod = (input: ContestInput, pod: ContestInput["pods"][number]): readonly string[] => {
  const { names } = input;
  if (!isStamped(input, pod) || awaitsPromotion(input, pod)) return [];
  if ((pod.role ?? null) === expectedRole(input, pod)) return [];
  const who = strangers(pod.raw, ["metadata", "labels", names.roleLabel]) || "somebody";
  return [`pod ${pod.name}: label ${names.roleLabel} was made ${JSON.stringify(pod.role ?? null)} by ${who}`];
};

/** Only the time: an adopted Lease may keep a holder that the replaced operator wrote and we never had to change. */
const contestedLease = ({ lease, record }: ContestInput): readonly string[] => {
  if (lease === undefined || record?.epoch === undefined) return [];
  const who = strangers(lease, ["spec", "renewTime"]);
  return who === "" ? [] : [`Lease ${record.name} is also renewed by ${who}`];
};

/** A `Contested` condition, or nothing. */
export const contestFindings = (input: ContestInput): readonly Finding[] => {
  const messages = [...contestedLease(input), ...input.pods.flatMap((pod) => contestedPod(input, pod))];
  if (messages.length === 0) return [];
  const message = `another controller or person changes what is ours: ${listed(messages, "; ")}`;
  return [trueFinding("Contested", "ForeignWrites", message)];
};
