/** The election's side of a hand-over: how its pods are read, what its record says, whom it belongs to. */
import type { Io } from "../kit/context.ts";
import { isUnchanged, portsFor } from "../kit/group/ports.ts";
import type { HandoverPorts } from "../kit/handover/executor.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import type { SetView } from "../kit/pods/stateful-set.ts";
import { LOCKS, ROLES } from "./labels.ts";
import { ownerOf, viewElectionPod, type LockView } from "./model.ts";

export const lockPorts = (
  io: Io,
  lock: LockView,
  { set, group }: { set: SetView | undefined; group: string },
): HandoverPorts<Candidate> =>
  portsFor(io, {
    view: (pod) => viewElectionPod(pod, set, io.context.clock.serverNow()),
    record: {
      name: lock.leaseName,
      namespace: lock.namespace,
      feature: ROLES.feature,
      group,
      owner: ownerOf(lock),
      leaseDurationSeconds: lock.leaseDurationSeconds,
    },
    confirmOwner: () => isUnchanged(io, LOCKS, { metadata: lock.metadata, epochSeen: lock.status.epoch ?? 0 }),
  });
