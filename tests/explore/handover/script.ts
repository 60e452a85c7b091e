/** How an explored history reads: one short sentence for each event, names instead of objects. */
import type { PodAnswer, Reread, WritingStep } from "../../../functions/kit/handover/attempt.ts";
import type { RecordView } from "../../../functions/kit/handover/model.ts";
import {
  EPOCH_ANNOTATION,
  HOLDER_UID_ANNOTATION,
  stampEpochAnnotation,
  stampRecordAnnotation,
  type RoleNames,
} from "../../../functions/kit/handover/names.ts";
import type { PodChange, RecordChange } from "../../../functions/kit/handover/plan.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { objectOf, type KubeResponse } from "../../../functions/kit/kube/request.ts";
import type { Candidate } from "../../../functions/kit/pods/candidate.ts";
import type { Server } from "./server.ts";

export const isReady = ({ status }: KubeObject): boolean =>
  (status as { conditions: readonly { status: string }[] }).conditions[0]?.status === "True";

export const recordText = (record: RecordView | null): string =>
  record === null ? "none" : `Lease ${record.uid}, ${record.holder?.uid ?? "nobody"}, epoch ${record.epoch ?? "none"}`;

const podText = (names: RoleNames, pod: KubeObject): string => {
  const { uid, labels = {}, annotations = {} } = pod.metadata;
  const epoch = annotations[stampEpochAnnotation(names.feature)];
  const words = [
    isReady(pod) ? "Ready" : "not Ready",
    labels["app"] === undefined ? "outside the selector" : undefined,
    labels[names.roleLabel],
    epoch === undefined ? undefined : `stamp ${epoch}/${annotations[stampRecordAnnotation(names.feature)]}`,
  ];
  return `${uid} (${words.filter((word) => word !== undefined).join(", ")})`;
};

export const listText = (names: RoleNames, pods: readonly KubeObject[]): string =>
  pods.length === 0 ? "none" : pods.map((pod) => podText(names, pod)).join(", ");

export const leaseText = (lease: KubeObject | undefined): string => {
  if (lease === undefined) return "none";
  const annotations = lease.metadata.annotations ?? {};
  const holder = annotations[HOLDER_UID_ANNOTATION] ?? "nobody";
  return `Lease ${lease.metadata.uid}, ${holder}, epoch ${annotations[EPOCH_ANNOTATION] ?? "none"}`;
};

export const serverText = (names: RoleNames, { leases, pods, word }: Server): string => {
  const listed = listText(
    names,
    pods.filter((pod) => pod !== undefined),
  );
  const said = word === undefined ? "" : `; the application says: ${word}`;
  return `record: ${leases.map(leaseText).join("; ")}; pods: ${listed}${said}`;
};

const VERBS = { enrol: "enrols", record: "writes", fence: "fences", promote: "promotes" } as const;

export const writeText = (
  names: RoleNames,
  phase: WritingStep<Candidate>["kind"],
  { pod, annotations }: PodChange,
): string => {
  const epoch = annotations[stampEpochAnnotation(names.feature)];
  const stamp = annotations[stampRecordAnnotation(names.feature)];
  return `${VERBS[phase]} ${pod.uid}${epoch === undefined ? "" : ` (stamp ${epoch}/${stamp})`}`;
};

export const answerText = (reply: PodAnswer<Candidate> | Reread, { status }: KubeResponse): string => {
  if (reply.kind === "reread") return "conflict";
  if (reply.kind === "overtaken") return "stamped by another hand-over";
  if (reply.kind === "stop") return `refused (${status})`;
  return reply.pod === undefined ? "gone" : "ok";
};

export const recordWriteText = ({ previous, holder, epoch }: RecordChange, response: KubeResponse): string => {
  const answer = response.status < 300 ? `Lease ${objectOf(response).metadata.uid}` : "somebody was faster";
  return `${previous === undefined ? "creates" : "changes"} the record to ${holder?.uid ?? "nobody"}, epoch ${epoch}: ${answer}`;
};
