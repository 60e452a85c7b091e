/** The shipped functions of route mode that the exploration drives, or what a weakened protocol has in their place. */
import type { KubeRequest } from "../../../functions/kit/kube/request.ts";
import { decide } from "../../../functions/standby/route/decide.ts";
import { plan } from "../../../functions/standby/route/plan.ts";
import type { RouteVariant } from "./variants.ts";

export interface RouteProtocol {
  readonly decide: typeof decide;
  readonly plan: typeof plan;
  readonly request: (request: KubeRequest) => KubeRequest;
}

const same = <T>(value: T): T => value;

/** `variant` undefined: the protocol as it is shipped. */
export const routeProtocolOf = (variant: RouteVariant | undefined): RouteProtocol => ({
  decide,
  plan: (variant?.plan ?? same)(plan),
  request: variant?.request ?? same,
});
