/**
 * Pods that the selector does not find any more are let go: another Service may select them, and cannot have them before. A pod that is let go
 * must not be named by the record, nor by anybody who found it before it left.
 */
import type { Stop } from "../kit/handover/attempt.ts";
import type { RecordView } from "../kit/handover/model.ts";
import { enrolmentLabel } from "../kit/handover/names.ts";
import { giveNotice } from "../kit/handover/notice.ts";
import { patchRequest, PODS, type KubeRequest, type Transport } from "../kit/kube/request.ts";
import { classify, type StatusClass } from "../kit/kube/status-class.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import { ROLES } from "./labels.ts";

/** A group at rest, or where nobody is moved. */
export interface Resting {
  readonly group: string;
  readonly record: RecordView | undefined;
  readonly pods: readonly Candidate[];
}

/** Nothing is left of a leadership, and whoever finds the record finds the pod fenced under it. */
export const isFencedUnder = (record: RecordView, { uid, role, stamp, token }: Candidate): boolean =>
  role === undefined &&
  token === undefined &&
  uid !== record.holder?.uid &&
  stamp?.record === record.uid &&
  stamp.epoch === record.epoch;

/** Pods that may be let go; none without a record, because one that is about to be made may name any of them. */
export const leaversOf = ({ group, record, pods }: Resting): readonly Candidate[] =>
  record === undefined ? [] : pods.filter((pod) => !pod.member && pod.group === group && isFencedUnder(record, pod));

export const release = (pod: Candidate): KubeRequest => {
  const labels = { [enrolmentLabel(ROLES.feature)]: null };
  return patchRequest(PODS, { namespace: pod.namespace, on: pod }, { metadata: { labels } });
};

/** The pod is gone, or has changed and is looked at again. */
const PASSED_OVER: ReadonlySet<StatusClass> = new Set(["ok", "stale", "gone"]);

export interface Released {
  /** As it is now. */
  readonly record: RecordView | undefined;
  /** What kept pods from being let go; undefined: nothing. */
  readonly stop: Stop | undefined;
}

/**
 * Lets them go, after a notice: whoever has found one of them as a member loses, and whoever reads the record from now on finds the pod as it was
 * found here, or it has changed and is not let go.
 */
export const letGo = async (send: Transport, resting: Resting): Promise<Released> => {
  const { record } = resting;
  const leavers = leaversOf(resting);
  if (record === undefined || leavers.length === 0) return { record, stop: undefined };
  const noticed = await giveNotice(send, record);
  if (noticed.kind !== "noticed") return { record, stop: noticed };
  const answers = await Promise.all(leavers.map(async (pod) => ({ pod, response: await send(release(pod)) })));
  const refused = answers.find(({ response }) => !PASSED_OVER.has(classify(response)));
  if (refused === undefined) return { record: noticed.record, stop: undefined };
  const { pod, response } = refused;
  return { record: noticed.record, stop: { kind: "refused", doing: `let pod ${pod.name} go`, response } };
};
