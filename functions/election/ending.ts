/** Ends a lock's group: when the lock is deleted, and when its group changed to that of another StatefulSet. */
import type { Io } from "../kit/context.ts";
import { hasFinalizer } from "../kit/finalizers.ts";
import { announce } from "../kit/group/announce.ts";
import { release } from "../kit/group/claim.ts";
import { closeGroup } from "../kit/group/ending.ts";
import { dropRecord } from "../kit/group/records.ts";
import { logged } from "../kit/group/subject.ts";
import type { RecordView } from "../kit/handover/model.ts";
import { listAll } from "../kit/kube/page.ts";
import type { Loaded } from "../kit/kube/read.ts";
import { STATEFUL_SETS } from "../kit/kube/request.ts";
import { done, failed, restart, type PassOutcome } from "../kit/outcome.ts";
import type { SetView } from "../kit/pods/stateful-set.ts";
import { servedBefore } from "./decide.ts";
import { FINALIZER, ROLES } from "./labels.ts";
import type { Owner } from "./load.ts";
import { claimOf, ownerOf, type LockView } from "./model.ts";
import { lockPorts } from "./ports.ts";

interface OldGroup {
  readonly group: string;
  readonly record: RecordView | undefined;
  /** Members count too where the StatefulSet still exists: they may carry labels of the replaced operator. */
  readonly set: SetView | undefined;
}

/** Undefined: ended. Whoever led the group does not any more. */
const endOld = async (io: Io, lock: LockView, { group, record, set }: OldGroup): Promise<PassOutcome | undefined> => {
  const ports = lockPorts(io, lock, { set, group });
  const epochSeen = lock.status.epoch ?? 0;
  const stop = await closeGroup(io, { names: ROLES, ports, record, selector: set?.selector, epochSeen });
  if (stop === undefined && record?.holder !== undefined) {
    const leadership = { subject: ownerOf(lock), feature: ROLES.feature, group, record };
    announce(io.context, leadership, { kind: "lost", previous: record.holder, reason: "GroupEnded" });
  }
  return stop;
};

/** Whether another lock stands for the group: it names the StatefulSet whose uid the group is. */
const hasHeir = async (io: Io, { lock, locks }: Owner, group: string): Promise<Loaded<boolean>> => {
  const listing = await listAll(io.send, STATEFUL_SETS, { namespace: lock.namespace });
  if (!listing.ok) return { ok: false, response: listing.response, doing: "list StatefulSets" };
  const name = listing.items.find(({ metadata }) => metadata.uid === group)?.metadata.name;
  const stands = (other: LockView): boolean => other.uid !== lock.uid && other.problems.length === 0 && !other.ended;
  return { ok: true, value: locks.some((other) => stands(other) && other.statefulSetName === name) };
};

/**
 * Frees the Lease of the lock from the record of a group that it does not serve. Where another lock stands for that group only the
 * record goes, so that the group keeps its writer; otherwise the group ends. Undefined: this mode writes nothing.
 */
export const endPrevious = async (
  io: Io,
  owner: Owner,
  { group, record }: { group: string; record: RecordView },
): Promise<PassOutcome | undefined> => {
  const { lock } = owner;
  if (io.context.mode === "observe") return undefined;
  const heir = await hasHeir(io, owner, group);
  if (!heir.ok) return failed(heir.doing, heir.response);
  const stop = heir.value ? await dropRecord(io, record) : await endOld(io, lock, { group, record, set: undefined });
  return stop ?? restart(`the old record ${record.name} is gone`);
};

/** What a lock that is being deleted has to end: its record's group, or the set's pods when no record and no rival is there. */
const groupToEnd = ({ lock, locks, set, reading }: Owner): OldGroup | undefined => {
  const rival = servedBefore(lock, locks).some(({ statefulSetName }) => statefulSetName === lock.statefulSetName);
  if (reading.kind === "ours") {
    const heir = locks.some(({ uid }) => uid !== lock.uid && uid === reading.owner?.uid);
    const group = reading.group;
    return heir ? undefined : { group, record: reading.record, set: set?.uid === group ? set : undefined };
  }
  if (rival || set === undefined) return undefined;
  // Beside a foreign Lease somebody else may use the role label: only what we enrolled is ours to clean.
  return { group: set.uid, record: undefined, set: reading.kind === "foreign" ? undefined : set };
};

/** A deleted lock: nobody leads, labels go, our Lease goes, the finalizer last. */
export const endLock = async (io: Io, owner: Owner): Promise<PassOutcome> => {
  const { lock } = owner;
  if (!hasFinalizer(lock.metadata, FINALIZER) || io.context.mode === "observe") return done("LockDeleted");
  const ending = groupToEnd(owner);
  const stop = ending === undefined ? undefined : await endOld(io, lock, ending);
  if (stop !== undefined) return stop;
  const kept = await release(io, claimOf(lock));
  if (kept !== undefined) return kept;
  io.context.log.info("lock ended", logged(ownerOf(lock)));
  return done("LockDeleted");
};
