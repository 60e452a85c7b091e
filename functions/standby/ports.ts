/** Active/standby's side of a hand-over: how its pods are read, what its record says, whom it belongs to. */
import type { Io } from "../kit/context.ts";
import { portsFor } from "../kit/group/ports.ts";
import type { HandoverPorts } from "../kit/handover/executor.ts";
import type { RecordSpec } from "../kit/handover/record.ts";
import { readOne } from "../kit/kube/read.ts";
import { SERVICES } from "../kit/kube/request.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import type { Standing } from "./decide.ts";
import { ROLES } from "./labels.ts";
import { groupOfService, isOwner, leaseNameOf, viewService, viewStandbyPod } from "./model.ts";

const LEASE_SECONDS_MIN = 30;
/** A tick of period T keeps a Lease of duration D when T + 0.5 s < D/2 (design section 4). */
const TICKS_PER_LEASE = 3;

/** Nobody configures it: long enough for the installation's tick. In seconds. */
export const leaseSeconds = (tickSeconds: number): number => Math.max(LEASE_SECONDS_MIN, TICKS_PER_LEASE * tickSeconds);

export const recordSpecOf = ({ context }: Pick<Io, "context">, { group, owners }: Standing): RecordSpec => {
  const [{ namespace, name, uid }] = owners;
  return {
    name: leaseNameOf(group),
    namespace,
    feature: ROLES.feature,
    group,
    owner: { namespace, name, uid },
    leaseDurationSeconds: leaseSeconds(context.tickSeconds),
  };
};

/** The oldest Service still stands for the group: Services have no generation that would tell. */
const isStillOwned = async ({ send }: Io, { group, owners }: Standing): Promise<boolean> => {
  const [{ namespace, name, uid }] = owners;
  const reading = await readOne(send, SERVICES, namespace, name);
  if (!reading.ok || reading.object === undefined) return false;
  const service = viewService(reading.object);
  return service.uid === uid && isOwner(service) && groupOfService(service) === group;
};

export const standbyPorts = (io: Io, standing: Standing): HandoverPorts<Candidate> => {
  return portsFor(io, {
    view: (pod) => viewStandbyPod(pod, standing, io.context.clock.serverNow()),
    record: recordSpecOf(io, standing),
    confirmOwner: () => isStillOwned(io, standing),
  });
};
