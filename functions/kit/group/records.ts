/** The records of a group, whatever their names; and their end, where only they have to go. */
import type { Io } from "../context.ts";
import { viewRecord, type RecordView } from "../handover/model.ts";
import { recordDeletion, recordSelector, type RecordSpec } from "../handover/record.ts";
import type { KubeObject } from "../kube/object.ts";
import { listAll } from "../kube/page.ts";
import type { Loaded } from "../kube/read.ts";
import { LEASES } from "../kube/request.ts";
import { classify } from "../kube/status-class.ts";
import { failed, restart, type PassOutcome } from "../outcome.ts";

export type RecordGroup = Pick<RecordSpec, "feature" | "namespace" | "group">;

export const loadRecords = async (
  { context, send }: Io,
  { feature, namespace, group }: RecordGroup,
): Promise<Loaded<readonly RecordView[]>> => {
  const listing = await listAll(send, LEASES, { namespace, labelSelector: recordSelector(feature, group) });
  if (!listing.ok) return { ok: false, response: listing.response, doing: "list the group's Leases" };
  return { ok: true, value: listing.items.map((lease) => viewRecord(lease, context.clock.serverNow())) };
};

/** Undefined: it is gone. */
export const dropRecord = async ({ send }: Io, record: RecordView): Promise<PassOutcome | undefined> => {
  const response = await send(recordDeletion(record));
  const outcome = classify(response);
  if (outcome === "ok" || outcome === "gone") return undefined;
  return outcome === "stale"
    ? restart(`the old record ${record.name} changed`)
    : failed(`delete the old record ${record.name}`, response);
};

/** Deletes Leases that nobody keeps, of a group that is served all the same; the group itself is not touched. Undefined: they are gone. */
export const dropLeases = async (io: Io, leases: readonly KubeObject[]): Promise<PassOutcome | undefined> => {
  if (io.context.mode === "observe") return undefined;
  const now = io.context.clock.serverNow();
  const outcomes = await Promise.all(leases.map((lease) => dropRecord(io, viewRecord(lease, now))));
  return outcomes.find((outcome) => outcome !== undefined);
};

/**
 * Before a record is made: those of the same group under another name (its owner was edited, or is another one) are deleted. That is
 * what a Lease deleted by hand is, so the leader stays; the stamps on the pods keep two records apart. Undefined: there is none.
 */
export const dropOtherRecords = async (
  io: Io,
  record: RecordGroup & Pick<RecordSpec, "name">,
): Promise<PassOutcome | undefined> => {
  const records = await loadRecords(io, record);
  if (!records.ok) return failed(records.doing, records.response);
  const appeared = records.value.some(({ name }) => name === record.name);
  if (appeared) return restart("the record appeared");
  if (io.context.mode === "observe") return undefined;
  const outcomes = await Promise.all(records.value.map((other) => dropRecord(io, other)));
  // Whoever still worked under a deleted record has chosen among pods that are only seen by reading again.
  const again = restart("an old record was deleted");
  return outcomes.find((outcome) => outcome !== undefined) ?? (outcomes.length > 0 ? again : undefined);
};
