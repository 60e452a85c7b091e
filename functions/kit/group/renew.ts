/** Renewals: each as soon as it is due, and only of a record whose holder is healthy, which the caller knows. */
import type { Io } from "../context.ts";
import type { RecordView } from "../handover/model.ts";
import { isInherited, isRenewalDue, renewalRequest, type RecordSpec } from "../handover/record.ts";
import type { KubeObject } from "../kube/object.ts";
import { classify } from "../kube/status-class.ts";

/** A record, and what its Lease should say of owner and duration. */
export interface Renewal extends Pick<RecordSpec, "owner" | "leaseDurationSeconds"> {
  readonly record: RecordView;
}

/** "refused" says that the record changed; "kept" that a server in trouble did not take it. */
export const renew = async (
  { context, send }: Io,
  { record, ...about }: Renewal,
): Promise<"written" | "refused" | "kept"> => {
  const outcome = classify(await send(renewalRequest(record, about, context.clock.serverNow())));
  if (outcome === "ok") return "written";
  return outcome === "wait" ? "kept" : "refused";
};

/**
 * At the end of a pass; `lease` is the record as the pass has read it: one that names another owner, and was not written since, is written
 * now. A refusal is no trouble: whoever was faster has renewed it, or changed it in a way that brings an event or is found by the next sweep.
 */
export const renewIfDue = async (io: Io, renewal: Renewal, lease: KubeObject | undefined): Promise<boolean> => {
  const { record, owner, leaseDurationSeconds } = renewal;
  const isUnwritten = lease?.metadata.resourceVersion === record.resourceVersion;
  const isDue = isRenewalDue(record, leaseDurationSeconds, io.context.clock.serverNow());
  if (!isDue && !(isUnwritten && isInherited(lease, owner))) return false;
  return (await renew(io, renewal)) === "written";
};
