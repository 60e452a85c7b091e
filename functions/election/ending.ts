/**
 * Ends a lock's group: when the lock is deleted, and when its group changed to that of another StatefulSet. It never hangs:
 * what is missing already counts as done.
 */
import { hasFinalizer, removeFinalizer } from "../kit/finalizers.ts";
import { endGroup, type Ending } from "../kit/handover/end.ts";
import { viewRecord, type RecordView } from "../kit/handover/model.ts";
import { recordDeletion, recordSelector } from "../kit/handover/record.ts";
import { listAll } from "../kit/kube/page.ts";
import { LEASES, STATEFUL_SETS } from "../kit/kube/request.ts";
import { classify } from "../kit/kube/status-class.ts";
import { done, failed, type Io, type PassOutcome } from "./conclude.ts";
import { servedBefore } from "./decide.ts";
import { FINALIZER, LOCKS, ROLES } from "./labels.ts";
import { loadPods, type Loaded, type Owner } from "./load.ts";
import type { LockView, SetView } from "./model.ts";
import { portsFor } from "./ports.ts";
import { announceEnd } from "./publish.ts";

const fromEnding = (ending: Ending): PassOutcome | undefined => {
  if (ending.kind === "ended") return undefined;
  return ending.kind === "refused" ? failed(ending.doing, ending.response) : ending;
};

/** The records of a group, whatever their names. */
const loadRecords = async (io: Io, namespace: string, group: string): Promise<Loaded<readonly RecordView[]>> => {
  const labelSelector = recordSelector(ROLES.feature, group);
  const listing = await listAll(io.send, LEASES, { namespace, labelSelector });
  if (!listing.ok) return { ok: false, response: listing.response, doing: "list the group's Leases" };
  return { ok: true, value: listing.items.map((lease) => viewRecord(lease, io.context.clock.serverNow())) };
};

interface OldGroup {
  readonly group: string;
  readonly record: RecordView | undefined;
  /** Members count too where the StatefulSet still exists: they may carry labels of the replaced operator. */
  readonly set: SetView | undefined;
}

/** Undefined: ended. */
export const endOne = async (
  io: Io,
  lock: LockView,
  { group, record, set }: OldGroup,
): Promise<PassOutcome | undefined> => {
  const now = io.context.clock.serverNow();
  const loaded = await loadPods(io.send, { namespace: lock.namespace, group, set, now });
  if (!loaded.ok) return failed(loaded.doing, loaded.response);
  const ports = portsFor(io, lock, { set, group });
  const about = { now, epochSeen: lock.status.epoch ?? 0 };
  const stop = fromEnding(await endGroup(ports, { names: ROLES, group, record, pods: loaded.value.pods }, about));
  // Of an orphan's owner nothing is left that an event could come from.
  if (stop === undefined && lock.uid !== "") announceEnd(io.context, lock, { group, record });
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
  const stop = heir.value ? await dropRecord(io, record) : await endOne(io, lock, { group, record, set: undefined });
  return stop ?? { kind: "restart", reason: `the old record ${record.name} is gone` };
};

/** Undefined: it is gone. */
export const dropRecord = async (io: Io, record: RecordView): Promise<PassOutcome | undefined> => {
  const response = await io.send(recordDeletion(record));
  const outcome = classify(response);
  if (outcome === "ok" || outcome === "gone") return undefined;
  return outcome === "stale"
    ? { kind: "restart", reason: `the old record ${record.name} changed` }
    : failed(`delete the old record ${record.name}`, response);
};

/**
 * Before a record is made: those of the same group under another name (an edited `spec.leaseName`) are deleted. That is
 * what a Lease deleted by hand is, so the writer stays; the stamps on the pods keep two records apart.
 */
export const dropOtherRecords = async (io: Io, lock: LockView, group: string): Promise<PassOutcome | undefined> => {
  const records = await loadRecords(io, lock.namespace, group);
  if (!records.ok) return failed(records.doing, records.response);
  const appeared = records.value.some(({ name }) => name === lock.leaseName);
  if (appeared) return { kind: "restart", reason: "the record appeared" };
  if (io.context.mode === "observe") return undefined;
  const outcomes = await Promise.all(records.value.map((record) => dropRecord(io, record)));
  // Whoever still worked under a deleted record has chosen among pods that are only seen by reading again.
  const again: PassOutcome = { kind: "restart", reason: "an old record was deleted" };
  return outcomes.find((outcome) => outcome !== undefined) ?? (outcomes.length > 0 ? again : undefined);
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
  const stop = ending === undefined ? undefined : await endOne(io, lock, ending);
  if (stop !== undefined) return stop;
  const response = await io.send(removeFinalizer(LOCKS, lock.metadata, FINALIZER));
  const outcome = classify(response);
  if (outcome === "ok" || outcome === "gone") {
    io.context.log.info("lock ended", { lock: `${lock.namespace}/${lock.name}` });
    return done("LockDeleted");
  }
  return outcome === "stale"
    ? { kind: "restart", reason: "the lock changed" }
    : failed("remove the finalizer", response);
};
