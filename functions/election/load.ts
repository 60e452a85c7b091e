/**
 * Reads a lock's group: the owner, the record, and only then the pods (design section 3: members read before the record
 * are the way to two writers). What a warm instance remembers saves the dependent reads, and is verified by the same reads.
 */
import { viewRecord } from "../kit/handover/model.ts";
import { readRecord, type RecordReading } from "../kit/handover/record.ts";
import { enrolmentLabel } from "../kit/handover/names.ts";
import { mergeByUid } from "../kit/handover/merge.ts";
import type { KubeObject } from "../kit/kube/object.ts";
import { listAll, type Listing } from "../kit/kube/page.ts";
import { readOne, type Reading } from "../kit/kube/read.ts";
import { LEASES, PODS, STATEFUL_SETS, type KubeResponse, type Resource, type Transport } from "../kit/kube/request.ts";
import { selectorText } from "../kit/selector.ts";
import { LOCKS, ROLES } from "./labels.ts";
import { viewElectionPod, viewLock, viewSet, type ElectionPod, type LockView, type SetView } from "./model.ts";

/** What may be remembered of a lock between runs: names, and the StatefulSet as it was seen; never members or records. */
export interface LockHint {
  readonly statefulSetName: string;
  readonly leaseName: string;
  /** The StatefulSet as it was seen: its selector never changes under one uid. */
  readonly set: SetView | undefined;
}

export interface Owner {
  readonly lock: LockView;
  readonly locks: readonly LockView[];
  readonly set: SetView | undefined;
  readonly lease: KubeObject | undefined;
  readonly reading: RecordReading;
  /**
   * The pods of the set's group, read after the record: now, or with the reads of the owner where the hint allowed it. Without a
   * record of ours they are read now, because what precedes its creation may have changed them.
   */
  readonly pods: (now: number) => Promise<Loaded<GroupPods>>;
}

export interface GroupPods {
  /** Members and enrolled pods. */
  readonly pods: readonly ElectionPod[];
  /** Groups in which pods are still enrolled that nobody owns, and that the set is about to adopt. */
  readonly formerGroups: readonly string[];
}

const NO_PODS: GroupPods = { pods: [], formerGroups: [] };

export type Loaded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly response: KubeResponse; readonly doing: string };

interface Named {
  readonly namespace: string;
  readonly name: string;
}

const MISSING: Reading = { ok: true, object: undefined };

/** An empty name cannot be read; the lock's validation reports it. */
const readNamed = (send: Transport, resource: Resource, { namespace, name }: Named): Promise<Reading> =>
  name === "" ? Promise.resolve(MISSING) : readOne(send, resource, namespace, name);

export const memberNamePattern = (statefulSetName: string): ((name: string) => boolean) => {
  const prefix = `${statefulSetName}-`;
  return (name) => name.startsWith(prefix) && /^[0-9]+$/.test(name.slice(prefix.length));
};

type NamedReader = (resource: Resource, name: string) => Promise<Reading>;
type PodReader = (set: SetView) => Promise<PodLists>;

interface Reader {
  readonly named: NamedReader;
  readonly pods: PodReader;
}

/**
 * Reads what the hint names at once, and the pods as soon as the record is there; asked for the same later, it gives those
 * answers, for anything else it reads. A consistent LIST may take tens of milliseconds: so they run beside each other.
 */
const readAhead = (read: Reader, hint: LockHint | undefined): Reader => {
  if (hint === undefined) return read;
  const set = read.named(STATEFUL_SETS, hint.statefulSetName);
  const lease = read.named(LEASES, hint.leaseName);
  const known = hint.set;
  const pods = known === undefined ? undefined : lease.then(() => read.pods(known));
  return {
    named: (resource, name) => {
      if (resource === STATEFUL_SETS && name === hint.statefulSetName) return set;
      return resource === LEASES && name === hint.leaseName ? lease : read.named(resource, name);
    },
    pods: (wanted) => (pods !== undefined && wanted.uid === known?.uid ? pods : read.pods(wanted)),
  };
};

/**
 * The record is never older than the status beside it: where the status tells of a later hand-over than the Lease that was read ahead,
 * that one is read again. Else a pass that moves nothing would write an epoch back that nothing else may remember.
 */
const readLease = async (
  readers: { readonly ahead: Reader; readonly direct: Reader },
  { leaseName, status }: LockView,
  now: () => number,
): Promise<{ readonly lease: Reading; readonly reader: Reader }> => {
  const { ahead, direct } = readers;
  const lease = await ahead.named(LEASES, leaseName);
  const epoch = lease.ok && lease.object !== undefined ? viewRecord(lease.object, now()).epoch : undefined;
  const isBehind = epoch !== undefined && epoch < (status.epoch ?? 0);
  return isBehind && ahead !== direct
    ? { lease: await direct.named(LEASES, leaseName), reader: direct }
    : { lease, reader: ahead };
};

