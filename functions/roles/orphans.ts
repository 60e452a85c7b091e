/** Which groups and records no checker stands for any more, because it went or was edited without us, and what ends them. */
import type { Io } from "../kit/context.ts";
import { endRemains, groupOfLease, type OrphanedGroup } from "../kit/group/orphans.ts";
import { dropLeases } from "../kit/group/records.ts";
import { recordSelector } from "../kit/handover/record.ts";
import { keyText } from "../kit/keys.ts";
import type { KubeObject } from "../kit/kube/object.ts";
import { listAll } from "../kit/kube/page.ts";
import { LEASES, STATEFUL_SETS } from "../kit/kube/request.ts";
import { done, failed, type PassOutcome } from "../kit/outcome.ts";
import type { Reach } from "./admit.ts";
import { ROLES } from "./labels.ts";
import { listCheckers } from "./load.ts";
import type { CheckerView } from "./model.ts";

export interface GroupsSeen {
  readonly checkers: readonly CheckerView[];
  readonly sets: readonly KubeObject[];
  /** Records of the feature. */
  readonly leases: readonly KubeObject[];
}

/** Groups of the StatefulSets that checkers name; a checker that is refused keeps what is there as it is. */
const groupsOfSets = ({ checkers, sets }: GroupsSeen): readonly string[] => {
  const named = new Set(checkers.map((one) => keyText({ namespace: one.setNamespace, name: one.statefulSetName })));
  return sets.filter(({ metadata }) => named.has(keyText(metadata))).map(({ metadata }) => metadata.uid);
};

/** The record is that of a checker: its name tells of which. */
const isKept = ({ checkers }: GroupsSeen): ((lease: KubeObject) => boolean) => {
  const kept = new Set(checkers.map((one) => keyText({ namespace: one.setNamespace, name: one.leaseName })));
  return ({ metadata }) => kept.has(keyText(metadata));
};

/** Groups of the records that checkers keep. */
const groupsOfRecords = (seen: GroupsSeen): readonly string[] =>
  seen.leases.filter(isKept(seen)).map((lease) => groupOfLease(lease).group);

/**
 * Groups that a checker stands for: that of the StatefulSet which it names, and that of its record, which outlives its StatefulSet: pods
 * that were orphaned on purpose keep their leader until the set is made anew.
 */
export const servedGroups = (seen: GroupsSeen): readonly string[] => [...groupsOfSets(seen), ...groupsOfRecords(seen)];

/**
 * Records that no checker keeps, of groups that are served all the same: a pass that was late may have made one after its checker had gone.
 * They only have to go.
 */
const staleLeases = (seen: GroupsSeen): readonly KubeObject[] => {
  const served = new Set(groupsOfSets(seen));
  const kept = isKept(seen);
  return seen.leases.filter((lease) => served.has(groupOfLease(lease).group) && !kept(lease));
};

export const staleRecords = (seen: GroupsSeen): readonly OrphanedGroup[] => staleLeases(seen).map(groupOfLease);

const endUnlessServed = async (
  io: Io,
  { orphan, reach }: { readonly orphan: OrphanedGroup; readonly reach: Reach },
  served: (seen: GroupsSeen) => readonly string[],
): Promise<PassOutcome> => {
  const { namespace, group } = orphan;
  const [checkers, sets, leases] = await Promise.all([
    listCheckers(io, namespace, reach),
    listAll(io.send, STATEFUL_SETS, { namespace }),
    listAll(io.send, LEASES, { namespace, labelSelector: recordSelector(ROLES.feature, group) }),
  ]);
  if (!checkers.ok) return failed(checkers.doing, checkers.response);
  if (!sets.ok) return failed("list StatefulSets", sets.response);
  if (!leases.ok) return failed("list the group's Leases", leases.response);
  const seen = { checkers: checkers.value, sets: sets.items, leases: leases.items };
  if (!served(seen).includes(group)) return endRemains(io, ROLES, orphan);
  return (await dropLeases(io, staleLeases(seen))) ?? done("GroupServed");
};

/** Ends a group that no checker stands for. */
export const endOrphan = (io: Io, orphan: OrphanedGroup, reach: Reach): Promise<PassOutcome> =>
  endUnlessServed(io, { orphan, reach }, servedGroups);

/** Ends a former group, of pods or of a checker, unless a checker names its StatefulSet; that one still keeps its record does not save it. */
export const endFormerGroup = (io: Io, orphan: OrphanedGroup, reach: Reach): Promise<PassOutcome> =>
  endUnlessServed(io, { orphan, reach }, groupsOfSets);
