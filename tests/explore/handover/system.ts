/** The election as a system to explore: young groups and groups at rest, whatever the scope lets happen to them, S1, S3 and S4. */
import { ROLES } from "../../../functions/election/labels.ts";
import { outdated } from "../outdated.ts";
import type { System } from "../system.ts";
import { faultsOf, type Group } from "./faults.ts";
import { eventsOf } from "./instance.ts";
import { judgeWrite, oneLeader, restProblem } from "./invariants.ts";
import { IDLE, type Local } from "./local.ts";
import type { Protocol } from "./protocol.ts";
import { serverText } from "./script.ts";
import type { Server } from "./server.ts";
import { isBeyond, youngGroups } from "./starts.ts";

export const electionSystem = (protocol: Protocol, group: Group): System<Server, Local> => ({
  idle: IDLE,
  outdate: outdated,
  starts: youngGroups(group),
  events: (server, local) => eventsOf(protocol, server, local),
  faults: faultsOf,
  dues: () => [],
  judge: (before, after, by) =>
    by === "instance" ? judgeWrite(ROLES, before, after) : { server: after, breaches: oneLeader(ROLES, after) },
  restProblem: (server) => restProblem(ROLES, server),
  isBeyond,
  textOf: (server) => serverText(ROLES, server),
});
