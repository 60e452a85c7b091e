/** The checker's side of a hand-over: how its pods are read, what its record says, whom it belongs to. */
import { isUnchanged, portsFor } from "../kit/group/ports.ts";
import type { Io } from "../kit/context.ts";
import type { HandoverPorts } from "../kit/handover/executor.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import type { SetView } from "../kit/pods/stateful-set.ts";
import { CHECKERS, ROLES } from "./labels.ts";
import { leaseSecondsFor, ownerOf, viewRolesPod, type CheckerView } from "./model.ts";

export const checkerPorts = (
  io: Io,
  checker: CheckerView,
  { set, group }: { readonly set: SetView | undefined; readonly group: string },
): HandoverPorts<Candidate> =>
  portsFor(io, {
    view: (pod) => viewRolesPod(pod, set, io.context.clock.serverNow()),
    record: {
      name: checker.leaseName,
      namespace: checker.setNamespace,
      feature: ROLES.feature,
      group,
      owner: ownerOf(checker),
      leaseDurationSeconds: leaseSecondsFor(io.context.tickSeconds),
    },
    confirmOwner: () => isUnchanged(io, CHECKERS, { metadata: checker.metadata, epochSeen: checker.status.epoch ?? 0 }),
  });
