/**
 * Reads a lock's group: the owner, the record, and only then the pods (design section 3: members read before the record
 * are the way to two writers). What a warm instance remembers saves the dependent reads, and is verified by the same reads.
 */
import { readRecord, type RecordReading } from "../kit/handover/record.ts";
import type { ObjectKey } from "../kit/keys.ts";
import type { KubeObject } from "../kit/kube/object.ts";
import { listAll } from "../kit/kube/page.ts";
import type { Loaded } from "../kit/kube/read.ts";
import { STATEFUL_SETS, type Transport } from "../kit/kube/request.ts";
import { createReader, readAhead, readLease, type Expected, type GroupReader } from "../kit/pods/ahead.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import { viewPods, type GroupPods, type PodQuery } from "../kit/pods/load.ts";
import { memberNamePattern, viewSet, type SetView } from "../kit/pods/stateful-set.ts";
import { LOCKS, ROLES } from "./labels.ts";
import { viewElectionPod, viewLock, type LockView } from "./model.ts";

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
  readonly pods: (now: number) => Promise<Loaded<GroupPods<Candidate>>>;
}

const NO_PODS: GroupPods<Candidate> = { pods: [], others: [] };

const queryOf = (namespace: string, { uid, selector }: SetView): PodQuery => ({
  namespace,
  feature: ROLES.feature,
  group: uid,
  selector,
});

const expectedOf = (namespace: string, { statefulSetName, leaseName, set }: LockHint): Expected => ({
  objects: [{ resource: STATEFUL_SETS, name: statefulSetName }],
  lease: leaseName,
  pods: set === undefined ? undefined : queryOf(namespace, set),
});

const isRecordOf = (reading: RecordReading, set: SetView | undefined): boolean =>
  reading.kind === "ours" && reading.group === set?.uid;

const podsOf =
  (reader: GroupReader, namespace: string, set: SetView | undefined): Owner["pods"] =>
  async (now) => {
    if (set === undefined) return { ok: true, value: NO_PODS };
    const lists = await reader.pods(queryOf(namespace, set));
    return viewPods(lists, set.uid, (pod) => viewElectionPod(pod, set, now));
  };

interface Context {
  readonly hint: LockHint | undefined;
  /** Milliseconds on the API server's clock. */
  readonly now: () => number;
}

/** `value` undefined: the lock does not exist. */
export const loadOwner = async (
  send: Transport,
  { namespace, name }: ObjectKey,
  { hint, now }: Context,
): Promise<Loaded<Owner | undefined>> => {
  const direct = createReader(send, namespace);
  const ahead = readAhead(direct, hint === undefined ? undefined : expectedOf(namespace, hint));
  const listing = await listAll(send, LOCKS, { namespace });
  if (!listing.ok) return { ok: false, response: listing.response, doing: "list StatefulSetLocks" };
  const locks = listing.items.map((item) => viewLock(item, now()));
  const lock = locks.find((found) => found.name === name);
  if (lock === undefined) return { ok: true, value: undefined };
  const [set, { lease, reader }] = await Promise.all([
    ahead.named(STATEFUL_SETS, lock.statefulSetName),
    readLease({ ahead, direct }, { name: lock.leaseName, epochSeen: lock.status.epoch }, now),
  ]);
  if (!set.ok) return { ok: false, response: set.response, doing: `get StatefulSet ${lock.statefulSetName}` };
  if (!lease.ok) return { ok: false, response: lease.response, doing: `get Lease ${lock.leaseName}` };
  const isMemberName = memberNamePattern(lock.statefulSetName);
  const reading = readRecord(lease.object, { feature: ROLES.feature, now: now(), isMemberName });
  const view = set.object === undefined ? undefined : viewSet(set.object);
  // Pods that were read after another Lease may have been read before the record.
  const aheadHolds = lock.leaseName === hint?.leaseName && isRecordOf(reading, view);
  const pods = podsOf(aheadHolds ? reader : direct, namespace, view);
  return { ok: true, value: { lock, locks, set: view, lease: lease.object, reading, pods } };
};
