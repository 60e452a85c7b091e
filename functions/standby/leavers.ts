/**
 * Pods that the selector does not find any more are let go: another Service may select them, and cannot have them before. A pod that is let go
 * must not be named by the record, nor by anybody who found it before it left.
 */
import type { RecordView } from "../kit/handover/model.ts";
import { enrolmentLabel } from "../kit/handover/names.ts";
import { LEASES, objectOf, patchRequest, PODS, type KubeRequest, type Transport } from "../kit/kube/request.ts";
import { classify } from "../kit/kube/status-class.ts";
import { failed, restart, type PassOutcome } from "../kit/outcome.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import { RELEASED_ANNOTATION, ROLES } from "./labels.ts";

/** A group at rest, or where nobody is moved. */
export interface Resting {
  readonly group: string;
  readonly record: RecordView | undefined;
  readonly pods: readonly Candidate[];
}

/** Nothing is left of a leadership, and whoever finds the record finds the pod fenced under it. */
const isFencedUnder = (record: RecordView, { uid, role, stamp, token }: Candidate): boolean =>
  role === undefined &&
  token === undefined &&
  uid !== record.holder?.uid &&
  stamp?.record === record.uid &&
  stamp.epoch === record.epoch;

/** Pods that may be let go; none without a record, because one that is about to be made may name any of them. */
export const leaversOf = ({ group, record, pods }: Resting): readonly Candidate[] =>
  record === undefined ? [] : pods.filter((pod) => !pod.member && pod.group === group && isFencedUnder(record, pod));

/** Says nothing new; but nobody who has read the record before can write it. The version differs from one time to the next. */
export const notice = ({ namespace, ...record }: RecordView): KubeRequest => {
  const annotations = { [RELEASED_ANNOTATION]: record.resourceVersion };
  return patchRequest(LEASES, { namespace, on: record }, { metadata: { annotations } });
};

export const release = (pod: Candidate): KubeRequest => {
  const labels = { [enrolmentLabel(ROLES.feature)]: null };
  return patchRequest(PODS, { namespace: pod.namespace, on: pod }, { metadata: { labels } });
};

export interface Released {
  /** As it is now. */
  readonly record: RecordView | undefined;
  /** What kept the pods from being let go; undefined: nothing. */
  readonly stop: PassOutcome | undefined;
}

/**
 * Lets them go. First the record is written, whatever it says: whoever is about to write it for one of these pods, having found it as a member,
 * loses; whoever reads it from now on finds the pod as it was found here, or the pod has changed and is not let go.
 */
export const letGo = async (send: Transport, resting: Resting): Promise<Released> => {
  const { record } = resting;
  const leavers = leaversOf(resting);
  if (record === undefined || leavers.length === 0) return { record, stop: undefined };
  const response = await send(notice(record));
  const outcome = classify(response);
  if (outcome === "stale" || outcome === "gone") return { record, stop: restart("the record changed") };
  if (outcome !== "ok") return { record, stop: failed(`write Lease ${record.name}`, response) };
  // A refusal is no trouble: the pod changed, and is looked at again.
  await Promise.all(leavers.map((pod) => send(release(pod))));
  return { record: { ...record, resourceVersion: objectOf(response).metadata.resourceVersion }, stop: undefined };
};
