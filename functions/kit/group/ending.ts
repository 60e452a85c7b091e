/**
 * Ends a group that nobody is to serve any more: nobody leads, our labels go, our record goes. It never hangs: what is missing already
 * counts as done.
 */
import type { Io } from "../context.ts";
import { endGroup } from "../handover/end.ts";
import type { HandoverPorts } from "../handover/executor.ts";
import type { PodView, RecordView } from "../handover/model.ts";
import type { RoleNames } from "../handover/names.ts";
import { failed, type PassOutcome } from "../outcome.ts";
import { listPods, viewPods } from "../pods/load.ts";
import type { LabelSelector } from "../selector.ts";

export interface Closing<P extends PodView> {
  readonly names: RoleNames;
  /** Of the group: `ports.record` names it and its namespace. */
  readonly ports: HandoverPorts<P>;
  /** Undefined: there is none, and none is made. */
  readonly record: RecordView | undefined;
  /** Finds members too, which may carry labels of a replaced operator; undefined: enrolled pods only. */
  readonly selector: LabelSelector | undefined;
  /** Largest epoch known from elsewhere (the owner's status); 0: none. */
  readonly epochSeen: number;
}

/** Undefined: ended. */
export const closeGroup = async <P extends PodView>(
  { context, send }: Io,
  { names, ports, record, selector, epochSeen }: Closing<P>,
): Promise<PassOutcome | undefined> => {
  const now = context.clock.serverNow();
  const { feature, namespace, group } = ports.record;
  const loaded = viewPods(await listPods(send, { feature, namespace, group, selector }), group, ports.view);
  if (!loaded.ok) return failed(loaded.doing, loaded.response);
  const ending = await endGroup(ports, { names, group, record, pods: loaded.value.pods }, { now, epochSeen });
  if (ending.kind === "ended") return undefined;
  return ending.kind === "refused" ? failed(ending.doing, ending.response) : ending;
};
