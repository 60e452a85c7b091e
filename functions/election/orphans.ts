/**
 * Which groups and records no lock stands for any more, because it went or was edited without us. The sweep finds them, a run of its
 * own ends them.
 */
import type { Io } from "../kit/context.ts";
import { endRemains, groupOfLease, type OrphanedGroup } from "../kit/group/orphans.ts";
import { dropLeases } from "../kit/group/records.ts";
import { GROUP_LABEL, OWNER_ANNOTATION } from "../kit/handover/names.ts";
import { ownerOfText, recordSelector } from "../kit/handover/record.ts";
import { keyText } from "../kit/keys.ts";
import type { KubeObject } from "../kit/kube/object.ts";
import { listAll } from "../kit/kube/page.ts";
import { LEASES, STATEFUL_SETS } from "../kit/kube/request.ts";
import { done, failed, type PassOutcome } from "../kit/outcome.ts";
import { LOCKS, ROLES } from "./labels.ts";
import { viewLock, type LockView } from "./model.ts";

export interface GroupsSeen {
  readonly locks: readonly LockView[];
  readonly sets: readonly KubeObject[];
  /** Records of the feature. */
  readonly leases: readonly KubeObject[];
}

/** Groups of the StatefulSets that locks name. */
const groupsOfSets = ({ locks, sets }: GroupsSeen): readonly string[] => {
  const setNames = new Set(locks.map(({ namespace, statefulSetName: name }) => keyText({ namespace, name })));
  return sets.filter(({ metadata }) => setNames.has(keyText(metadata))).map(({ metadata }) => metadata.uid);
};

/** Groups of the records that locks keep. */
const groupsOfRecords = ({ locks, leases }: GroupsSeen): readonly string[] => {
  const records = new Set(locks.map(({ namespace, leaseName, uid }) => `${namespace}/${leaseName}/${uid}`));
  return leases
    .filter(({ metadata }) => {
      const owner = ownerOfText(metadata.annotations?.[OWNER_ANNOTATION]);
      return records.has(`${keyText(metadata)}/${owner?.uid ?? ""}`);
    })
    .map(({ metadata }) => metadata.labels?.[GROUP_LABEL] ?? "");
};

/**
 * Groups that a lock stands for: that of the StatefulSet which it names, and that of the record which it keeps. The latter
 * outlives its StatefulSet: pods that were orphaned on purpose keep their writer until the set is made anew.
 */
export const servedGroups = (seen: GroupsSeen): readonly string[] => [...groupsOfSets(seen), ...groupsOfRecords(seen)];

/**
 * Records that their lock does not name any more, of groups that are served all the same: a pass that had read an older spec may
 * have made one after the edit. They only have to go.
 */
const staleLeases = (seen: GroupsSeen): readonly KubeObject[] => {
  const served = new Set(groupsOfSets(seen));
  const namesByOwner = new Map(seen.locks.map(({ uid, leaseName }) => [uid, leaseName]));
  return seen.leases.filter(({ metadata }) => {
    const owner = ownerOfText(metadata.annotations?.[OWNER_ANNOTATION]);
    const name = namesByOwner.get(owner?.uid ?? "");
    return served.has(metadata.labels?.[GROUP_LABEL] ?? "") && name !== undefined && name !== metadata.name;
  });
};

export const staleRecords = (seen: GroupsSeen): readonly OrphanedGroup[] => staleLeases(seen).map(groupOfLease);

/** What there is now, by consistent reads: the sweep saw it a while ago. */
const look = async (io: Io, { namespace, group }: OrphanedGroup): Promise<GroupsSeen | PassOutcome> => {
  const labelSelector = recordSelector(ROLES.feature, group);
  const [locks, sets, leases] = await Promise.all([
    listAll(io.send, LOCKS, { namespace }),
    listAll(io.send, STATEFUL_SETS, { namespace }),
    listAll(io.send, LEASES, { namespace, labelSelector }),
  ]);
  if (!locks.ok) return failed("list StatefulSetLocks", locks.response);
  if (!sets.ok) return failed("list StatefulSets", sets.response);
  if (!leases.ok) return failed("list the group's Leases", leases.response);
  const views = locks.items.map((lock) => viewLock(lock, io.context.clock.serverNow()));
  return { locks: views, sets: sets.items, leases: leases.items };
};

const endUnlessServed = async (
  io: Io,
  orphan: OrphanedGroup,
  served: (seen: GroupsSeen) => readonly string[],
): Promise<PassOutcome> => {
  const seen = await look(io, orphan);
  if ("kind" in seen) return seen;
  if (!served(seen).includes(orphan.group)) return endRemains(io, ROLES, orphan);
  return (await dropLeases(io, staleLeases(seen))) ?? done("GroupServed");
};

/** Ends a group that no lock stands for. */
export const endOrphan = (io: Io, orphan: OrphanedGroup): Promise<PassOutcome> =>
  endUnlessServed(io, orphan, servedGroups);

/**
 * Ends the former group of pods that another StatefulSet is about to adopt, unless a lock names its own. That another lock still keeps
 * its record does not save it: its writer would lead beside the new one.
 */
export const endFormerGroup = (io: Io, orphan: OrphanedGroup): Promise<PassOutcome> =>
  endUnlessServed(io, orphan, groupsOfSets);
