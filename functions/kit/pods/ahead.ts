/**
 * Reads of one run, and how a warm instance saves the dependent ones: what it remembers is read at once, the pods as soon as the
 * record is there, and whoever asks for the same later gets those answers. A consistent LIST may take tens of milliseconds: so they
 * run beside each other. What was remembered wrongly is simply read again.
 */
import { viewRecord } from "../handover/model.ts";
import { readOne, type Reading } from "../kube/read.ts";
import { LEASES, type Resource, type Transport } from "../kube/request.ts";
import { listPods, type PodLists, type PodQuery } from "./load.ts";

export interface GroupReader {
  /** An object of the group's namespace. An empty name is that of none, and cannot be read. */
  named(resource: Resource, name: string): Promise<Reading>;
  pods(query: PodQuery): Promise<PodLists>;
}

/** What will probably be asked for. */
export interface Expected {
  readonly objects: readonly { readonly resource: Resource; readonly name: string }[];
  /** Name of the record: the pods are read after it. */
  readonly lease: string;
  readonly pods: PodQuery | undefined;
}

const MISSING: Reading = { ok: true, object: undefined };

export const createReader = (send: Transport, namespace: string): GroupReader => ({
  named: (resource, name) => (name === "" ? Promise.resolve(MISSING) : readOne(send, resource, namespace, name)),
  pods: (query) => listPods(send, query),
});

/** `expected` undefined: everything is read when it is asked for. */
export const readAhead = (reader: GroupReader, expected: Expected | undefined): GroupReader => {
  if (expected === undefined) return reader;
  const objects = expected.objects.map(({ resource, name }) => ({
    resource,
    name,
    reading: reader.named(resource, name),
  }));
  const lease = reader.named(LEASES, expected.lease);
  const query = expected.pods;
  const pods = query === undefined ? undefined : lease.then(() => reader.pods(query));
  const known = [...objects, { resource: LEASES, name: expected.lease, reading: lease }];
  return {
    named: (resource, name) =>
      known.find((object) => object.resource === resource && object.name === name)?.reading ??
      reader.named(resource, name),
    // One group has one selector: it is in the group's identity, or never changes under its uid.
    pods: (wanted) => (pods !== undefined && wanted.group === query?.group ? pods : reader.pods(wanted)),
  };
};

/**
 * The record's Lease, and whose pods are read after it. It is never older than the status beside it: where that tells of a later epoch than a
 * Lease that was read ahead, the Lease is read again. Else a pass that moves nothing would write an epoch back that nothing else may remember.
 */
export const readLease = async (
  { ahead, direct }: { readonly ahead: GroupReader; readonly direct: GroupReader },
  { name, epochSeen }: { readonly name: string; readonly epochSeen: number | undefined },
  now: () => number,
): Promise<{ readonly lease: Reading; readonly reader: GroupReader }> => {
  const lease = await ahead.named(LEASES, name);
  const epoch = lease.ok && lease.object !== undefined ? viewRecord(lease.object, now()).epoch : undefined;
  const isBehind = epoch !== undefined && epoch < (epochSeen ?? 0);
  return isBehind && ahead !== direct
    ? { lease: await direct.named(LEASES, name), reader: direct }
    : { lease, reader: ahead };
};
