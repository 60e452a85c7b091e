/**
 * The keys under which active/standby is run: `<namespace>/<group>` for the Services of one selector; a Service by its name where route mode
 * serves it, or where it is only to be looked at.
 */
import { keyText, type ObjectKey } from "../kit/keys.ts";
import type { Standing } from "./decide.ts";
import { groupOf, groupOfService, isFormer, isOwner, type ServiceView } from "./model.ts";

export const ROUTE_PREFIX = "route:";
/** A Service that cannot be served is told why; one of which only the name is known is looked up. */
export const SERVICE_PREFIX = "service:";

export const groupKey = ({ group, owners: [{ namespace }] }: Standing): string => keyText({ namespace, name: group });

export const routeKey = (service: ObjectKey): string => `${ROUTE_PREFIX}${keyText(service)}`;

export const serviceKey = (service: ObjectKey): string => `${SERVICE_PREFIX}${keyText(service)}`;

export const isOfRouteMode = ({ mode, isRouted }: ServiceView): boolean => mode === "route" || isRouted;

/** What is to run because of the Service as it is. */
export const keysOfService = (service: ServiceView): readonly string[] => {
  const { namespace, kept } = service;
  const groups = [
    ...(isOwner(service) || isFormer(service) ? [groupOfService(service)] : []),
    // An owner whose selector was edited: it has left a group, too.
    ...(kept === undefined ? [] : [groupOf(kept)]),
  ];
  const keys = [...new Set(groups)].map((group) => keyText({ namespace, name: group }));
  return isOfRouteMode(service) ? [...keys, routeKey(service)] : keys;
};
