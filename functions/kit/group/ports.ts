/** What a feature gives the hand-over of one of its groups, beside what every feature gives it alike. */
import type { Io } from "../context.ts";
import { parseEpoch } from "../handover/epoch.ts";
import type { HandoverPorts } from "../handover/executor.ts";
import { observeHandover } from "../handover/metrics.ts";
import type { PodView } from "../handover/model.ts";
import type { ObjectMeta } from "../kube/object.ts";
import { readOne } from "../kube/read.ts";
import type { Resource } from "../kube/request.ts";

export const portsFor = <P extends PodView>(
  { context, send }: Io,
  group: Pick<HandoverPorts<P>, "view" | "record" | "confirmOwner">,
): HandoverPorts<P> => ({
  ...group,
  send,
  clock: context.clock,
  observer: observeHandover(context.metrics, group.record.feature),
});

/**
 * The object still exists, is not being deleted, and its spec is the one that was read: an edited spec may name another record or other
 * pods, and then this pass works for a group that is no longer its. Its `status.epoch` tells of no later epoch than was seen: where record and
 * pods are gone, it is all that remembers the hand-overs since the object was read. Only for kinds whose spec has a generation.
 */
export const isUnchanged = async (
  { context, send }: Io,
  resource: Resource,
  { metadata, epochSeen }: { readonly metadata: ObjectMeta; readonly epochSeen: number },
): Promise<boolean> => {
  const reading = await readOne(send, resource, metadata.namespace ?? "", metadata.name);
  if (!reading.ok || reading.object === undefined) return false;
  const { metadata: found, status } = reading.object;
  const { epoch } = (status ?? {}) as { readonly epoch?: number };
  const isSame = found.uid === metadata.uid && found.generation === metadata.generation;
  const isCurrent = (parseEpoch(String(epoch), context.clock.serverNow()) ?? 0) <= epochSeen;
  return isSame && isCurrent && found.deletionTimestamp === undefined;
};
