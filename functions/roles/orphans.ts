/** Which groups no checker stands for any more, because it went or was edited without us, and what ends them. */
import type { Io } from "../kit/context.ts";
import { endRemains, type OrphanedGroup } from "../kit/group/orphans.ts";
import { GROUP_LABEL } from "../kit/handover/names.ts";
import { recordSelector } from "../kit/handover/record.ts";
import { keyText } from "../kit/keys.ts";
import type { KubeObject } from "../kit/kube/object.ts";
import { listAll } from "../kit/kube/page.ts";
import { LEASES, STATEFUL_SETS } from "../kit/kube/request.ts";
import { done, failed, type PassOutcome } from "../kit/outcome.ts";
import type { Reach } from "./decide.ts";
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

/** Groups of the records that checkers keep. */
const groupsOfRecords = ({ checkers, leases }: GroupsSeen): readonly string[] => {
  const kept = new Set(checkers.map((one) => keyText({ namespace: one.setNamespace, name: one.leaseName })));
  return leases
    .filter(({ metadata }) => kept.has(keyText(metadata)))
    .map(({ metadata }) => metadata.labels?.[GROUP_LABEL] ?? "");
};

/**
 * Groups that a checker stands for: that of the StatefulSet which it names, and that of its record, which outlives its StatefulSet: pods
 * that were orphaned on purpose keep their leader until the set is made anew.
 */
export const servedGroups = (seen: GroupsSeen): readonly string[] => [...groupsOfSets(seen), ...groupsOfRecords(seen)];

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
  const isServed = served({ checkers: checkers.value, sets: sets.items, leases: leases.items }).includes(group);
  return isServed ? done("GroupServed") : endRemains(io, ROLES, orphan);
};

/** Ends a group that no checker stands for. */
export const endOrphan = (io: Io, orphan: OrphanedGroup, reach: Reach): Promise<PassOutcome> =>
  endUnlessServed(io, { orphan, reach }, servedGroups);

/** Ends a former group, of pods or of a checker, unless a checker names its StatefulSet; that one still keeps its record does not save it. */
export const endFormerGroup = (io: Io, orphan: OrphanedGroup, reach: Reach): Promise<PassOutcome> =>
  endUnlessServed(io, { orphan, reach }, groupsOfSets);