interface Context {
  readonly hint: LockHint | undefined;
  /** Milliseconds on the API server's clock. */
  readonly now: () => number;
}

/** `value` undefined: the lock does not exist. */
export const loadOwner = async (
  send: Transport,
  key: Named,
  { hint, now }: Context,
): Promise<Loaded<Owner | undefined>> => {
  const { namespace } = key;
  const direct: Reader = {
    named: (resource, name) => readNamed(send, resource, { namespace, name }),
    pods: (set) => listPods(send, namespace, { group: set.uid, set }),
  };
  const ahead = readAhead(direct, hint);
  const listing = await listAll(send, LOCKS, { namespace });
  if (!listing.ok) return { ok: false, response: listing.response, doing: "list StatefulSetLocks" };
  const locks = listing.items.map((item) => viewLock(item, now()));
  const lock = locks.find(({ name }) => name === key.name);
  if (lock === undefined) return { ok: true, value: undefined };
  const [set, { lease, reader }] = await Promise.all([
    ahead.named(STATEFUL_SETS, lock.statefulSetName),
    readLease({ ahead, direct }, lock, now),
  ]);
  if (!set.ok) return { ok: false, response: set.response, doing: `get StatefulSet ${lock.statefulSetName}` };
  if (!lease.ok) return { ok: false, response: lease.response, doing: `get Lease ${lock.leaseName}` };
  const isMemberName = memberNamePattern(lock.statefulSetName);
  const reading = readRecord(lease.object, { feature: ROLES.feature, now: now(), isMemberName });
  const view = set.object === undefined ? undefined : viewSet(set.object);
  // Pods that were read after another Lease may have been read before the record.
  const aheadHolds = lock.leaseName === hint?.leaseName && isRecordOf(reading, view);
  const pods = podsOf(aheadHolds ? reader : direct, view);
  return { ok: true, value: { lock, locks, set: view, lease: lease.object, reading, pods } };
};

const isRecordOf = (reading: RecordReading, set: SetView | undefined): boolean =>
  reading.kind === "ours" && reading.group === set?.uid;

const podsOf =
  (reader: Reader, set: SetView | undefined): Owner["pods"] =>
  async (now) =>
    set === undefined ? { ok: true, value: NO_PODS } : viewPods(await reader.pods(set), { group: set.uid, set }, now);

interface Group {
  readonly group: string;
  /** Undefined: only enrolled pods, whoever owns them. */
  readonly set: SetView | undefined;
}

interface PodLists {
  readonly enrolled: Listing;
  readonly selected: Listing | undefined;
}

const listPods = async (send: Transport, namespace: string, { group, set }: Group): Promise<PodLists> => {
  const [enrolled, selected] = await Promise.all([
    listAll(send, PODS, { namespace, labelSelector: `${enrolmentLabel(ROLES.feature)}=${group}` }),
    set === undefined ? undefined : listAll(send, PODS, { namespace, labelSelector: selectorText(set.selector) }),
  ]);
  return { enrolled, selected };
};

/** Its selector finds the pod; the StatefulSet controller takes what has no controller and one of its names. */
const isToBeAdopted = ({ name, raw }: ElectionPod, set: SetView | undefined): boolean =>
  set !== undefined &&
  memberNamePattern(set.name)(name) &&
  !(raw.metadata.ownerReferences ?? []).some(({ controller }) => controller === true);

const viewPods = ({ enrolled, selected }: PodLists, { group, set }: Group, now: number): Loaded<GroupPods> => {
  if (!enrolled.ok) return { ok: false, response: enrolled.response, doing: "list enrolled pods" };
  if (selected !== undefined && !selected.ok) return { ok: false, response: selected.response, doing: "list members" };
  const pods = mergeByUid(enrolled.items, selected?.items ?? []).map((pod) => viewElectionPod(pod, set, now));
  const ours = pods.filter((pod) => pod.member || pod.group === group);
  const others = pods.filter((pod) => !ours.includes(pod) && isToBeAdopted(pod, set));
  return { ok: true, value: { pods: ours, formerGroups: [...new Set(others.flatMap((pod) => pod.group ?? []))] } };
};

/** The pods of a group: members by the set's selector, and enrolled pods by our label, merged. */
export const loadPods = async (
  send: Transport,
  { namespace, now, ...group }: Group & { readonly namespace: string; readonly now: number },
): Promise<Loaded<GroupPods>> => viewPods(await listPods(send, namespace, group), group, now);
