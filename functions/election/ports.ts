/** The election's side of a hand-over: how its pods are read, what its record says, whom it belongs to. */
import type { HandoverPorts } from "../kit/handover/executor.ts";
import { observeHandover } from "../kit/handover/metrics.ts";
import type { RecordOwner } from "../kit/handover/record.ts";
import { readOne } from "../kit/kube/read.ts";
import type { Io } from "./conclude.ts";
import { LOCKS, ROLES } from "./labels.ts";
import { viewElectionPod, viewLock, type ElectionPod, type LockView, type SetView } from "./model.ts";

export const ownerOf = ({ namespace, name, uid }: LockView): RecordOwner => ({ namespace, name, uid });

export const portsFor = (
  { context, send }: Io,
  lock: LockView,
  { set, group }: { set: SetView | undefined; group: string },
): HandoverPorts<ElectionPod> => ({
  send,
  clock: context.clock,
  view: (pod) => viewElectionPod(pod, set, context.clock.serverNow()),
  record: {
    name: lock.leaseName,
    namespace: lock.namespace,
    feature: ROLES.feature,
    group,
    owner: ownerOf(lock),
    leaseDurationSeconds: lock.leaseDurationSeconds,
  },
  confirmOwner: async () => {
    const reading = await readOne(send, LOCKS, lock.namespace, lock.name);
    if (!reading.ok || reading.object === undefined) return false;
    const found = viewLock(reading.object, context.clock.serverNow());
    // An edited spec may name another Lease or StatefulSet: then this pass works for a group that is no longer the lock's.
    const isSame = found.uid === lock.uid && found.metadata.generation === lock.metadata.generation;
    // Where Lease and pods are gone, the status is all that remembers the epochs of hand-overs since the lock was read.
    const isCurrent = (found.status.epoch ?? 0) <= (lock.status.epoch ?? 0);
    return isSame && isCurrent && !found.deleting;
  },
  observer: observeHandover(context.metrics, ROLES.feature),
});
