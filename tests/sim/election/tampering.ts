/**
 * Foreign writes to what is the function's own. A doubling may then be somebody else's, so it is judged by its author; what a stranger
 * takes from the function's sight (enrolment and selector of one pod) is beyond what is promised, hence no action removes an enrolment.
 */
import { ROLES } from "../../../functions/election/labels.ts";
import {
  HOLDER_UID_ANNOTATION,
  stampEpochAnnotation,
  stampRecordAnnotation,
  tokenAnnotation,
} from "../../../functions/kit/handover/names.ts";
import { LEASES, PODS, STATEFUL_SETS } from "../../../functions/kit/kube/request.ts";
import { onAny, type Action, type Actions } from "../workload.ts";
import { all, edit } from "../hands.ts";

const label = (value: string | null): Action =>
  onAny(PODS, (world, pod) => edit(world, PODS, pod, { metadata: { labels: { [ROLES.roleLabel]: value } } }));

const STAMP_EPOCH = stampEpochAnnotation(ROLES.feature);
const NO_STAMP = { [STAMP_EPOCH]: null, [stampRecordAnnotation(ROLES.feature)]: null };
const AHEAD_MOST = 1_000;

export const TAMPERING: Actions = {
  foreignWriter: label(ROLES.leader),
  roleOff: label(null),
  foreignReader: label(ROLES.follower),
  stampOff: onAny(PODS, (world, pod) => edit(world, PODS, pod, { metadata: { annotations: NO_STAMP } })),
  stampAhead: onAny(PODS, (world, pod, random) => {
    const epoch = Number(pod.metadata.annotations?.[STAMP_EPOCH] ?? 0) + random.below(AHEAD_MOST);
    return edit(world, PODS, pod, { metadata: { annotations: { [STAMP_EPOCH]: String(epoch) } } });
  }),
  stampGarbled: onAny(PODS, (world, pod) =>
    edit(world, PODS, pod, { metadata: { annotations: { [STAMP_EPOCH]: "a while ago" } } }),
  ),
  tokenOff: onAny(PODS, (world, pod) =>
    edit(world, PODS, pod, { metadata: { annotations: { [tokenAnnotation(ROLES.feature)]: null } } }),
  ),
  leaseHolder: onAny(LEASES, (world, lease, random) => {
    const holderIdentity = random.pick(all(world, PODS))?.metadata.name ?? "";
    return edit(world, LEASES, lease, { spec: { holderIdentity } });
  }),
  leaseHolderUid: onAny(LEASES, (world, lease, random) => {
    const uid = random.pick(all(world, PODS))?.metadata.uid ?? "";
    return edit(world, LEASES, lease, { metadata: { annotations: { [HOLDER_UID_ANNOTATION]: uid } } });
  }),
  templateRole: onAny(STATEFUL_SETS, (world, set, random) => {
    const role = random.pick([ROLES.leader, ROLES.follower, null]);
    return edit(world, STATEFUL_SETS, set, {
      spec: { template: { metadata: { labels: { [ROLES.roleLabel]: role } } } },
    });
  }),
};
