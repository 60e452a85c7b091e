/**
 * Before pods lose their enrolment the record is written once more, whatever it says: whoever read it before, and is about to write it for one
 * of these pods, loses. Of a pod that is not enrolled no LIST of the group tells, so the record must not come to name it.
 */
import { LEASES, objectOf, patchRequest, type KubeRequest, type Transport } from "../kube/request.ts";
import { classify } from "../kube/status-class.ts";
import type { Stop } from "./attempt.ts";
import type { RecordView } from "./model.ts";
import { RELEASED_ANNOTATION } from "./names.ts";

/** Says nothing new. The version differs from one time to the next, so it never changes nothing. */
const noticeRequest = ({ namespace, ...record }: RecordView): KubeRequest => {
  const annotations = { [RELEASED_ANNOTATION]: record.resourceVersion };
  return patchRequest(LEASES, { namespace, on: record }, { metadata: { annotations } });
};

export type Noticed = { readonly kind: "noticed"; readonly record: RecordView } | Stop;

/** `record`: as every pod that is to lose its enrolment is fenced under it. */
export const giveNotice = async (send: Transport, record: RecordView): Promise<Noticed> => {
  const response = await send(noticeRequest(record));
  const outcome = classify(response);
  if (outcome === "stale" || outcome === "gone") return { kind: "restart", reason: "the record changed" };
  if (outcome !== "ok") return { kind: "refused", doing: `write Lease ${record.name}`, response };
  return { kind: "noticed", record: { ...record, resourceVersion: objectOf(response).metadata.resourceVersion } };
};
