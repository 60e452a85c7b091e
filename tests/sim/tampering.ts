/**
 * Foreign writes to what is the function's own. A doubling may then be somebody else's, so it is judged by its author; what a stranger
 * takes from the function's sight (enrolment and selector of one pod) is beyond what is promised, hence no action removes an enrolment.
 */
import { ROLES } from "../../functions/election/labels.ts";
import { stampEpochAnnotation, stampRecordAnnotation } from "../../functions/kit/handover/names.ts";
import { LEASES, PODS } from "../../functions/kit/kube/request.ts";
import { onAny, type Action } from "./actions.ts";
import { all, edit } from "./hands.ts";

const label = (value: string | null): Action =>
  onAny(PODS, (world, pod) => edit(world, PODS, pod, { metadata: { labels: { [ROLES.roleLabel]: value } } }));

const NO_STAMP = { [stampEpochAnnotation(ROLES.feature)]: null, [stampRecordAnnotation(ROLES.feature)]: null };

export const TAMPERING: Readonly<Record<string, Action>> = {
  foreignWriter: label(ROLES.leader),
  roleOff: label(null),
  stampOff: onAny(PODS, (world, pod) => edit(world, PODS, pod, { metadata: { annotations: NO_STAMP } })),
  leaseHolder: onAny(LEASES, (world, lease) => {
    const holderIdentity = world.random.pick(all(world, PODS))?.metadata.name ?? "";
    edit(world, LEASES, lease, { spec: { holderIdentity } });
  }),
};
