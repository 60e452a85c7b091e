/** What a request of the function is about, as a gate sees it. */
import { ROLES } from "../../../functions/election/labels.ts";
import type { ArrivedRequest } from "../../../infra/lab/api-gate.ts";

export const onLease = ({ path }: ArrivedRequest): boolean => path.includes("/leases/");
export const onPod = ({ path }: ArrivedRequest): boolean => path.includes("/pods/");
export const promotes = (request: ArrivedRequest): boolean =>
  onPod(request) && request.body.includes(`"${ROLES.roleLabel}":"${ROLES.leader}"`);
