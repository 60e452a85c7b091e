/** Route mode as a system to explore: a Service that is about to be cut over, or is, whatever the scope lets happen to it; S2, S4 and G. */
import { outdated } from "../outdated.ts";
import type { System } from "../system.ts";
import { controllerTurns, createRouteServer, routeFaultsOf, type RouteGroup } from "./faults.ts";
import { ROUTE_IDLE, routeEventsOf, type RouteLocal } from "./instance.ts";
import { judgeRoute, routeRestProblem } from "./invariants.ts";
import type { RouteProtocol } from "./protocol.ts";
import { routeServerText } from "./script.ts";
import { SERVICE_UID, type RouteServer } from "./server.ts";

/** More than the faults of any scope here can make necessary. */
const EPOCH_MAX = 24;

/** Services before their cut-over that lack up to as many pods as may be created. */
const youngServices = (group: RouteGroup): readonly RouteServer[] =>
  Array.from({ length: Math.min(group.faults.create, group.pods) + 1 }, (_, count) =>
    createRouteServer(group, (slot) => slot < group.pods - count),
  );

export const routeSystem = (protocol: RouteProtocol, group: RouteGroup): System<RouteServer, RouteLocal> => ({
  idle: ROUTE_IDLE,
  // Turns are made of the versions of the Service: those are told apart by their numbers.
  outdate: (local, uid) => (uid === SERVICE_UID ? local : outdated(local, uid)),
  starts: youngServices(group),
  events: (server, local) => routeEventsOf(protocol, server, local),
  faults: routeFaultsOf,
  dues: controllerTurns,
  judge: judgeRoute,
  restProblem: routeRestProblem,
  isBeyond: ({ past }) => (past.assigned?.epoch ?? 0) > EPOCH_MAX,
  textOf: routeServerText,
});
