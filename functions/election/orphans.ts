/**
 * What is left of groups and records that no lock stands for any more, because their owner went or was edited without us. The
 * sweep finds it, a run of its own ends it.
 */
import { GROUP_LABEL, OWNER_ANNOTATION, enrolmentLabel } from "../kit/handover/names.ts";
import { viewRecord, type RecordView } from "../kit/handover/model.ts";
import { ownerOfText, recordSelector } from "../kit/handover/record.ts";
import type { KubeObject } from "../kit/kube/object.ts";
import { listAll } from "../kit/kube/page.ts";
import { LEASES, STATEFUL_SETS } from "../kit/kube/request.ts";
import { done, failed, type Io, type PassOutcome } from "./conclude.ts";
import { dropRecord, endOne } from "./ending.ts";
import { LOCKS, ROLES } from "./labels.ts";
import { viewLock, type LockView } from "./model.ts";

export interface GroupsSeen {
  readonly locks: readonly LockView[];
  readonly sets: readonly KubeObject[];
  /** Records of the feature. */
  readonly leases: readonly KubeObject[];
}

const nameOf = (namespace: string | undefined, name: string): string => `${namespace ?? ""}/${name}`;

/** Groups of the StatefulSets that locks name. */
const groupsOfSets = ({ locks, sets }: GroupsSeen): readonly string[] => {
  const setNames = new Set(locks.map((lock) => nameOf(lock.namespace, lock.statefulSetName)));
  return sets
    .filter(({ metadata }) => setNames.has(nameOf(metadata.namespace, metadata.name)))
    .map(({ metadata }) => metadata.uid);
};

/** Groups of the records that locks keep. */
const groupsOfRecords = ({ locks, leases }: GroupsSeen): readonly string[] => {
  const records = new Set(locks.map((lock) => `${nameOf(lock.namespace, lock.leaseName)}/${lock.uid}`));
  return leases
    .filter(({ metadata }) => {
      const owner = ownerOfText(metadata.annotations?.[OWNER_ANNOTATION]);
      return records.has(`${nameOf(metadata.namespace, metadata.name)}/${owner?.uid ?? ""}`);
    })
    .map(({ metadata }) => metadata.labels?.[GROUP_LABEL] ?? "");
};

/**
 * Groups that a lock stands for: that of the StatefulSet which it names, and that of the record which it keeps. The latter
 * outlives its StatefulSet: pods that were orphaned on purpose keep their writer until the set is made anew.
 */
const servedGroups = (seen: GroupsSeen): readonly string[] => [...groupsOfSets(seen), ...groupsOfRecords(seen)];

export interface OrphanedGroup {
  readonly namespace: string;
  readonly group: string;
}

/** Groups with a record or enrolled pods that no lock stands for. */
export const orphanedGroups = (
  seen: GroupsSeen & { readonly pods: readonly KubeObject[] },
): readonly OrphanedGroup[] => {
  const served = new Set(servedGroups(seen));
  const found = new Map<string, OrphanedGroup>();
  const note = ({ metadata }: KubeObject, label: string): void => {
    const group = metadata.labels?.[label];
    if (group !== undefined && !served.has(group)) found.set(group, { namespace: metadata.namespace ?? "", group });
  };
  for (const lease of seen.leases) note(lease, GROUP_LABEL);
  for (const pod of seen.pods) note(pod, enrolmentLabel(ROLES.feature));
  return [...found.values()];
};

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

export const staleRecords = (seen: GroupsSeen): readonly OrphanedGroup[] =>
  staleLeases(seen).map(({ metadata }) => ({
    namespace: metadata.namespace ?? "",
    group: metadata.labels?.[GROUP_LABEL] ?? "",
  }));

/** A lock that only exists so far as its remains do: what an orphaned group is ended in the name of. */
const remains = (namespace: string, record: RecordView | undefined): LockView =>
  viewLock(
    {
      metadata: { name: "", namespace, uid: "", resourceVersion: "" },
      spec: { leaseName: record?.name ?? "", leaseDurationSeconds: record?.leaseDurationSeconds ?? 1 },
    },
    0,
  );

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

/** Deletes the records of a served group that no lock names; the group itself is not touched. */
const dropStale = async (io: Io, seen: GroupsSeen): Promise<PassOutcome> => {
  const stale = io.context.mode === "observe" ? [] : staleLeases(seen);
  const outcomes = await Promise.all(
    stale.map((lease) => dropRecord(io, viewRecord(lease, io.context.clock.serverNow()))),
  );
  return outcomes.find((outcome) => outcome !== undefined) ?? done("GroupServed");
};

/** Reason of an outcome: the group was an orphan, and is no more. */
export const ORPHAN_ENDED = "OrphanEnded";

const endUnlessServed = async (
  io: Io,
  orphan: OrphanedGroup,
  served: (seen: GroupsSeen) => readonly string[],
): Promise<PassOutcome> => {
  const { namespace, group } = orphan;
  const seen = await look(io, orphan);
  if ("kind" in seen) return seen;
  if (served(seen).includes(group)) return dropStale(io, seen);
  if (io.context.mode === "observe") return done("ObserveMode");
  const records = seen.leases.map((lease) => viewRecord(lease, io.context.clock.serverNow()));
  for (const record of records.length === 0 ? [undefined] : records) {
    // Two records of one group end one after the other.
    // oxlint-disable-next-line no-await-in-loop
    const stop = await endOne(io, remains(namespace, record), { group, record, set: undefined });
    if (stop !== undefined) return stop;
  }
  io.context.log.info("orphaned group ended", { namespace, group });
  return done(ORPHAN_ENDED);
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
