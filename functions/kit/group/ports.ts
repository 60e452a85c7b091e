/** What a feature gives the hand-over of one of its groups, beside what every feature gives it alike. */
import type { Io } from "../context.ts";
import type { HandoverPorts } from "../handover/executor.ts";
import { observeHandover } from "../handover/metrics.ts";
import type { PodView } from "../handover/model.ts";
import type { ObjectMeta } from "../kube/object.ts";
import { readOne } from "../kube/read.ts";
import type { Resource, Transport } from "../kube/request.ts";

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
 * pods, and then this pass works for a group that is no longer its. Only for kinds whose spec has a generation.
 */
export const isUnchanged = async (send: Transport, resource: Resource, metadata: ObjectMeta): Promise<boolean> => {
  const reading = await readOne(send, resource, metadata.namespace ?? "", metadata.name);
  const found = reading.ok ? reading.object?.metadata : undefined;
  const unchanged = found?.uid === metadata.uid && found.generation === metadata.generation;
  return unchanged && found.deletionTimestamp === undefined;
};
