/**
 * Reads a lock's group: the owner, the record, and only then the pods (design section 3: members read before the record
 * are the way to two writers). What a warm instance remembers saves the dependent reads, and is verified by the same reads.
 */
import { readRecord, type RecordReading } from "../kit/handover/record.ts";
import { enrolmentLabel } from "../kit/handover/names.ts";
import { mergeByUid } from "../kit/handover/merge.ts";
import type { KubeObject } from "../kit/kube/object.ts";
import { listAll } from "../kit/kube/page.ts";
import { readOne, type Reading } from "../kit/kube/read.ts";
import { LEASES, PODS, STATEFUL_SETS, type KubeResponse, type Resource, type Transport } from "../kit/kube/request.ts";
import { selectorText } from "../kit/selector.ts";
import { LOCKS, ROLES } from "./labels.ts";
import { viewElectionPod, viewLock, viewSet, type ElectionPod, type LockView, type SetView } from "./model.ts";

/** What may be remembered of a lock between runs: names only, never members or records. */
export interface LockHint {
  readonly statefulSetName: string;
  readonly leaseName: string;
}

export interface Owner {
  readonly lock: LockView;
  readonly locks: readonly LockView[];
  readonly set: SetView | undefined;
  readonly lease: KubeObject | undefined;
  readonly reading: RecordReading;
}

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

/** Reads what the hint names at once; asked for the same name later, it gives that answer, for another it reads. */
const readAhead = (read: NamedReader, hint: LockHint | undefined): NamedReader => {
  if (hint === undefined) return read;
  const set = read(STATEFUL_SETS, hint.statefulSetName);
  const lease = read(LEASES, hint.leaseName);
  return (resource, name) => {
    if (resource === STATEFUL_SETS && name === hint.statefulSetName) return set;
    return resource === LEASES && name === hint.leaseName ? lease : read(resource, name);
  };
};

/** `value` undefined: the lock does not exist. */
export const loadOwner = async (
  send: Transport,
  key: { namespace: string; name: string },
  { hint, now }: { hint: LockHint | undefined; now: () => number },
): Promise<Loaded<Owner | undefined>> => {
  const { namespace } = key;
  const named = readAhead((resource, name) => readNamed(send, resource, { namespace, name }), hint);
  const listing = await listAll(send, LOCKS, { namespace });
  if (!listing.ok) return { ok: false, response: listing.response, doing: "list StatefulSetLocks" };
  const locks = listing.items.map((item) => viewLock(item, now()));
  const lock = locks.find(({ name }) => name === key.name);
  if (lock === undefined) return { ok: true, value: undefined };
  const [set, lease] = await Promise.all([named(STATEFUL_SETS, lock.statefulSetName), named(LEASES, lock.leaseName)]);
  if (!set.ok) return { ok: false, response: set.response, doing: `get StatefulSet ${lock.statefulSetName}` };
  if (!lease.ok) return { ok: false, response: lease.response, doing: `get Lease ${lock.leaseName}` };
  const isMemberName = memberNamePattern(lock.statefulSetName);
  const reading = readRecord(lease.object, { feature: ROLES.feature, now: now(), isMemberName });
  const view = set.object === undefined ? undefined : viewSet(set.object);
  return { ok: true, value: { lock, locks, set: view, lease: lease.object, reading } };
};

/** The pods of a group: members by the set's selector, and enrolled pods by our label, merged. */
export const loadPods = async (
  send: Transport,
  { namespace, group, set, now }: { namespace: string; group: string; set: SetView | undefined; now: number },
): Promise<Loaded<readonly ElectionPod[]>> => {
  const [enrolled, selected] = await Promise.all([
    listAll(send, PODS, { namespace, labelSelector: `${enrolmentLabel(ROLES.feature)}=${group}` }),
    set === undefined ? undefined : listAll(send, PODS, { namespace, labelSelector: selectorText(set.selector) }),
  ]);
  if (!enrolled.ok) return { ok: false, response: enrolled.response, doing: "list enrolled pods" };
  if (selected !== undefined && !selected.ok) return { ok: false, response: selected.response, doing: "list members" };
  const pods = mergeByUid(enrolled.items, selected?.items ?? []).map((pod) => viewElectionPod(pod, set, now));
  return { ok: true, value: pods.filter((pod) => pod.member || pod.group === group) };
};
